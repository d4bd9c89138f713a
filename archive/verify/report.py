"""What a look at the books found, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Level(StrEnum):
    """A fault breaks an invariant. A warning is possible and yet hardly meant."""

    FAULT = "fault"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """A value that is not what other rows say it must be. `expected` and `found` are for people.

    `name` is what people know the row by, such as a receipt's number. `repair` is a command that
    puts it right without changing what happened; mostly there is none.
    """

    rule: str
    table: str
    id: str
    column: str
    expected: str
    found: str
    repair: str = ""
    name: str = ""

    def __str__(self) -> str:
        return (
            f"{self.rule}: {self.table} {self.row}: {self.column} is {self.found}, "
            f"expected {self.expected}"
        )

    @property
    def row(self) -> str:
        """The row's id, and its name where there is one."""
        return f"{self.id} ({self.name})" if self.name else self.id


@dataclass(slots=True)
class Outcome:
    """What one rule found: how many rows in all, and the first of them."""

    rule: str
    area: str
    level: Level
    says: str
    count: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def more(self) -> int:
        """How many were found and are not listed."""
        return self.count - len(self.findings)


@dataclass(slots=True)
class Report:
    """The outcome of every rule that was asked, for one business or (None) for the installation."""

    business: dict[str, Any] | None
    outcomes: list[Outcome]

    @property
    def faults(self) -> int:
        return sum(o.count for o in self.outcomes if o.level is Level.FAULT)

    @property
    def warnings(self) -> int:
        return sum(o.count for o in self.outcomes if o.level is Level.WARNING)

    @property
    def is_clean(self) -> bool:
        """Warnings do not spoil it."""
        return not self.faults

    @property
    def found(self) -> list[Outcome]:
        """The rules that found something, faults before warnings."""
        found = [outcome for outcome in self.outcomes if outcome.count]
        return sorted(found, key=lambda outcome: outcome.level is Level.WARNING)

    def as_json(self) -> dict[str, Any]:
        """Texts, whole numbers and lists alone."""
        return {
            "business": self.business,
            "faults": self.faults,
            "warnings": self.warnings,
            "rules": [asdict(outcome) | {"level": str(outcome.level)} for outcome in self.outcomes],
        }
