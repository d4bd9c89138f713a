"""Reports over millions of lines: the dashboard's days and best sellers, beside the plain sums.

    python scripts/postgres.py --pool-size 12 run -- python -m bench.summaries [--lines 5000000]

Two years of sales on ten registers at two locations are written by SQL; then they are folded, and in
rounds, while tills sell and somebody folds, each question is asked of the summaries and of the sales
themselves, in one snapshot: every figure must be the same, to the cent and for every product. Times
are medians, and hold for this machine when it does nothing else; the CPU that PostgreSQL spent on
the sums and the ratios hold on a busy one too. Writes JSON with --out.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

import psycopg

LINES: Final = 5
REGISTERS: Final = 10
DAYS: Final = 730
CHUNK: Final = 50_000
SLUG: Final = "millions"

_ITEMS = """
CREATE TEMP TABLE item AS SELECT row_number() OVER (ORDER BY id) - 1 AS n, id, price, name, sku
FROM (SELECT v.id, v.price, p.name, v.sku FROM inventory_variation v
      JOIN inventory_product p ON p.id = v.product_id
      WHERE v.business_id = %(business)s AND v.sku LIKE 'M%%') made;
"""
# Few products sell much and many a little, as in a shop.
_CHUNK = """
WITH line AS MATERIALIZED (
    SELECT drawn.n, k, %(start)s::timestamptz + drawn.n * %(every)s::interval AS at,
           item.id AS variation, item.name,
           item.sku, item.price, 1 + (random() * 2)::int AS quantity,
           (lpad(to_hex((extract(epoch FROM %(start)s::timestamptz
                 + drawn.n * %(every)s::interval) * 1000)::bigint),
                 12, '0') || '7' || substr(md5(drawn.n::text), 1, 3) || '8'
                 || substr(md5(drawn.n::text), 4, 15)
           )::uuid AS sale
    FROM (SELECT n, k, floor(power(random(), 2) * %(products)s)::int AS chosen
          FROM generate_series(%(first)s::bigint, %(last)s) n, generate_series(1, 5) k) drawn
    JOIN item ON item.n = drawn.chosen
), priced AS (
    SELECT *, price * quantity AS total, round(price * quantity / 1.2, 2) AS net FROM line
), lines AS (
    INSERT INTO sales_saleline (business_id, sale_id, line, variation_id, name, sku, quantity,
        unit_price, unit_cost, gross, discount, sale_discount, net, tax, total, tax_name, tax_rate,
        tax_inclusive, discount_kind, is_stocked)
    SELECT %(business)s, sale, k, variation, name, sku, quantity, price, round(price / 3, 4), total,
           0, 0, net, total - net, total, 'VAT', 20, true, '', false
    FROM priced
)
INSERT INTO sales_sale (business_id, id, kind, number, counter, series, is_offline, location_id,
    register_id, shift_id, operator_id, reason, note, sold_at, business_date, created_at, currency,
    item_count, subtotal, discount, net, tax, total, rounding, discount_kind, request_hash,
    chain_index, previous_hash, content_hash)
SELECT %(business)s, sale, 'sale', 'M' || priced.n %% 10 || '-' || priced.n, priced.n / 10 + 1, '', false,
       r.location_id, r.id, r.shift_id, %(operator)s, '', '', at, at::date, at, 'EUR',
       sum(quantity), sum(total), 0, sum(net), sum(total - net), sum(total), 0, '', '',
       priced.n / 10 + 1,
       '', ''
FROM priced JOIN till r ON r.n = priced.n %% 10 GROUP BY priced.n, sale, at, r.location_id, r.id,
    r.shift_id
"""
_TILLS = """
CREATE TEMP TABLE till AS SELECT substr(r.prefix, 2)::int AS n, r.id, r.location_id, s.id AS shift_id
FROM sales_register r JOIN sales_shift s ON s.register_id = r.id
WHERE r.business_id = %(business)s AND r.prefix ~ '^M[0-9]$'
"""
_KEYS = """
SELECT conrelid::regclass, conname FROM pg_constraint
WHERE contype = 'f' AND conrelid IN ('sales_sale'::regclass, 'sales_saleline'::regclass)
"""
_PLAIN_DAYS = """
SELECT business_date, location_id, SUM(total), COUNT(*) FILTER (WHERE kind = 'sale')
FROM sales_sale WHERE business_id = %s AND business_date BETWEEN %s AND %s GROUP BY 1, 2
"""
_PLAIN_BEST = """
SELECT l.variation_id, SUM(l.quantity), SUM(l.total), SUM(l.net), SUM(l.quantity * l.unit_cost)
FROM sales_saleline l JOIN sales_sale s ON s.business_id = l.business_id AND s.id = l.sale_id
WHERE s.business_id = %s AND s.business_date BETWEEN %s AND %s AND s.kind <> 'write_off'
GROUP BY 1
"""


def make(lines: int, products: int, today: date) -> None:
    """The business with its registers, by the product; its sales by SQL, without the keys of rows,
    which no report asks."""
    from sales.models import Register, Shift
    from tenants.bulk import long_work
    from tenants.context import business
    from tests.factories import make_product, make_shop

    with long_work():
        shop = make_shop(SLUG)
    with business(shop.business), long_work():
        shop.high_street.below_zero = "allow"
        shop.high_street.save()
        for number in range(products):
            make_product(
                f"Product {number}", sku=f"M{number:05d}", price=f"{1 + number % 90}.{number % 10}9",
                tax_rate=shop.tax, unit=shop.piece,
            )  # fmt: skip
        for number in range(REGISTERS + 2):
            place = shop.market if number % 3 == 2 and number < REGISTERS else shop.high_street
            name = f"M{number}" if number < REGISTERS else f"LIVE{number}"
            register = Register.objects.create(name=name, location=place, prefix=name)
            Shift.objects.create(register=register, number=1, opened_by=shop.cashier)
        pk, operator = shop.business.pk, shop.cashier.pk
    sales = lines // LINES
    with psycopg.connect(os.environ["DIRECT_URL"], autocommit=True) as owner:
        for table, name in owner.execute(_KEYS).fetchall():
            owner.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        owner.execute("SET work_mem = '256MB'")
        values: dict[str, Any] = {
            "business": pk, "operator": operator, "products": products,
            "start": today - timedelta(days=DAYS),
            "every": timedelta(days=DAYS) / sales,
        }  # fmt: skip
        owner.execute(_ITEMS, values)
        owner.execute(_TILLS, values)
        for first in range(0, sales, CHUNK):
            values |= {"first": first, "last": min(sales, first + CHUNK) - 1}
            owner.execute(_CHUNK, values)
        owner.execute(
            "UPDATE sales_register r SET chain_length = s.n, sale_counter = s.n FROM (SELECT"
            " register_id, count(*) AS n FROM sales_sale GROUP BY 1) s WHERE s.register_id = r.id"
        )
        owner.execute("VACUUM ANALYZE")


def bound(slug: str = SLUG) -> Any:
    from tenants.context import business
    from tenants.models import Business

    return business(Business.objects.get(slug=slug))


def sell(prefix: str) -> None:
    """Sell at one register until the process is ended."""
    from types import SimpleNamespace

    from django.db import transaction

    from accounts.models import Membership, User
    from inventory.models import Variation
    from sales.models import Register
    from tenants.models import Business
    from tests.concurrency.crowd import Market

    seller = User.objects.get_by_natural_key(f"{SLUG}.cashier")
    with bound(), transaction.atomic():
        register = Register.objects.get(prefix=prefix)
        member = Membership.objects.select_related("role", "user").get(user=seller)
        goods = list(Variation.objects.filter(sku__startswith="M").order_by("sku")[:50])
    shop: Any = SimpleNamespace(business=Business.objects.get(slug=SLUG))
    market = Market(shop, member, [register])
    number = 0
    while True:
        number += 1
        chosen = [(goods[(number * 7 + at * 11) % len(goods)], 1 + at % 2) for at in range(LINES)]
        market.sell(market.request(0, *chosen))


def fold_on() -> None:
    """Fold every second until the process is ended."""
    from reports.folding import fold

    while True:
        with bound():
            fold()
        time.sleep(1)


def questions(today: date, chance: random.Random) -> dict[str, tuple[date, date, str]]:
    """Name: the first and the last day, and what is asked.

    The worst range is half a year and half a month from whole ones at both ends; the one by chance is
    another one in each round, the same ones in each run of a day.
    """
    drawn = sorted(today - timedelta(days=chance.randrange(DAYS)) for _end in range(2))
    year = today.year - 1 if (today.month, today.day) >= (6, 16) else today.year - 2
    return {
        "daily sales, 60 days": (today - timedelta(days=59), today, "days"),
        "best sellers, 30 days": (today - timedelta(days=29), today, "best"),
        "best sellers, a year": (today - timedelta(days=364), today, "best"),
        "best sellers, by chance": (drawn[0], drawn[1], "best"),
        "best sellers, worst range": (date(year, 6, 16), date(year + 1, 6, 15), "best"),
        "best sellers, all": (date.min, today, "best"),
    }


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    found = work()
    return (time.perf_counter() - begun) * 1000, found


def cpu(server: int) -> float:
    """Milliseconds of CPU of a process of this machine."""
    return int(Path(f"/proc/{server}/schedstat").read_text().split()[0]) / 1e6


@dataclass(frozen=True)
class Asked:
    """Milliseconds of the summaries, of PostgreSQL's CPU for them, and of the plain sum; `pending`
    documents were not folded."""

    took: float
    used: float
    plain: float
    pending: int


def ask(first: date, last: date, kind: str, pk: int) -> Asked:
    """Both of one snapshot. Raises AssertionError where a figure differs."""
    from django.db import connection

    from archive.exporting.snapshot import snapshot
    from reports import reading

    with snapshot(), connection.cursor() as cursor:
        (server,) = cursor.execute("SELECT pg_backend_pid()").fetchone()
        begun = cpu(server)
        if kind == "days":
            took, days = timed(lambda: reading.days(first, last))
            used = cpu(server) - begun
            cost, rows = timed(lambda: cursor.execute(_PLAIN_DAYS, [pk, first, last]).fetchall())
            said = {(d.date, d.location): (d.totals.total, d.totals.sales) for d in days.rows}
            assert said == {(row[0], row[1]): (row[2], row[3]) for row in rows}
            return Asked(took, used, cost, days.pending)
        orders = ("revenue", "quantity")
        took, best = timed(lambda: reading.best(first, last, by=orders, limit=5))
        used = cpu(server) - begun
        cost, rows = timed(lambda: cursor.execute(_PLAIN_BEST, [pk, first, last]).fetchall())
        every = reading.best(first, last, by=("revenue",), limit=10**6).by["revenue"]
        said_of = {one.variation: (one.quantity, one.revenue, one.net, one.cost) for one in every}
        plain = {row[0]: (row[1], row[2], row[3], round(row[4], 4)) for row in rows}
        assert said_of == plain
        top = sorted(plain.items(), key=lambda pair: (-pair[1][1], pair[0].hex))[:5]
        assert [one.variation for one in best.by["revenue"]] == [key for key, _sums in top]
        return Asked(took, used, cost, best.pending)


def measure(rounds: int, today: date, *, live: bool) -> dict[str, Any]:
    from tenants.models import Business

    pk = Business.objects.get(slug=SLUG).pk
    said: dict[str, list[Asked]] = {}
    chance = random.Random(1)  # noqa: S311
    me = [sys.executable, "-m", "bench.summaries"]
    helpers = [["--sell", f"LIVE{REGISTERS + n}"] for n in range(2)] + [["--fold"]]
    running = [subprocess.Popen([*me, *one]) for one in helpers] if live else []
    try:
        time.sleep(5 if live else 0)
        for _round in range(rounds):
            for name, (first, last, kind) in questions(today, chance).items():
                with bound():
                    said.setdefault(name, []).append(ask(first, last, kind, pk))
            assert all(one.poll() is None for one in running), "a till or the folder has ended"
    finally:
        for one in running:
            one.terminate()
            one.wait()
    return {
        name: {
            "summaries_ms": round(statistics.median(one.took for one in rows), 1),
            "summaries_cpu_ms": round(statistics.median(one.used for one in rows), 1),
            "plain_ms": round(statistics.median(one.plain for one in rows), 1),
            "pending_at_most": max(one.pending for one in rows),
        }
        for name, rows in said.items()
    }


def show(title: str, figures: dict[str, Any]) -> None:
    print(
        f"\n{title}\n{'':26}{'summaries':>12}{'their CPU':>12}{'plain sum':>12}{'ratio':>9}"
        f"{'not folded':>12}"
    )
    for name, one in figures.items():
        ratio = one["plain_ms"] / one["summaries_ms"]
        print(
            f"{name:26}{one['summaries_ms']:9.1f} ms{one['summaries_cpu_ms']:9.1f} ms"
            f"{one['plain_ms']:9.1f} ms{ratio:8.0f}x"
            f"{one['pending_at_most']:12}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=5_000_000)
    parser.add_argument("--products", type=int, default=5_000)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--out", type=Path, help="write the figures there, as JSON")
    parser.add_argument("--sell", metavar="PREFIX", help=argparse.SUPPRESS)
    parser.add_argument("--fold", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pos.settings")
    import django

    django.setup()
    if options.sell:
        return sell(options.sell)
    if options.fold:
        return fold_on()
    for command in ("migrate", "setup_roles"):
        subprocess.run(
            [sys.executable, "manage.py", command, *(["-v0"] if command == "migrate" else [])],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    from django.utils import timezone

    from reports.folding import fold

    today = timezone.now().date()
    took, _made = timed(lambda: make(options.lines, options.products, today))
    print(f"made {options.lines} lines in {took / 1000:.0f} s", flush=True)
    with bound():
        took, documents = timed(fold)
    with psycopg.connect(os.environ["DIRECT_URL"], autocommit=True) as owner:
        owner.execute("VACUUM ANALYZE")
        rows = owner.execute(
            "SELECT (SELECT count(*) FROM reports_productdaysum), (SELECT count(*) FROM"
            " reports_productmonthsum), (SELECT count(*) FROM reports_productyearsum)"
        ).fetchone()
    print(
        f"folded {documents} documents in {took / 1000:.1f} s: {rows} rows of days, months and years"
    )
    found = {
        "lines": options.lines, "products": options.products, "documents": documents,
        "folded_s": round(took / 1000, 1),
        "quiet": measure(options.rounds, today, live=False),
        "selling": measure(options.rounds, today, live=True),
    }  # fmt: skip
    show("Nobody sells", found["quiet"])
    show("Two tills sell, and somebody folds each second", found["selling"])
    if options.out:
        options.out.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
