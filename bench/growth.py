"""How the cost of one request grows with the sales and the businesses of an installation.

    python -m bench.growth [--steps 10:10000,10:1000000,200:1000000] [--products 100000]

A step is `businesses:sale lines`; each is filled on top of the one before it. Of all lines 40 % are
those of a large shop, of which dashboard, lists and forms are asked; 20 % those of a small one of
1,000 products, which sells, scans and searches; the others share the rest. Times are of one terminal
or browser on a machine that does nothing else; statements hold on any. Also --steps …,200:10000000
and 2000:10000000, with some patience.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from bench.cluster import durable
from bench.counting import counted
from bench.figures import ratio, told
from bench.load import Line, Work, repeated, request, run
from bench.machine import commit, described, now
from bench.product import checkout, look_up, prepare, search, tillbook, used_by
from bench.report import number, table
from bench.shops import (
    PRODUCT,
    SALE,
    SHIFT,
    VARIATION,
    Shop,
    as_superuser,
    fill,
    make_shops,
    multiply,
    settle,
    uid,
)
from scripts import postgres
from scripts.cluster import Cluster
from scripts.system import ROOT, Missing, say

LINES = 5
LARGE, SMALL = 0.4, 0.2
DAYS = 365
STEPS = "10:10000,10:1000000,200:1000000"
PAGES = {
    "dashboard": "",
    "list of sales": "sales/",
    "list of products": "products/",
    "search of products": "products/?q=oak+blue",
    "stock": "stock/",
    "low stock": "stock/low/",
    "corrections": "corrections/",
    "customers": "customers/",
    "shifts": "shifts/",
    "registers": "registers/",
    "review": "review/",
    "form of a product": "products/{product}/edit/",
    "form of a new product": "products/new/",
    "form of a correction": "corrections/new/",
    "form of a customer": "customers/new/",
    "form of a register": "registers/{register}/",
}


def steps_of(text: str) -> list[tuple[int, int]]:
    """(businesses, sale lines) of each step. Raises ValueError for one that is smaller than another
    before it, or for fewer than three businesses."""
    steps = [
        (int(shops), int(lines)) for shops, lines in (one.split(":") for one in text.split(","))
    ]
    for before, after in pairwise(steps):
        if after[0] < before[0] or after[1] < before[1]:
            raise ValueError(f"{after} is smaller than {before}: nothing is taken away")
    if steps[0][0] < 3:
        raise ValueError("at least three businesses: a large one, a small one, and another")
    return steps


def shares(lines: int, shops: int) -> list[int]:
    """How many sales each of so many shops has, the large and the small first."""
    sales = lines // LINES
    rest = round(sales * (1 - LARGE - SMALL)) // (shops - 2)
    return [round(sales * LARGE), round(sales * SMALL), *[rest] * (shops - 2)]


# -- filling ---------------------------------------------------------------------------------------


def sell_once(port: int, shops: Sequence[Shop]) -> None:
    """A sale in each shop by the product itself: what all others there are copies of."""
    line = Line(port)
    for shop in shops:
        status, body = line.ask(checkout(shop.tills[0])())
        if status != 201:
            raise RuntimeError(f"{status} {body[:300]!r}")
    line.close()


def add_sales(
    url: str,
    shops: Sequence[Shop],
    wanted: Sequence[int],
    given: Mapping[str, str] | None = None,
) -> None:
    """Bring the first register of each shop to so many sales, over the year before now, in a shift
    for each day. Levels and registers follow; numbers and hashes are those of copies, so the books
    of this database do not bear a check. `given` is SQL for more columns of a sale."""
    with as_superuser(url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE wanted (business bigint PRIMARY KEY, register uuid, added bigint,"
            " count bigint, base bigint, first uuid) ON COMMIT DROP"
        )
        for shop, top in zip(shops, wanted, strict=True):
            register = shop.tills[0].register
            cursor.execute(
                "INSERT INTO wanted SELECT %s, %s, greatest(%s - count(*), 0), %s,"
                " max(chain_index), (array_agg(id ORDER BY chain_index))[1]"
                " FROM sales_sale WHERE business_id = %s AND register_id = %s",
                (shop.business, register, top, shop.count, shop.business, register),
            )
        cursor.execute("ANALYZE wanted")
        _add_shifts(cursor)
        cursor.execute(
            "CREATE TEMP TABLE made ON COMMIT DROP AS SELECT business, first, count, base + n AS n,"
            f" pg_temp.uid({SALE}, business, base + n) AS id, (n - 1) * {DAYS} / added AS day,"
            f" now() - interval '1 second' * (n::float8 / added * {DAYS * 86400}) AS at"
            " FROM wanted, LATERAL generate_series(1, added) n"
        )
        cursor.execute("ANALYZE made")
        multiply(
            cursor, "sales_sale",
            {"id": "s.id", "number": "t.number || '-' || s.n", "counter": "s.n",
             "chain_index": "s.n", "sold_at": "s.at", "created_at": "s.at",
             "business_date": "s.at::date", **(given or {}),
             "shift_id": f"pg_temp.uid({SHIFT}, s.business, s.day)"},
            "made s JOIN sales_sale t ON t.business_id = s.business AND t.id = s.first",
        )  # fmt: skip
        variation = f"pg_temp.uid({VARIATION}, s.business, 1 + (s.n * 7 + t.line * 13) % s.count)"
        multiply(
            cursor, "sales_saleline", {"sale_id": "s.id", "variation_id": variation},
            "made s JOIN sales_saleline t ON t.business_id = s.business AND t.sale_id = s.first",
        )  # fmt: skip
        multiply(
            cursor, "sales_payment", {"sale_id": "s.id"},
            "made s JOIN sales_payment t ON t.business_id = s.business AND t.sale_id = s.first",
        )  # fmt: skip
        multiply(
            cursor, "inventory_stockmovement",
            {"document_id": "s.id", "level_id": "l.id", "created_at": "s.at"},
            "made s JOIN inventory_stockmovement t"
            " ON t.business_id = s.business AND t.document_id = s.first"
            f" JOIN inventory_stocklevel l ON l.business_id = s.business AND l.variation_id = {variation}",
        )  # fmt: skip
        cursor.execute(
            "UPDATE inventory_stocklevel l SET quantity = l.quantity + m.sum FROM"
            " (SELECT level_id, sum(quantity) FROM inventory_stockmovement m JOIN made s"
            " ON s.business = m.business_id AND s.id = m.document_id GROUP BY 1) m (level_id, sum)"
            " WHERE l.id = m.level_id"
        )
        cursor.execute(
            "UPDATE sales_register r SET sale_counter = w.base + w.added,"
            " chain_length = w.base + w.added FROM wanted w WHERE w.business = r.business_id"
            " AND w.register = r.id"
        )
    settle(url)


def _add_shifts(cursor: Any) -> None:
    """A closed shift of each day at the registers that `wanted` names, where there is none yet."""
    day = "date_trunc('day', t.opened_at) - interval '1 day' * n"
    multiply(
        cursor, "sales_shift",
        {"id": f"pg_temp.uid({SHIFT}, w.business, n)", "number": "t.number + 1 + n",
         "opened_at": day, "closed_at": f"{day} + interval '12 hours'",
         "closed_by_id": "t.opened_by_id", "counted_cash": "0", "expected_cash": "0",
         "difference": "0"},
        "wanted w JOIN sales_sale s ON s.business_id = w.business AND s.id = w.first"
        " JOIN sales_shift t ON t.business_id = w.business AND t.id = s.shift_id"
        f" CROSS JOIN LATERAL generate_series(0, {DAYS - 1}) n WHERE NOT EXISTS (SELECT 1 FROM"
        f" sales_shift d WHERE d.id = pg_temp.uid({SHIFT}, w.business, 0))",
    )  # fmt: skip


def fold(*, anew: bool) -> None:
    """Let reports take in what was sold: all of it anew, which takes the largest steps, or what
    is not in yet, where that is little."""
    command = [sys.executable, "manage.py", "fold_reports", *(["--rebuild"] if anew else [])]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


# -- measuring -------------------------------------------------------------------------------------


def signed_in(owner: Any) -> str:
    """The cookie of a browser in which this person is signed in."""
    from django.conf import settings
    from django.test import Client

    client = Client()
    client.force_login(owner)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def works_of(large: Shop, small: Shop) -> dict[str, Work]:
    till, cookie = small.tills[0], signed_in(large.owner)
    found = {"checkout": checkout(till), "look-up": look_up(till), "search": search(till)}
    for name, path in PAGES.items():
        page = path.format(
            product=uid(PRODUCT, large.business, 1), register=large.tills[0].register
        )
        asked = request("GET", f"/b/{large.slug}/{page}", [("Cookie", cookie)])
        found[name] = repeated([asked])
    return found


def measure(
    cluster: Cluster, served: tuple[int, int], works: Mapping[str, Work], seconds: float
) -> dict[str, dict[str, Any]]:
    """Of each work: milliseconds, CPU and statements."""
    port, web = served
    used, found = used_by(cluster, web), {}
    for name, work in works.items():
        run(port, [work], seconds / 3, used)
        one = told([run(port, [work], seconds, used)])
        one["statements"] = counted(cluster, port, work)["statements"]
        found[name] = one
    return found


def grown(
    steps: Sequence[tuple[int, int]], *, products: int, seconds: float
) -> Iterator[dict[str, Any]]:
    """The result so far, after each step, as it is written down."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="growth-")))
        cluster = stack.enter_context(durable())
        prepare(cluster, folder)
        shops: list[Shop] = []
        served = stack.enter_context(tillbook(cluster, folder))
        found: list[dict[str, Any]] = []
        for number_of_shops, lines in steps:
            say(f"Filling {number_of_shops} businesses and {lines:,} sale lines")
            _grow(cluster, served[0], shops, number_of_shops, products)
            add_sales(cluster.superuser_url, shops, shares(lines, number_of_shops))
            fold(anew=not found or lines > found[-1]["lines"])
            works = works_of(shops[0], shops[1])
            figures = measure(cluster, served, works, seconds)
            found.append({"businesses": number_of_shops, "lines": lines, "works": figures})
            yield {
                "at": now(),
                "commit": commit(),
                "machine": described(cluster.binaries),
                "products": products,
                "steps": found,
            }


def _grow(cluster: Cluster, port: int, shops: list[Shop], wanted: int, products: int) -> None:
    missing = wanted - len(shops)
    if not missing:
        return
    sizes = [1000] * missing if shops else [products, *[1000] * (missing - 1)]
    new = make_shops(sizes, [1] * missing, prefix=f"grow{len(shops)}")
    fill(cluster.superuser_url, new)
    sell_once(port, new)
    shops += new


# -- telling ---------------------------------------------------------------------------------------


def text(result: Mapping[str, Any]) -> str:
    """A row for each work: CPU milliseconds of application and database together at each step, how
    many times the first's; p50 at the last, which only an idle machine tells; statements at each."""
    steps = result["steps"]
    head = [
        "CPU in ms at",
        *[f"{one['businesses']:,} shops, {one['lines']:,} lines" for one in steps],
    ]
    rows = []
    for work, last in steps[-1]["works"].items():
        costs = [_cost(one["works"][work]) for one in steps]
        cells = [number(costs[0])]
        for cost in costs[1:]:
            times = ratio(cost, costs[0])
            cells.append(number(cost) + (f" ({times:.1f}×)" if times else ""))
        counts = "/".join(str(one["works"][work]["statements"]) for one in steps)
        rows.append(
            [work, *cells, number(last["cpu"].get("database")), number(last["p50"]), counts]
        )
    return table([*head, "of it the database's", "p50 ms", "statements"], rows)


def _cost(told: Mapping[str, Any]) -> float:
    return float(sum(told["cpu"].get(name, 0) for name in ("application", "database")))


def main() -> int:
    reading = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    reading.formatter_class = argparse.RawDescriptionHelpFormatter
    reading.add_argument("--steps", default=STEPS, help=f"businesses:lines,… ({STEPS})")
    reading.add_argument("--products", type=int, default=100_000, help="of the large shop")
    reading.add_argument("--seconds", type=float, default=3, help="for each work at each step")
    asked = reading.parse_args()
    try:
        steps = steps_of(asked.steps)
    except ValueError as error:
        reading.error(str(error))
    postgres.stop_on_signals()
    path = ROOT / "bench" / "results" / "growth.json"
    path.parent.mkdir(exist_ok=True)
    try:
        for result in grown(steps, products=asked.products, seconds=asked.seconds):
            path.write_text(json.dumps(result, indent=1) + "\n")
            print(text(result), flush=True)
    except (Missing, postgres.ClusterError) as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
