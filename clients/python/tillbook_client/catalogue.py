"""A copy of the shop on the device: found in a moment, and there without a line.

One SQLite file holds the rows and the cursor, changed in one transaction, so that they never
disagree. It can be deleted at any time: the next sync makes it anew. Unsent sales are not in it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from . import exact
from .client import Client

Row = dict[str, Any]
BUCKETS: Final = 256
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS rows (
    copy INTEGER NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, version TEXT NOT NULL,
    code TEXT, told TEXT NOT NULL, PRIMARY KEY (copy, kind, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS rows_code ON rows (copy, kind, code) WHERE code IS NOT NULL;
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
# By which a kind is looked up, beside its id.
_CODES: Final = {"barcodes": "code", "variations": "sku"}


@dataclass(frozen=True, slots=True)
class Item:
    """A variation as it is sold here. `stock` is None where none is kept or told."""

    id: str
    product: str
    name: str
    sku: str
    price: Decimal
    tax_rate: Decimal
    tax_name: str
    tax_inclusive: bool
    allow_decimal: bool
    adds_credit: bool
    stock: Decimal | None


def sums(versions: Iterable[tuple[str, str]]) -> list[str]:
    """The checksums of a list, from (id, version): 256 sums modulo 2^48, in hexadecimal digits."""
    found = [0] * BUCKETS
    for row_id, version in versions:
        bucket = int(row_id[-2:], 16)
        found[bucket] = (found[bucket] + int(version, 16)) % 2**48
    return [f"{one:x}" for one in found]


class Catalogue:
    """The copy of one device, in a file or in `:memory:`; threads share it."""

    def __init__(self, client: Client, path: Path | str = ":memory:", *, limit: int | None = None):
        self.client, self.limit = client, limit
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        with self._writing() as db:
            for statement in _SCHEMA.split(";"):
                db.execute(statement)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    # -- keeping it up to date --------------------------------------------------------------------

    def sync(self) -> int:
        """Ask for all that is new; how many rows came or went. Raises what `Client` raises.

        Broken off it goes on where it was. A copy that begins anew grows beside the old one, which
        answers until the new one is whole.
        """
        changed = 0
        while True:
            since = self._kept("next") or self._kept("cursor")
            page, tag = self.client.sync(since, limit=self.limit, tag=self._kept("tag"))
            if not page:
                return changed
            changed += self._take(page, tag)
            if not page["more"]:
                return changed

    def _take(self, page: Mapping[str, Any], tag: str) -> int:
        with self._writing() as db:
            here, growing = self._copy(), self._kept("growing")
            if page["reset"]:
                growing = str(here + 1)
                self._keep(growing=growing, last_reset=str(page["reset"]))
                db.execute("DELETE FROM rows WHERE copy = ?", (here + 1,))
            copy = int(growing or here)
            count = 0
            for kind, ids in page["removed"].items():
                count += len(ids)
                db.executemany(
                    "DELETE FROM rows WHERE copy = ? AND kind = ? AND id = ?",
                    [(copy, kind, one) for one in ids],
                )
            for kind, rows in page["rows"].items():
                count += len(rows)
                self._put(copy, kind, rows)
            if page["settings"] is not None:
                self._keep(settings=exact.written(page["settings"]).decode())
            if page["more"]:
                self._keep(next=page["cursor"], tag="")
            else:
                self._keep(copy=str(copy), growing="", cursor=page["cursor"], next="", tag=tag)
                if copy != here:
                    db.execute("DELETE FROM rows WHERE copy != ?", (copy,))
            return count

    def _put(self, copy: int, kind: str, rows: Iterable[Row]) -> None:
        code = _CODES.get(kind)
        self._db.executemany(
            "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?, ?)",
            [
                (
                    copy, kind, row["id"], row["version"],
                    (row.get(code) or None) if code else None,
                    exact.written(row).decode(),
                )
                for row in rows
            ],
        )  # fmt: skip

    # -- healing ----------------------------------------------------------------------------------

    def checksums(self) -> dict[str, list[str]]:
        """Of every kind that the copy has."""
        with self._lock:
            kinds = [one for (one,) in self._db.execute(
                "SELECT DISTINCT kind FROM rows WHERE copy = ?", (self._copy(),)
            )]  # fmt: skip
            query = "SELECT id, version FROM rows WHERE copy = ? AND kind = ?"
            return {kind: sums(self._db.execute(query, (self._copy(), kind))) for kind in kinds}

    def heal(self) -> int:
        """Compare with the server and fetch what differs; how many buckets that were.

        To be called once a day, after `sync`.
        """
        told = self.client.checksums()
        mine, empty = self.checksums(), ["0"] * BUCKETS
        healed = 0
        for kind, one in told.items():
            for place, total in enumerate(one["sums"]):
                if mine.get(kind, empty)[place] != total:
                    self._heal(kind, f"{place:02x}")
                    healed += 1
        return healed

    def _heal(self, kind: str, bucket: str) -> None:
        rows = self.client.bucket(kind, bucket)
        with self._writing() as db:
            db.execute(
                "DELETE FROM rows WHERE copy = ? AND kind = ? AND id LIKE ?",
                (self._copy(), kind, f"%{bucket}"),
            )
            self._put(self._copy(), kind, rows)

    # -- looking ----------------------------------------------------------------------------------

    @property
    def settings(self) -> dict[str, Any]:
        """The business, the location, registers, ways to pay and permissions, as told last."""
        found: dict[str, Any] = exact.read(self._kept("settings") or "{}")
        return found

    @property
    def cursor(self) -> str:
        return self._kept("cursor")

    @property
    def last_reset(self) -> str:
        """Why the copy began anew the last time."""
        return self._kept("last_reset")

    def row(self, kind: str, id: str) -> Row | None:
        with self._lock:
            query = "SELECT told FROM rows WHERE copy = ? AND kind = ? AND id = ?"
            found = self._db.execute(query, (self._copy(), kind, id)).fetchone()
        return exact.read(found[0]) if found else None

    def rows(self, kind: str) -> Iterator[Row]:
        with self._lock:
            query = "SELECT told FROM rows WHERE copy = ? AND kind = ? ORDER BY id"
            found = self._db.execute(query, (self._copy(), kind)).fetchall()
        return (exact.read(one) for (one,) in found)

    def find(self, code: str) -> Item | None:
        """What a scanned barcode or a typed SKU stands for, where it is for sale."""
        for row in self._coded("barcodes", code):
            if (found := self.item(row["variation"])) is not None:
                return found
        for row in self._coded("variations", code):
            if (found := self.item(row["id"])) is not None:
                return found
        return None

    def _coded(self, kind: str, code: str) -> list[Row]:
        with self._lock:
            query = "SELECT told FROM rows WHERE copy = ? AND kind = ? AND code = ?"
            found = self._db.execute(query, (self._copy(), kind, code)).fetchall()
        return [exact.read(one) for (one,) in found]

    def items(self) -> Iterator[Item]:
        """Everything that is for sale."""
        for row in self.rows("variations"):
            if (found := self.item(row["id"])) is not None:
                yield found

    def item(self, variation: str) -> Item | None:
        """A variation with its price and tax here; None where it is not for sale."""
        row = self.row("variations", variation)
        product = self.row("products", row["product"]) if row else None
        if row is None or product is None:
            return None
        if not (row["is_active"] and product["is_active"] and product["is_for_sale"]):
            return None
        rate = self.row("tax_rates", product["tax_rate"]) if product["tax_rate"] else None
        unit = self.row("units", product["unit"]) if product["unit"] else None
        here, level = self.row("prices", variation), self.row("stock", variation)
        # What is sold as a promise bears no tax yet.
        taxed = rate is not None and not product["adds_credit"]
        return Item(
            id=row["id"],
            product=product["id"],
            name=" – ".join(one for one in (product["name"], row["name"]) if one),
            sku=row["sku"],
            price=Decimal((here or row)["price"]),
            tax_rate=Decimal(rate["rate"]) if rate and taxed else Decimal(0),
            tax_name=rate["name"] if rate and taxed else "",
            tax_inclusive=product["tax_inclusive"],
            allow_decimal=bool(unit and unit["allow_decimal"]),
            adds_credit=product["adds_credit"],
            stock=Decimal(level["quantity"]) if level and product["is_stocked"] else None,
        )

    # -- the file ---------------------------------------------------------------------------------

    def _copy(self) -> int:
        return int(self._kept("copy") or 0)

    def _kept(self, name: str) -> str:
        with self._lock:
            row = self._db.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def _keep(self, **values: str) -> None:
        self._db.executemany(
            "INSERT INTO kept VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            list(values.items()),
        )

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
