"""What an import of products would do, or did: counts of everything, and the first of each kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from archive.products.drafts import ERROR, Problem

#: So many rows of each kind stand in a report; the counts are of all.
SHOWN: Final = 100
SHOWN_PROBLEMS: Final = 500

COUNTS: Final = (
    "rows", "products", "new", "changed", "same", "wrong", "variations_new",
    "variations_changed", "barcodes", "location_prices", "stock_opened", "stock_counted",
    "stock_left", "stock_of_services", "pictures", "problems", "warnings",
)  # fmt: skip


@dataclass(slots=True)
class Report:
    """`counts` has every name in COUNTS. `new`, `changed`, `wrong` and `warnings` are JSON-able and
    hold the first of their kind, in the order of the file.

    A row of `new`: row, name, sku, variations, values. Of `changed`: row, name, sku, and changes
    as {field, variation, old, new}. Of `wrong` and `warnings`: row, column, value, reason.
    `made` names what was not here and is made: {"categories": [...], "brands": [...], ...}.
    """

    counts: Counter[str] = field(default_factory=Counter)
    new: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    wrong: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, Any]] = field(default_factory=list)
    made: dict[str, list[str]] = field(default_factory=dict)
    #: Hears of every problem, also of those that are not listed.
    listen: Callable[[Problem], None] | None = None
    #: What the file turned out to be: encoding, delimiter, columns.
    table: dict[str, Any] = field(default_factory=dict)

    @property
    def writes(self) -> bool:
        """Whether anything is new or changes."""
        return bool(
            self.counts["new"]
            or self.counts["changed"]
            or self.counts["pictures"]
            or any(self.made.values())
        )

    def tell(self, problem: Problem) -> None:
        is_error = problem.level == ERROR
        if self.listen is not None:
            self.listen(problem)
        self.counts["problems" if is_error else "warnings"] += 1
        shown = self.wrong if is_error else self.warnings
        if len(shown) < SHOWN_PROBLEMS:
            shown.append(
                {
                    "row": problem.row,
                    "column": problem.column,
                    "value": problem.value[:200],
                    "reason": str(problem.reason),
                }
            )

    def make(self, table: str, name: str) -> None:
        """Something that was not here is made."""
        self.counts[f"{table}_made"] += 1
        names = self.made.setdefault(table, [])
        if len(names) < SHOWN:
            names.append(name)

    def as_json(self) -> dict[str, Any]:
        counts = {name: self.counts[name] for name in COUNTS}
        counts |= {name: value for name, value in self.counts.items() if name not in counts}
        return {
            "counts": counts,
            "made": self.made,
            "new": self.new,
            "changed": self.changed,
            "wrong": self.wrong,
            "warnings": self.warnings,
            "table": self.table,
        }
