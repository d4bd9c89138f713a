"""What each page of a business costs, when it has 100,000 products and has sold a million times.

    python -m bench.pages [--products 100000] [--sales 1000000] [--seconds 1.5]

Starts its own PostgreSQL and PgBouncer, fills one business, and asks as its owner for every page
that its addresses lead to, with one worker. CPU is that of the worker and of PostgreSQL, from /proc,
and holds on a busy machine too; p50 does not. Ends with status 1 where a page takes more than the
issue's 12 statements or 60 ms of the application, or is slow in the database.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.cluster import durable
from bench.counting import counted
from bench.figures import told
from bench.growth import DAYS, add_sales, fold, sell_once, signed_in
from bench.load import Line, repeated, request, run
from bench.machine import commit, described, now
from bench.product import prepare, tillbook, used_by
from bench.report import number, table
from bench.shops import (
    CUSTOMER,
    PRODUCT,
    SALE,
    SHIFT,
    VARIATION,
    Shop,
    as_superuser,
    fill,
    multiply,
    settle,
    stocked,
    uid,
)
from scripts import postgres
from scripts.cluster import Cluster
from scripts.system import ROOT, Missing, say

#: Beside BEGIN and COMMIT, and what says which business is meant.
STATEMENTS = 12
#: Milliseconds of CPU. The issue sets the application's; nobody should wait for the database longer.
APPLICATION, DATABASE = 60, 100
CUSTOMERS = 20_000
#: Every third sale is to a customer.
THIRD = 3


# -- the business ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Large:
    """A business with a row in every table, and very many in those that grow; `rows` by model are
    those that its addresses name."""

    shop: Shop
    rows: dict[type[Any], Any]

    def url(self, path: str) -> str:
        return f"/b/{self.shop.slug}/{path}"


def make_large(products: int) -> Large:
    """With the first of its products; `enlarge` does the rest."""
    from django.db import transaction

    from accounts.models import Membership
    from inventory.models import Product, Variation
    from sales.models import Customer, Register, Sale, Shift
    from tenants.context import business
    from tenants.models import Location
    from tests.isolation.furnished import furnish

    with transaction.atomic():
        furnished = furnish("large")
    one = furnished.shop
    with business(one.business), transaction.atomic():
        owner = Membership.objects.select_related("role", "user", "business").get(user=one.owner)
        shop = stocked(
            owner, one.high_street, products, 1, tax_rate=one.tax, unit=one.piece,
            category=one.category,
        )  # fmt: skip
    pk = shop.business
    grown = {
        Product: uid(PRODUCT, pk, 1), Variation: uid(VARIATION, pk, 1), Sale: uid(SALE, pk, THIRD),
        Customer: uid(CUSTOMER, pk, THIRD), Shift: uid(SHIFT, pk, 2),
        Register: shop.tills[0].register, Location: shop.location,
    }  # fmt: skip
    return Large(shop, {**furnished.rows, **grown})


def enlarge(url: str, port: int, shop: Shop, sales: int) -> None:
    fill(url, [shop])
    add_customers(url, shop)
    sell_once(port, [shop])
    buyer = f"pg_temp.uid({CUSTOMER}, s.business, 1 + s.n % {CUSTOMERS})"
    add_sales(
        url, [shop], [sales], {"customer_id": f"CASE WHEN s.n % {THIRD} = 0 THEN {buyer} END"}
    )
    fold(anew=True)
    settle(url)


def add_customers(url: str, shop: Shop) -> None:
    """Copies of one, found by the same name."""
    with as_superuser(url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE chosen ON COMMIT DROP AS SELECT id FROM sales_customer"
            " WHERE business_id = %s ORDER BY id LIMIT 1",
            (shop.business,),
        )
        copies = f"JOIN chosen ON t.{{}} = chosen.id CROSS JOIN generate_series(1, {CUSTOMERS}) n"
        key = f"pg_temp.uid({CUSTOMER}, t.business_id, n)"
        multiply(
            cursor, "sales_customernamehash", {"customer_id": key},
            f"sales_customernamehash t {copies.format('customer_id')}",
        )  # fmt: skip
        multiply(
            cursor, "sales_customer",
            {"id": key, "created_at": "t.created_at - interval '1 minute' * n"},
            f"sales_customer t {copies.format('id')}",
        )  # fmt: skip
    settle(url)


# -- measuring -------------------------------------------------------------------------------------


def addresses(large: Large, cookie: str) -> dict[str, str]:
    """The address of each page by its name: what answers with HTML."""
    from django.test import Client, override_settings

    from tests.isolation.routes import pages

    client, found = Client(headers={"cookie": cookie}), {}
    # What was counted here would be written when the database has gone.
    with override_settings(METRICS_SECONDS=0):
        for route in pages():
            path = large.url(route.path(large.rows))
            answer = client.get(path)
            if answer.status_code == 200 and answer["Content-Type"].startswith("text/html"):
                found[route.name] = path
            answer.close()
    return found


def measure(
    cluster: Cluster, served: tuple[int, int], paths: Mapping[str, str], cookie: str, seconds: float
) -> dict[str, dict[str, Any]]:
    """Of each page what `over` judges."""
    port, web = served
    used, found = used_by(cluster, web), {}
    # The first worker answers before all is loaded, and another one takes its place.
    every = [request("GET", path, [("Cookie", cookie)]) for path in paths.values()]
    run(port, [repeated(every)], 5, used)
    for name, path in paths.items():
        work = repeated([request("GET", path, [("Cookie", cookie)])])
        run(port, [work], seconds / 3, used)
        one = told([run(port, [work], seconds, used)])
        calls = counted(cluster, port, work, times=3)
        found[name] = {
            "path": path,
            "statements": calls["statements"] - calls["walls"],
            "application": one["cpu"]["application"],
            "database": one["cpu"]["database"],
            "p50": one["p50"],
            "KB": round(len(Line(port).ask(work())[1]) / 1024, 1),
        }
    return found


@contextmanager
def standing(products: int, sales: int) -> Iterator[tuple[Cluster, tuple[int, int], Large, str]]:
    """The filled business, served by one worker; the cookie is its owner's."""
    os.environ["WEB_WORKERS"] = "1"
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pages-")))
        cluster = stack.enter_context(durable())
        prepare(cluster, folder)
        large = make_large(products)
        with tillbook(cluster, folder) as (port, _web):
            say(f"Filling {products:,} products and {sales:,} sales of the last {DAYS} days")
            enlarge(cluster.superuser_url, port, large.shop, sales)
        served = stack.enter_context(tillbook(cluster, folder))
        yield cluster, served, large, signed_in(large.shop.owner)


def whole(products: int, sales: int, seconds: float) -> dict[str, Any]:
    """The whole result, as it is written down."""
    with standing(products, sales) as (cluster, served, large, cookie):
        paths = addresses(large, cookie)
        say(f"Asking for {len(paths)} pages")
        return {
            "at": now(),
            "commit": commit(),
            "machine": described(cluster.binaries),
            "products": products,
            "sales": sales,
            "pages": measure(cluster, served, paths, cookie, seconds),
        }


# -- telling ---------------------------------------------------------------------------------------


def over(page: Mapping[str, Any]) -> list[str]:
    """Which of its figures are too high."""
    bounds = {"statements": STATEMENTS, "application": APPLICATION, "database": DATABASE}
    return [name for name, bound in bounds.items() if page[name] > bound]


def text(result: Mapping[str, Any]) -> str:
    """A row for each page, the dearest first."""
    pages = sorted(
        result["pages"].items(), key=lambda one: -one[1]["application"] - one[1]["database"]
    )
    rows = [
        [
            name,
            str(one["statements"]),
            *(number(one[figure]) for figure in ("application", "database", "p50", "KB")),
            " ".join(over(one)),
        ]
        for name, one in pages
    ]
    return table(["page", "statements", "app CPU ms", "DB CPU ms", "p50 ms", "KB", "over"], rows)


def main() -> int:
    reading = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    reading.formatter_class = argparse.RawDescriptionHelpFormatter
    reading.add_argument("--products", type=int, default=100_000)
    reading.add_argument("--sales", type=int, default=1_000_000)
    reading.add_argument("--seconds", type=float, default=1.5, help="for each page")
    asked = reading.parse_args()
    postgres.stop_on_signals()
    try:
        result = whole(asked.products, asked.sales, asked.seconds)
    except (Missing, postgres.ClusterError) as error:
        say(str(error))
        return 1
    path = ROOT / "bench" / "results" / "pages.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(text(result))
    return 1 if any(over(one) for one in result["pages"].values()) else 0


if __name__ == "__main__":
    sys.exit(main())
