"""Sums of what was sold (DESIGN 13): with what is not folded yet they are the plain sum of all sales.

What a register's mark says is folded must be in the sums, once, and nothing else: then what lies beyond
the marks makes them whole. Each rule is one statement that goes through all sales once.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from archive.verify.rules import Look, Rule, rule
from reports.models import (
    PARTS,
    DaySum,
    Mark,
    ProductDaySum,
    ProductMonthSum,
    ProductYearSum,
)
from tenants.context import require_id

AREA = "reports"
REBUILD = "manage.py fold_reports --business {slug} --rebuild"

# The first day of the month or the year that something begins in.
_BEGIN = {
    "postgresql": {
        ProductMonthSum: "date_trunc('month', begins::timestamp)::date",
        ProductYearSum: "date_trunc('year', begins::timestamp)::date",
    },
    "sqlite": {
        ProductMonthSum: "strftime('%%Y-%%m-01', begins)",
        ProductYearSum: "strftime('%%Y-01-01', begins)",
    },
}
_FOLDED = """sales_sale s JOIN reports_mark m
  ON m.business_id = s.business_id AND m.register_id = s.register_id AND m.upto >= s.chain_index"""
_DOCUMENTS = f"""
SELECT s.business_date, s.location_id, 1 AS documents, s.total,
       CASE WHEN s.kind = 'sale' THEN 1 ELSE 0 END AS sales,
       CASE WHEN s.kind = 'void' THEN 1 ELSE 0 END AS voids,
       CASE WHEN s.kind = 'refund' THEN 1 ELSE 0 END AS refunds,
       CASE WHEN s.kind = 'exchange' THEN 1 ELSE 0 END AS exchanges
FROM {_FOLDED} WHERE s.business_id = %(business)s
"""  # noqa: S608
_LINES = f"""
SELECT s.business_date AS begins, s.location_id, l.variation_id, 1 AS lines, l.quantity, l.total AS revenue,
       l.net, l.quantity * l.unit_cost AS cost
FROM {_FOLDED} JOIN sales_saleline l ON l.business_id = s.business_id AND l.sale_id = s.id
WHERE s.business_id = %(business)s AND s.kind <> 'write_off'
"""  # noqa: S608
_SHORTER = """
SELECT {begin} AS begins, location_id, variation_id, {columns}
FROM {table} WHERE business_id = %(business)s
"""
# Rows by their keys: what they should come to (`e_…`), and what they say (`f_…`).
_COMPARED = """
WITH both_sides ({named}) AS (
    SELECT NULL, {keys}, {expected}, {nothing} FROM ({plain}) plain
    UNION ALL
    SELECT id, {keys}, {nothing}, {found} FROM {table} WHERE business_id = %(business)s
), wrong AS (
    SELECT MAX(id) AS id, {keys}, {sums} FROM both_sides GROUP BY {keys} HAVING {differs}
)
SELECT id, {keys}, {shown}, (SELECT COUNT(*) FROM wrong) FROM wrong ORDER BY {keys} LIMIT %(limit)s
"""
_DAY_COLUMNS = ("documents", "sales", "voids", "refunds", "exchanges", "total")
_LINE_COLUMNS = ("lines", "quantity", "revenue", "net", "cost")
_IN_PARTS = ("total", "quantity", "revenue", "net")
_PRODUCT_KEYS = ("begins", "location_id", "variation_id")


def _kept(column: str) -> str:
    """A sum as the amount that it stands for."""
    return f"{column} * {1 / PARTS:f}" if column in _IN_PARTS else column


def _compare(look: Look, model: Any, keys: tuple[str, ...], columns: Any, plain: str) -> None:
    """Tell the rows of this table that are not the sum of the rows of `plain` with their keys, and
    those that are missing or too many."""
    sides = [f"{side}_{name}" for side in "ef" for name in columns]
    off = [f"ROUND(SUM(e_{name}) - SUM(f_{name}), 4) <> 0" for name in columns]
    statement = _COMPARED.format(
        table=model._meta.db_table, plain=plain, keys=", ".join(keys),
        expected=", ".join(columns), found=", ".join(map(_kept, columns)),
        nothing=", ".join("0" for _name in columns), named=", ".join(("id", *keys, *sides)),
        sums=", ".join(f"ROUND(SUM({one}), 4) AS {one}" for one in sides),
        shown=", ".join(sides), differs=" OR ".join(off),
    )  # fmt: skip
    room = max(1, look.limit - len(look.outcome.findings))
    with connection.cursor() as cursor:
        cursor.execute(statement, {"business": require_id(), "limit": room})
        rows = cursor.fetchall()
    for row in rows:
        pk, key = row[0], row[1 : 1 + len(keys)]
        values = [Decimal(str(value)) for value in row[1 + len(keys) : -1]]
        named = " ".join(str(part) for part in key)
        for name, should, found in zip(
            columns, values[: len(columns)], values[len(columns) :], strict=True
        ):
            if should != found:
                look.tell(model, pk or "none", name, should, found, name=named)
                break
    if rows:
        look.outcome.count += rows[0][-1] - len(rows)


@rule(AREA, _("A day's sum in the reports is not the sum of its documents."), weight=3,
      repair=REBUILD)  # fmt: skip
def day_summaries_are_the_sum_of_their_documents(look: Look) -> None:
    """DESIGN 13: of every location and date, counts and totals of all documents up to the marks."""
    keys = ("business_date", "location_id")
    _compare(look, DaySum, keys, _DAY_COLUMNS, _DOCUMENTS)


@rule(AREA, _("A product's sum of a day in the reports is not the sum of its lines."), weight=10,
      repair=REBUILD)  # fmt: skip
def product_days_are_the_sum_of_their_lines(look: Look) -> None:
    """DESIGN 13: of every location, date and variation, all lines up to the marks that were sold."""
    _compare(look, ProductDaySum, _PRODUCT_KEYS, _LINE_COLUMNS, _LINES)


@rule(AREA, _("A product's sum of a month in the reports is not the sum of its days."), weight=2,
      repair=REBUILD)  # fmt: skip
def product_months_are_the_sum_of_their_days(look: Look) -> None:
    """DESIGN 13: whole months are read instead of their days, and must say the same."""
    _compare_with_shorter(look, ProductMonthSum, ProductDaySum)


@rule(AREA, _("A product's sum of a year in the reports is not the sum of its months."),
      repair=REBUILD)  # fmt: skip
def product_years_are_the_sum_of_their_months(look: Look) -> None:
    """DESIGN 13: whole years are read instead of their months, and must say the same."""
    _compare_with_shorter(look, ProductYearSum, ProductMonthSum)


def _compare_with_shorter(look: Look, model: Any, shorter: Any) -> None:
    plain = _SHORTER.format(
        begin=_BEGIN[connection.vendor][model],
        columns=", ".join(f"{_kept(name)} AS {name}" for name in _LINE_COLUMNS),
        table=shorter._meta.db_table,
    )
    _compare(look, model, _PRODUCT_KEYS, _LINE_COLUMNS, plain)


@rule(AREA, _("More documents of a register are in the reports than it has."), repair=REBUILD)
def marks_are_within_their_chains(look: Look) -> None:
    """DESIGN 13: a mark is a place in the register's chain, so that what comes next is read."""
    beyond = Mark.objects.filter(upto__gt=F("register__chain_length"))
    look.rows(beyond, "upto", "a place within the register's chain", name="register__name")


RULES: tuple[Rule, ...] = (
    day_summaries_are_the_sum_of_their_documents,
    product_days_are_the_sum_of_their_lines,
    product_months_are_the_sum_of_their_days,
    product_years_are_the_sum_of_their_months,
    marks_are_within_their_chains,
)
