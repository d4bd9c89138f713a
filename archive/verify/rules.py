"""What a rule is, and how it asks: in sets, counting first and listing only what will be shown.

Each statement sees the books as they stood at one moment, and a rule compares only what one
statement read, or rows that never change. So tills may sell meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Count, DecimalField, F, FilteredRelation, Model, Q, QuerySet, Value
from django.db.models.functions import Abs, Coalesce, Round

from archive.verify.report import Finding, Level, Outcome
from tenants.context import current, require_id

AMOUNT: DecimalField[Any, Any] = DecimalField(max_digits=30, decimal_places=4)
ZERO = Value(Decimal(0), output_field=AMOUNT)
FINE: DecimalField[Any, Any] = DecimalField(max_digits=40, decimal_places=8)
ONE = Value(Decimal(1), output_field=FINE)


@dataclass(frozen=True, slots=True)
class Rule:
    """One invariant: `says` is what is wrong where it is broken, in a sentence for the owner."""

    name: str
    area: str
    says: Any
    check: Callable[[Look], None]
    level: Level = Level.FAULT
    # How long it takes beside the others, for the progress bar.
    weight: int = 1
    repair: str = ""


def rule(
    area: str, says: Any, *, level: Level = Level.FAULT, weight: int = 1, repair: str = ""
) -> Callable[[Callable[[Look], None]], Rule]:
    """Make a rule of a function that looks and tells; its name becomes the rule's."""

    def made(check: Callable[[Look], None]) -> Rule:
        return Rule(check.__name__, area, says, check, level, weight, repair)

    return made


class Look:
    """What one rule sees: counts everything that is wrong and keeps the first `limit` of it."""

    def __init__(
        self,
        asked: Rule,
        *,
        limit: int,
        step: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self.rule = asked
        self.limit = limit
        self.step = step
        self.outcome = Outcome(asked.name, asked.area, asked.level, str(asked.says))

    def tell(
        self,
        model: type[Model] | str,
        pk: Any,
        column: str,
        expected: Any,
        found: Any,
        *,
        name: str = "",
    ) -> None:
        """One value is wrong; `name` is what people know the row by."""
        self.outcome.count += 1
        if len(self.outcome.findings) >= self.limit:
            return
        table = model if isinstance(model, str) else model._meta.db_table
        repair = self.rule.repair and self.rule.repair.format(slug=current().slug)
        self.outcome.findings.append(
            Finding(
                self.rule.name, table, str(pk), column, plain(expected), plain(found), repair, name
            )
        )

    def first(self, wrong: QuerySet[Any], *columns: str) -> Sequence[Any]:
        """Count these rows; the first of them as (pk, *columns), to be told one by one.

        Counting comes first because in good books there is nothing to list, and an ordered list
        of nothing costs more than a count.
        """
        count = wrong.count()
        if not count:
            return ()
        room = max(0, self.limit - len(self.outcome.findings))
        rows = list(wrong.order_by("pk").values_list("pk", *columns)[:room])
        self.outcome.count += count - len(rows)
        return rows

    def rows(
        self, wrong: QuerySet[Any], column: str, expected: Any, *, found: str = "", name: str = ""
    ) -> None:
        """Each of these rows is wrong in `column`, whose value is told, or `found` in its place.

        `name` is the column that people know the row by.
        """
        columns = [one for one in ("" if found else column, name) if one]
        for pk, *values in self.first(wrong, *columns):
            named = str(values.pop()) if name else ""
            self.tell(wrong.model, pk, column, expected, found or values[0], name=named)

    def unequal(self, rows: QuerySet[Any], expected: Mapping[str, Any]) -> None:
        """Rows whose column is not, to four places, what its expression says. Nothing is zero."""
        rows = rows.annotate(
            **{
                f"expected_{column}": Coalesce(expression, ZERO, output_field=AMOUNT)
                for column, expression in expected.items()
            }
        ).annotate(
            # SQLite keeps decimals as floating point, and no column as zero counts as none.
            **{
                f"off_{column}": Round(
                    Coalesce(F(column), ZERO) - F(f"expected_{column}"), 4, output_field=AMOUNT
                )
                for column in expected
            }
        )
        wrong = rows.filter(reduce(or_, (~Q(**{f"off_{column}": 0}) for column in expected)))
        names = [n for c in expected for n in (f"off_{c}", f"expected_{c}", c)]
        for pk, *values in self.first(wrong, *names):
            for index, column in enumerate(expected):
                off, should, found = values[3 * index : 3 * index + 3]
                if off:
                    self.tell(rows.model, pk, column, should, found)

    def doubles(self, rows: QuerySet[Any], key: Any, column: str, *, of: Any = None) -> None:
        """Rows that share a value that must be unique; all of them are told, with the value.

        `of` counts what there may be only one of for each value.
        """
        twice = (
            rows.order_by()
            .annotate(key=key)
            .values("key")
            .annotate(n=of or Count("pk"))
            .filter(n__gt=1)
        )
        keys = [one["key"] for one in twice.order_by("key")[: self.limit]]
        if not keys:
            return
        wrong = rows.annotate(key=key)
        if len(keys) == self.limit:
            wrong = wrong.filter(key__in=twice.values("key"))
        else:
            wrong = wrong.filter(key__in=keys)
        for pk, found in self.first(wrong, column):
            self.tell(rows.model, pk, column, "a value of its own", found)


def away(
    look: Look, rows: QuerySet[Any], column: str, exact: Any, scale: Any = ONE, *, named: str = ""
) -> None:
    """Rows whose column is further from exact / scale than rounding once leads, which is half of the
    currency's smallest coin. `named` is the column to tell, where it is another.

    Multiplied out, because SQLite divides whole numbers without a rest.
    """
    half = Value(Decimal(5).scaleb(-current().digits - 1), output_field=FINE)
    off = (
        Abs(F(column) * F("scale") - F("exact"), output_field=FINE)
        - Abs(F("scale"), output_field=FINE) * half
    )
    wrong = (
        rows.annotate(exact=exact, scale=scale)
        .annotate(off=Round(off, 6, output_field=FINE))
        .filter(off__gt=0)
    )
    for pk, product, times, found in look.first(wrong, "exact", "scale", column):
        right = round(Decimal(product) / Decimal(times), 4)
        look.tell(rows.model, pk, named or column, right, found)


def with_its(rows: QuerySet[Any], relation: str, name: str = "its") -> QuerySet[Any]:
    """The rows with a relation `name` to the rows of the bound business that refer to them.

    A join by the key alone finds no index: all of them begin with the business.
    """
    own = Q(**{f"{relation}__business": require_id()})
    joined: QuerySet[Any] = rows.annotate(**{name: FilteredRelation(relation, condition=own)})
    return joined


def plain(value: Any) -> str:
    """As people read it: numbers without needless zeros, times without a loss, "none" for nothing."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == "":
        return "none"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value)
