"""Reading sums: those that are folded and, at the same moment, what was sold since.

One statement reads the marks, the sums and what lies beyond the marks, so it sees all of them as they
were at one moment: a document is in the sums or beyond a mark, never both and never neither, however
many are sold and folded meanwhile. What is beyond the marks is found by the registers' chains and not
by dates.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Any, Final

from django.db import connections, router

from reports import due
from reports.folding import LINE_SUMS, OF_LINES
from reports.models import (
    PARTS,
    DaySum,
    ProductDaySum,
    ProductMonthSum,
    ProductYearSum,
    in_parts,
)
from reports.spans import Span, spans
from sales.models import Sale
from sales.selection import Totals, keeps_sums
from tenants.context import require_id
from tenants.models import Location

#: From so many documents beyond the marks on, reading all of the range's is quicker than looking each
#: up: a business whose sales were never folded, or not for days.
FAR: Final = 20_000
_PLACES: Final = Decimal("0.0001")
_EVER: Final = 2**62

Places = Collection[uuid.UUID] | None

_PENDING = """
pending AS (
    SELECT COALESCE(SUM(r.chain_length - COALESCE(m.upto, 0)), 0) AS documents
    FROM sales_register r LEFT JOIN reports_mark m
      ON m.business_id = r.business_id AND m.register_id = r.id
    WHERE r.business_id = %(business)s
)"""
# Register by register, document by document: the planner does not know how few there are, and would
# sooner read all that was ever sold. What stands behind OFFSET it leaves as it is. CASE and not
# COALESCE, which PostgreSQL does not trust with rows that the wall has not let through yet: it would
# be no condition for the index.
_TAIL = {
    "postgresql": """
sales_register r LEFT JOIN reports_mark m
  ON m.business_id = r.business_id AND m.register_id = r.id
CROSS JOIN LATERAL (
    SELECT * FROM sales_sale WHERE business_id = r.business_id AND register_id = r.id
      AND chain_index > CASE WHEN m.upto IS NULL THEN 0 ELSE m.upto END
      AND chain_index <= r.chain_length OFFSET 0
) s""",
    # SQLite goes through crossed tables in the order in which they stand.
    "sqlite": """
sales_register r LEFT JOIN reports_mark m
  ON m.business_id = r.business_id AND m.register_id = r.id
CROSS JOIN sales_sale s ON s.business_id = r.business_id AND s.register_id = r.id
  AND s.chain_index > CASE WHEN m.upto IS NULL THEN 0 ELSE m.upto END AND s.chain_index <= r.chain_length""",
}
_LINES_OF = {
    "postgresql": """
CROSS JOIN LATERAL (
    SELECT * FROM sales_saleline WHERE business_id = s.business_id AND sale_id = s.id OFFSET 0
) l""",
    "sqlite": """
CROSS JOIN sales_saleline l ON l.business_id = s.business_id AND l.sale_id = s.id""",
}
_BEYOND = "r.business_id = %(business)s AND (SELECT documents FROM pending) <= %(far)s"

# -- days -----------------------------------------------------------------------------------------

_COUNTS = ", ".join(
    f"SUM(CASE WHEN s.kind = '{kind.value}' THEN 1 ELSE 0 END) AS {name}"
    for kind, name in (
        (Sale.Kind.SALE, "sales"),
        (Sale.Kind.VOID, "voids"),
        (Sale.Kind.REFUND, "refunds"),
        (Sale.Kind.EXCHANGE, "exchanges"),
    )
)
_OF_DAYS = "s.business_date >= %(first)s AND s.business_date <= %(last)s{places}"
_DAYS = """
WITH {pending}, parts AS (
    SELECT s.business_date, s.location_id, s.total, s.sales, s.voids, s.refunds, s.exchanges
    FROM reports_daysum s WHERE s.business_id = %(business)s AND {which}
    UNION ALL
    SELECT s.business_date, s.location_id, {total}, {counts}
    FROM {tail} WHERE {beyond} AND {which} GROUP BY s.business_date, s.location_id
), days AS (
    SELECT business_date, location_id, SUM(total) AS total, SUM(sales) AS sales,
           SUM(voids) AS voids, SUM(refunds) AS refunds, SUM(exchanges) AS exchanges
    FROM parts GROUP BY business_date, location_id
)
SELECT pending.documents, days.business_date, days.location_id, place.name, days.total, days.sales,
       days.voids, days.refunds, days.exchanges
FROM pending LEFT JOIN days ON pending.documents <= %(far)s
LEFT JOIN tenants_location place
  ON place.business_id = %(business)s AND place.id = days.location_id
"""
_TOGETHER = """
SELECT MAX(documents), SUM(total), SUM(sales), SUM(voids), SUM(refunds), SUM(exchanges)
FROM ({days}) AS found
"""
_ALL_DAYS = """
SELECT 0 AS documents, s.business_date, s.location_id, place.name, {total} AS total, {counts}
FROM sales_sale s
JOIN tenants_location place ON place.business_id = s.business_id AND place.id = s.location_id
WHERE s.business_id = %(business)s AND {which}
GROUP BY s.business_date, s.location_id, place.name
"""


@dataclass(frozen=True, slots=True)
class Day:
    """What a location sold on a business date."""

    date: date
    location: uuid.UUID
    name: str
    totals: Totals


@dataclass(frozen=True, slots=True)
class Days:
    """`pending` is how many documents of the business were not folded when this was read."""

    rows: list[Day]
    pending: int


def days(first: date, last: date, *, places: Places = None) -> Days:
    """Each day with sales from `first` to `last`, by location; `places` None is all locations.

    One statement; a second one where very much is not folded yet.
    """
    rows = _ask_of_days(_DAYS, first, last, places)
    pending = int(rows[0][0])
    if pending > FAR:
        rows = _ask_of_days(_ALL_DAYS, first, last, places)
    return Days([_day(row) for row in rows if row[1] is not None], pending)


@keeps_sums
def whole_days(first: date, last: date, places: Places = None) -> Totals:
    """What all documents from `first` to `last` come to at these locations. Statements as `days()`."""
    ((pending, *sums),) = _ask_of_days(_DAYS, first, last, places, within=_TOGETHER)
    due.note(int(pending))
    if pending > FAR:
        ((_none, *sums),) = _ask_of_days(_ALL_DAYS, first, last, places, within=_TOGETHER)
    total, *counts = sums
    return Totals() if total is None else Totals(_whole(total), *map(int, counts))


def _ask_of_days(
    statement: str, first: date, last: date, places: Places, within: str = "{days}"
) -> list[Any]:
    with _cursor() as (cursor, vendor):
        params = _params(first, last)
        parts = {"pending": _PENDING, "tail": _TAIL[vendor], "beyond": _BEYOND, "counts": _COUNTS}
        parts["total"] = in_parts("SUM(s.total)")
        which = _OF_DAYS.format(places=_only(places, params))
        cursor.execute(within.format(days=statement.format(which=which, **parts)), params)
        rows: list[Any] = cursor.fetchall()
        return rows


def _day(row: Any) -> Day:
    _pending, day, location, name, total, *counts = row
    return Day(_date(day), _uuid(location), name, Totals(_whole(total), *map(int, counts)))


# -- products -------------------------------------------------------------------------------------

_TABLES: Final = {"day": ProductDaySum, "month": ProductMonthSum, "year": ProductYearSum}
_FOLDED = """
    SELECT s.variation_id, {columns} FROM {table} s WHERE s.business_id = %(business)s
      AND s.begins >= {first} AND s.begins <= {last}{places}"""
_SOLD = """
    SELECT l.variation_id, {columns}
    FROM {source} WHERE {beyond} AND s.kind <> 'write_off' AND {which} GROUP BY l.variation_id"""
# SQLite adds up decimals in floating point.
_COST: Final = {"postgresql": "SUM(cost)", "sqlite": "ROUND(SUM(cost), 4)"}
# PostgreSQL is quickest with a table of all products, while that has room in the memory of one sum
# (8 MB). With more products it would be written to files; in their order only one is in hand. The
# planner cannot tell how many there are, so both ways stand there and one is gone.
MANY: Final = 15_000
_ADDED_UP: Final = {
    "postgresql": """
    SELECT variation_id, {added} FROM parts WHERE NOT (SELECT many FROM assortment) GROUP BY variation_id
    UNION ALL
    SELECT variation_id, {added}
    FROM (SELECT * FROM parts WHERE (SELECT many FROM assortment) ORDER BY variation_id) AS parts
    GROUP BY variation_id""",
    "sqlite": "SELECT variation_id, {added} FROM parts GROUP BY variation_id",
}
_BEST = """
WITH {pending}, assortment AS (
    SELECT EXISTS (SELECT 1 FROM inventory_variation WHERE business_id = %(business)s
                   ORDER BY id LIMIT 1 OFFSET %(many)s) AS many
), parts (variation_id, {names}) AS NOT MATERIALIZED ({parts}
), sums AS ({sums}
), best AS ({ranked}
)
SELECT pending.documents, best.ranked_by, product.id, variation.id, product.name, variation.name,
       variation.sku, {shown}
FROM pending LEFT JOIN best ON pending.documents <= %(far)s
LEFT JOIN inventory_variation variation
  ON variation.business_id = %(business)s AND variation.id = best.variation_id
LEFT JOIN inventory_product product
  ON product.business_id = %(business)s AND product.id = variation.product_id
"""
_RANKED = """
    SELECT * FROM (
        SELECT '{by}' AS ranked_by, sums.* FROM sums WHERE quantity > 0
        ORDER BY {order} DESC, variation_id LIMIT %(limit)s OFFSET %(offset)s
    ) AS by_{by}"""
#: What products are put in order by. Profit is what they came to without tax, less what they cost.
ORDERS: Final = {"revenue": "revenue", "quantity": "quantity", "profit": f"net - cost * {PARTS}"}


@dataclass(frozen=True, slots=True)
class Seller:
    """What a product came to, less what came back: `revenue` with tax and less discounts, `net`
    without tax, `cost` of what was sold, rounded once to four places; those two are None where
    `best()` was not asked for them."""

    product: uuid.UUID
    variation: uuid.UUID
    name: str
    sku: str
    quantity: Decimal
    revenue: Decimal
    net: Decimal | None = None
    cost: Decimal | None = None

    @property
    def profit(self) -> Decimal:
        assert self.net is not None and self.cost is not None, "asked for"
        return self.net - self.cost


@dataclass(frozen=True, slots=True)
class Best:
    """Products by what they were put in order by; `pending` as in `Days`."""

    by: dict[str, list[Seller]]
    pending: int


def best(
    first: date | None,
    last: date,
    *,
    by: Sequence[str],
    limit: int,
    offset: int = 0,
    places: Places = None,
    profit: bool = True,
) -> Best:
    """The products that came to most from `first` (None: ever) to `last`, in each of the orders `by`.

    What came back as often as it was sold is left out. Without `profit` their `net` and `cost` are
    not added up, a third of the work. One statement; a second one where very much is not folded yet.
    """
    begin = first or date.min
    names = ["quantity", "revenue", *(["net", "cost"] if profit else [])]
    with _cursor() as (cursor, vendor):
        params = _params(begin, last) | {"limit": limit, "offset": offset, "many": MANY}
        only = _only(places, params)
        ranked = [_RANKED.format(by=one, order=ORDERS[one]) for one in by]

        def ask(parts: Sequence[str]) -> list[Any]:
            statement = _BEST.format(
                pending=_PENDING,
                names=", ".join(names),
                shown=", ".join(f"best.{name}" for name in names),
                parts=" UNION ALL ".join(parts),
                sums=_ADDED_UP[vendor].format(added=added),
                ranked=" UNION ALL ".join(ranked),
            )
            cursor.execute(statement, params)
            found: list[Any] = cursor.fetchall()
            return found

        sums = {"cost": _COST[vendor]}
        added = ", ".join(f"{sums.get(name, f'SUM({name})')} AS {name}" for name in names)
        columns = ", ".join(LINE_SUMS[name] for name in names)
        sold = partial(_SOLD.format, columns=columns, which=_OF_DAYS.format(places=only))
        tail = sold(source=_TAIL[vendor] + _LINES_OF[vendor], beyond=_BEYOND)
        folded = [_folded(span, names, params, only) for span in spans(begin, last)]
        rows = ask([*folded, tail])
        pending = int(rows[0][0])
        if pending > FAR:
            params["far"] = _EVER
            rows = ask([sold(source=OF_LINES, beyond="s.business_id = %(business)s")])
    found: dict[str, list[Seller]] = {order: [] for order in by}
    for row in rows:
        if row[1] is not None:
            found[row[1]].append(_seller(row))
    for order, sellers in found.items():
        sellers.sort(key=lambda one: (-getattr(one, order), one.variation.hex))
    return Best(found, pending)


def _seller(row: Any) -> Seller:
    _pending, _by, product, variation, name, own_name, sku, quantity, revenue, *profit = row
    full = f"{name} – {own_name}" if own_name else name
    net, cost = (_whole(profit[0]), _rounded(profit[1])) if profit else (None, None)
    return Seller(
        _uuid(product), _uuid(variation), full, sku, _whole(quantity), _whole(revenue), net, cost
    )


def _folded(span: Span, sums: Sequence[str], params: dict[str, Any], only: str) -> str:
    """The statement for one span; its days go into `params`."""
    names = [f"{end}_{len(params)}" for end in ("first", "last")]
    params |= {names[0]: span.first.isoformat(), names[1]: span.last.isoformat()}
    return _FOLDED.format(
        table=_TABLES[span.unit]._meta.db_table,
        first=f"%({names[0]})s",
        last=f"%({names[1]})s",
        columns=", ".join(f"{span.sign}s.{name}" for name in sums),
        places=only,
    )


# -- what both share ------------------------------------------------------------------------------


@contextmanager
def _cursor() -> Iterator[tuple[Any, str]]:
    """Where the ORM would read: of the replica, within `tenants.replica.reading()`."""
    connection = connections[router.db_for_read(DaySum)]
    with connection.cursor() as cursor:
        yield cursor, connection.vendor


def _params(first: date, last: date) -> dict[str, Any]:
    return {
        "business": require_id(),
        "first": first.isoformat(),
        "last": last.isoformat(),
        "far": FAR,
    }


def _only(places: Places, params: dict[str, Any]) -> str:
    """A condition for these locations; their ids go into `params`."""
    if places is None:
        return ""
    if not places:
        return " AND 1 = 0"
    key = Location._meta.pk
    names = []
    for number, place in enumerate(sorted(places)):
        names.append(f"%(place_{number})s")
        params[f"place_{number}"] = key.get_db_prep_value(place, connections["default"])
    return f" AND s.location_id IN ({', '.join(names)})"


def _date(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


def _uuid(value: Any) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)


def _whole(parts: Any) -> Decimal:
    """What so many parts are."""
    return (Decimal(parts) / PARTS).quantize(_PLACES)


def _rounded(value: Any) -> Decimal:
    """To four places: SQLite sums up in floating point."""
    return Decimal(str(value)).quantize(_PLACES, ROUND_HALF_UP)
