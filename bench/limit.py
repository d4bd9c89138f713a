"""What this PostgreSQL can do at best: pgbench on a schema made for nothing but this (sql/limit.sql)."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

from bench.cluster import LIMIT, postmaster
from bench.figures import Round
from bench.machine import family_seconds
from bench.product import typed_words
from bench.shops import ADJECTIVES, COLOURS, NOUNS, STOCK, code
from scripts.cluster import OWNER, Cluster

SQL = Path(__file__).parent / "sql"
#: The items of shop s are those from s × this on.
SHOP = 1_000_000

_CHECKOUT = """
\\set shop :client_id + 1
\\set n random(1, {count} - 5)
\\set first :shop * {shop} + :n
SELECT post(:shop, ARRAY[:first, :first + 1, :first + 2, :first + 3, :first + 4]);
"""
_HOT = """
\\set n random(1, {share} - 4)
\\set first {shop} + :client_id * {share} + :n
SELECT post(1, ARRAY[:first, :first + 1, :first + 2, :first + 3, {shop} + {count}]);
"""
_LOOK_UP = """
\\set shop :client_id + 1
\\set n random(1, {count})
SELECT i.id, i.name, i.price, l.quantity FROM barcode b JOIN item i ON i.id = b.item_id
  JOIN level l ON l.id = i.id WHERE b.shop_id = :shop AND b.code = lpad(:n::text, 13, '0');
"""
# The fastest of three that were tried: an index over the words alone takes five times as long, a table
# of words with an index over their beginnings six times.
_SEARCH = """
SELECT i.id, i.name, i.price, l.quantity FROM item i JOIN level l ON l.id = i.id
 WHERE i.shop_id = {large} AND i.words @@ '{words}'::tsquery LIMIT 50;
"""


class Limit:
    """The schema, filled like the shops of the product, and what is asked of it."""

    def __init__(
        self, cluster: Cluster, *, shops: int, each: int, large: int, database: str = LIMIT
    ) -> None:
        self.cluster, self.each, self.large, self.shops = cluster, each, large, shops
        self.url = cluster.url(OWNER, database=database)
        self.server = postmaster(cluster)
        self.imports = 0

    def fill(self) -> None:
        with psycopg.connect(self.url) as owner:
            owner.execute((SQL / "limit.sql").read_bytes())
            owner.execute(
                "CREATE TEMP TABLE filled ON COMMIT DROP AS"
                " SELECT s::int AS shop, n FROM generate_series(1, %s + 1) s,"
                " LATERAL generate_series(1, CASE WHEN s > %s THEN %s ELSE %s END) n",
                (self.shops, self.shops, self.large, self.each),
            )
            owner.execute("INSERT INTO shop SELECT DISTINCT shop FROM filled")
            name = (
                "(%s::text[])[n % 40 + 1] || ' ' || (%s::text[])[n / 40 % 25 + 1] || ' ' ||"
                " (%s::text[])[(n * 37 + n / 1000) % 100 + 1]"
            ).replace("% ", "%% ")
            owner.execute(
                f"INSERT INTO item SELECT shop::bigint * {SHOP} + n, shop, {name},"
                " n %% 9 + 1.5 FROM filled",
                (ADJECTIVES, COLOURS, NOUNS),
            )
            owner.execute("UPDATE item SET words = to_tsvector('simple', name)")
            owner.execute(
                "INSERT INTO barcode SELECT shop_id, lpad((id %% %s)::text, 13, '0'), id FROM item",
                (SHOP,),
            )
            owner.execute("INSERT INTO level SELECT id, %s FROM item", (STOCK,))
            owner.execute("CREATE INDEX item_words ON item USING gin (shop_id, words)")
        with psycopg.connect(self.url, autocommit=True) as owner:
            owner.execute("VACUUM FULL item")
            owner.execute("VACUUM (ANALYZE)")

    # -- scripts --------------------------------------------------------------------------------

    def checkout(self) -> list[str]:
        return [_CHECKOUT.format(count=self.each, shop=SHOP)]

    def hot(self, clients: int) -> list[str]:
        share = (self.each - 1) // clients
        return [_HOT.format(count=self.each, shop=SHOP, share=share)]

    def look_up(self) -> list[str]:
        return [_LOOK_UP.format(count=self.each)]

    def search(self) -> list[str]:
        """A hundred searches: pgbench cannot take words from a number."""
        found = []
        for n in range(1, 101):
            typed = typed_words(n * 7919 % self.large + 1)
            words = " & ".join(f"{word}:*" for word in typed)
            found.append(_SEARCH.format(large=self.shops + 1, words=words))
        return found

    # -- measuring --------------------------------------------------------------------------------

    def run(self, scripts: list[str], *, clients: int, seconds: float) -> Round:
        """pgbench with these scripts; the latency of each transaction from its log."""
        with tempfile.TemporaryDirectory(prefix="limit-") as name:
            folder = Path(name)
            # Prepared, but for scripts by the hundred, each of which would be prepared for nothing.
            command = [str(self.cluster.binaries / "pgbench"), "--no-vacuum", "--log"]
            command += ["--protocol", "prepared" if len(scripts) == 1 else "simple"]
            command += ["--client", str(clients), "--jobs", "1", "--log-prefix", f"{folder}/log"]
            command += ["--time", str(max(1, round(seconds)))]
            for number, script in enumerate(scripts):
                path = folder / f"{number}.sql"
                path.write_text(script)
                command += ["--file", str(path)]
            before, began = family_seconds(self.server), time.perf_counter()
            done = subprocess.run(
                [*command, self.url], capture_output=True, text=True, env={**os.environ}
            )
            # Without the time to connect, which a till does once a day.
            lasted = min(time.perf_counter() - began, max(1, round(seconds)))
            if done.returncode or "number of failed transactions: 0" not in done.stdout:
                raise RuntimeError(f"pgbench failed\n{done.stdout}\n{done.stderr[-2000:]}")
            taken = [
                int(row.split()[2]) / 1e6
                for log in folder.glob("log*")
                for row in log.read_text().splitlines()
            ]
        return Round(taken, lasted, cpu={"database": family_seconds(self.server) - before})

    # -- whole tables -----------------------------------------------------------------------------

    def import_products(self, rows: int) -> float:
        """Seconds for so many products with barcode and opening stock: COPY, then one INSERT. They
        belong to a shop of their own, each time another one."""
        self.imports += 1
        with psycopg.connect(self.url) as owner:
            owner.execute("INSERT INTO shop VALUES (%s)", (-self.imports,))
            owner.commit()
            began = time.perf_counter()
            owner.execute(
                "CREATE TEMP TABLE staged (n bigint, name text, price numeric, code text,"
                " quantity numeric) ON COMMIT DROP"
            )
            with owner.cursor().copy("COPY staged FROM STDIN") as copy:
                for one in imported(rows):
                    copy.write_row(one)
            owner.execute(_IMPORT.format(shop=-self.imports, first=self.imports * SHOP))
            owner.commit()
            return time.perf_counter() - began


_IMPORT = """
WITH items AS (
    INSERT INTO item
    SELECT -({first} + n), {shop}, name, price, to_tsvector('simple', name) FROM staged
), codes AS (
    INSERT INTO barcode SELECT {shop}, code, -({first} + n) FROM staged
), levels AS (
    INSERT INTO level SELECT -({first} + n), quantity FROM staged
)
INSERT INTO movement (level_id, sale_id, line, quantity, balance)
SELECT -({first} + n), gen_random_uuid(), 1, quantity, quantity FROM staged
"""


def imported(rows: int) -> list[tuple[Any, ...]]:
    """The products that both import: number, name, price, barcode, stock."""
    return [
        (
            n,
            f"{' '.join((ADJECTIVES[n % 40], COLOURS[n // 40 % 25], NOUNS[n // 1000 % 100]))} {n}",
            f"{n % 9 + 1}.50",
            code(9_000_000_000_000 + n),
            n % 50 + 1,
        )
        for n in range(1, rows + 1)
    ]
