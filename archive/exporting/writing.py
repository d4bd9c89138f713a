"""Writes whole businesses: the file that `import_data` reads, and spreadsheets for people.

Nothing is held in memory but ids of the catalogue. The same data gives the same bytes: no time of
the export, ids counted in the order of the rows' keys, an import keeps that order.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, Final, Literal

from accounts.models import Device, Role
from archive.exporting import shop
from archive.exporting.books import Books
from archive.exporting.catalogue import Catalogue
from archive.exporting.form import Hashed, Json
from archive.exporting.people import people_tables
from archive.exporting.reading import Numbers
from archive.exporting.sheets import write_csv_zip, write_workbook
from archive.exporting.shop import Row
from archive.exporting.snapshot import Progress, snapshot
from inventory.models import (
    Barcode,
    Brand,
    Category,
    Product,
    StockLevel,
    StockMovement,
    TaxRate,
    Unit,
    Variation,
)
from sales.models import Customer, Sale
from tenants import context
from tenants.models import Business, Location

Form = Literal["csv", "xlsx"]

#: The numbered tables whose rows others refer to before or after they are written.
_NUMBERED: Final = (
    ("locations", Location), ("roles", Role), ("devices", Device), ("categories", Category),
    ("brands", Brand), ("units", Unit), ("taxRates", TaxRate), ("products", Product),
    ("productVariations", Variation), ("customers", Customer),
)  # fmt: skip

#: What progress counts, besides what takes no time.
_COUNTED: Final = (Product, Variation, StockLevel, Barcode, Customer, Sale, StockMovement)


@dataclass(slots=True)
class Written:
    """What was written: rows by table, and size and SHA-256 of the bytes."""

    counts: dict[str, int]
    size: int = 0
    sha256: str = ""


@dataclass(slots=True)
class _Part:
    """One business on its way out."""

    business: Business
    numbers: Numbers
    secrets: bool
    catalogue: Catalogue = field(init=False)
    books: Books = field(init=False)

    def __post_init__(self) -> None:
        self.catalogue, self.books = Catalogue(self.numbers), Books(self.numbers)

    def begin(self) -> set[str]:
        """Number everything that rows refer to; returns the names of permissions in use."""
        for table, model in _NUMBERED:
            rows = shop.terminals() if model is Device else model.objects.all()
            self.numbers.number(table, rows)
        shop.number_people(self.numbers)
        self.catalogue.begin()
        self.books.begin()
        return shop.permission_names(self.numbers)

    def business_rows(self) -> Iterator[Row]:
        yield shop.business_row(self.numbers, shop.owner_number(self.numbers))


_ARRAYS: Final[tuple[tuple[str, Callable[[_Part], Iterable[Row]]], ...]] = (
    ("businesses", _Part.business_rows),
    ("users", lambda part: shop.user_rows(part.numbers, secrets=part.secrets)),
    ("roles", lambda part: shop.role_rows(part.numbers)),
    ("permissions", lambda part: ()),
    ("categories", lambda part: part.catalogue.categories.values()),
    ("brands", lambda part: part.catalogue.brands.values()),
    ("units", lambda part: part.catalogue.units.values()),
    ("products", lambda part: part.catalogue.products()),
    ("productVariations", lambda part: part.catalogue.variations()),
    ("stock", lambda part: part.catalogue.stock()),
    ("suppliers", lambda part: part.catalogue.suppliers()),
    ("customers", lambda part: part.catalogue.customers()),
    ("taxRates", lambda part: part.catalogue.tax_rates()),
    # From here on what the format lacks, in the order in which an import can check it.
    ("barcodes", lambda part: part.catalogue.barcodes()),
    ("locationPrices", lambda part: part.catalogue.location_prices()),
    ("devices", lambda part: shop.device_rows(part.numbers)),
    ("registers", lambda part: part.books.registers()),
    ("shifts", lambda part: part.books.shifts()),
    ("creditAccounts", lambda part: part.books.credit_accounts()),
    ("sales", lambda part: part.books.sales()),
    ("stockDocuments", lambda part: part.books.stock_documents()),
    ("movements", lambda part: part.books.movements()),
    ("creditEntries", lambda part: part.books.credit_entries()),
    ("pictures", lambda part: part.catalogue.pictures()),
)  # fmt: skip

TABLES: Final = tuple(name for name, _rows in _ARRAYS)


def export_business(
    stream: IO[bytes], *, secrets: bool, compress: bool = False, progress: Progress | None = None
) -> Written:
    """Write the bound business. See `export_all()`."""
    return export_all(
        stream, [context.current()], secrets=secrets, compress=compress, progress=progress
    )


def export_all(
    stream: IO[bytes],
    businesses: Sequence[Business],
    *,
    secrets: bool,
    compress: bool = False,
    progress: Progress | None = None,
) -> Written:
    """Write these businesses into one file, by key, compressed if asked; all as of one moment.

    `secrets`: with the hashes of passwords. Only an owner, or who runs the installation, may have
    those; people of a file without them need a first password where it is imported.

    Within an open transaction use `snapshot.at_one_moment()`. `progress` hears rows done and their
    number; what it raises ends the export. The stream is neither closed nor moved back.
    """
    hashed = Hashed(stream)
    with snapshot():
        if compress:
            # No name and no time inside: the same rows are the same bytes.
            with gzip.GzipFile("", "wb", 6, hashed, 0) as packed:
                counts = _write(Json(packed), businesses, secrets, progress)
        else:
            counts = _write(Json(hashed), businesses, secrets, progress)
    return Written(counts, hashed.size, hashed.sha256)


def for_people(
    stream: IO[bytes], *, form: Form, progress: Progress | None = None
) -> dict[str, int]:
    """Write the bound business as spreadsheets: a ZIP of CSV files, or one XLSX workbook.

    Formulas are escaped and codes are text. Returns the rows of each table.
    """
    with snapshot():
        tables = people_tables()
        write = write_workbook if form == "xlsx" else write_csv_zip
        return write(stream, tables, progress)


def _write(
    out: Json, businesses: Sequence[Business], secrets: bool, progress: Progress | None
) -> dict[str, int]:
    numbers = Numbers()
    ordered = sorted(businesses, key=lambda one: one.pk)
    parts = [_Part(one, numbers, secrets) for one in ordered]
    total = 0
    for part in parts:
        numbers.give("businesses", part.business.pk)
        if numbers.known("currencies", part.business.currency) is None:
            numbers.give("currencies", part.business.currency)
    names: set[str] = set()
    for part in parts:
        with context.business(part.business):
            names |= part.begin()
            total += sum(model.objects.count() for model in _COUNTED)
    shop.number_permissions(numbers, names)
    seen = _Seen(total, progress)
    counts = {}
    for table, rows in _ARRAYS:
        if table == "permissions":
            counts[table] = out.array(table, shop.permission_rows(numbers))
        else:
            counts[table] = out.array(table, seen(_of_all(parts, rows)))
    out.end()
    seen.end()
    return counts


def _of_all(parts: Sequence[_Part], rows: Callable[[_Part], Iterable[Row]]) -> Iterator[Row]:
    for part in parts:
        with context.business(part.business):
            yield from rows(part)


class _Seen:
    """Counts rows on their way and tells now and then."""

    _EVERY: Final = 500

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total, self._progress, self._done = total, progress, 0

    def __call__(self, rows: Iterable[Any]) -> Iterator[Any]:
        for row in rows:
            self._done += 1
            if self._progress is not None and self._done % self._EVERY == 0:
                self._progress(min(self._done, self._total), self._total)
            yield row

    def end(self) -> None:
        if self._progress is not None:
            self._progress(self._total, self._total)
