"""Checks an export file as a whole before anything is written, and keeps it as typed rows.

One pass over the file; faults are collected, never raised, so that one run names them all. A row
that is wrong in itself causes no further faults in the rows that refer to it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final
from zoneinfo import available_timezones

from babel.numbers import list_currencies

from archive.exportfile import (
    MOST_NAMES,
    OWN_TABLES,
    TABLES,
    Bounds,
    ExportFile,
    Progress,
    Source,
)
from archive.fitting import in_circles, is_locale
from archive.own_rows import KEPT, STREAMED
from archive.remembered import check_names
from archive.rows import (
    BrandRow,
    BusinessRow,
    CategoryRow,
    CustomerRow,
    Fault,
    LocationRow,
    PermissionRow,
    ProductRow,
    RoleRow,
    StockRow,
    SupplierRow,
    TaxRateRow,
    UnitRow,
    UserRow,
    VariationRow,
    parse,
    unknown_columns,
)
from archive.validation_books import Books
from archive.validation_people import check_people
from archive.validation_stock import check_stock
from archive.validation_tills import check_tills

_KINDS: Final[dict[str, type]] = {
    "businesses": BusinessRow,
    "locations": LocationRow,
    "users": UserRow,
    "roles": RoleRow,
    "permissions": PermissionRow,
    "categories": CategoryRow,
    "brands": BrandRow,
    "units": UnitRow,
    "products": ProductRow,
    "productVariations": VariationRow,
    "stock": StockRow,
    "suppliers": SupplierRow,
    "customers": CustomerRow,
    "taxRates": TaxRateRow,
    **KEPT,
    **STREAMED,
}
#: So many faults of a table of sales or movements are named; the others are counted.
MOST_FAULTS: Final = 1000
#: A stranger's file with more faults in one table is not read on.
MOST_COUNTED: Final = 100_000
_ORDER: Final = {table: at for at, table in enumerate(_KINDS)}


@dataclass(slots=True)
class Export:
    """What a file holds, by table and id, with everything that is wrong or left aside."""

    businesses: dict[int, BusinessRow] = field(default_factory=dict)
    locations: dict[int, LocationRow] = field(default_factory=dict)
    users: dict[int, UserRow] = field(default_factory=dict)
    roles: dict[int, RoleRow] = field(default_factory=dict)
    permissions: dict[int, PermissionRow] = field(default_factory=dict)
    categories: dict[int, CategoryRow] = field(default_factory=dict)
    brands: dict[int, BrandRow] = field(default_factory=dict)
    units: dict[int, UnitRow] = field(default_factory=dict)
    products: dict[int, ProductRow] = field(default_factory=dict)
    variations: dict[int, VariationRow] = field(default_factory=dict)
    stock: dict[int, StockRow] = field(default_factory=dict)
    suppliers: dict[int, SupplierRow] = field(default_factory=dict)
    customers: dict[int, CustomerRow] = field(default_factory=dict)
    tax_rates: dict[int, TaxRateRow] = field(default_factory=dict)
    #: Of a file that Tillbook wrote, the arrays of our own that are no books as such.
    own: dict[str, dict[int, Any]] = field(default_factory=lambda: {name: {} for name in KEPT})
    is_own: bool = False
    #: (table, business) → how many rows there are that are read again when they are written.
    streamed: Counter[tuple[str, int]] = field(default_factory=Counter)
    #: Where the file lies, to be read once more.
    source: Source | None = None

    faults: list[Fault] = field(default_factory=list)
    #: Columns that the format does not have, by table.
    unknown_columns: dict[str, set[str]] = field(default_factory=dict)
    #: Names of permissions without a counterpart here, with how many roles and people hold them.
    unknown_permissions: Counter[str] = field(default_factory=Counter)
    #: Keys of the file that are no tables of the format.
    ignored: list[str] = field(default_factory=list)

    def table(self, name: str) -> dict[int, Any]:
        """The rows of a table by its name in the file, those excepted that are streamed."""
        if name in self.own:
            return self.own[name]
        attribute = {"productVariations": "variations", "taxRates": "tax_rates"}.get(name, name)
        rows: dict[int, Any] = getattr(self, attribute)
        return rows


def read_export(
    source: Source | Path | str,
    progress: Progress | None = None,
    *,
    bounds: Bounds | None = None,
) -> Export:
    """The whole file, checked. Raises ExportFileError when it is no export at all.

    With `bounds` for a file of a stranger; then so many faults of each table are named as otherwise
    of sales alone.
    """
    return Reading(ExportFile(source, progress, bounds=bounds), brief=bounds is not None).export


class Reading:
    """One pass over a file on its way to an Export."""

    def __init__(self, file: ExportFile, *, brief: bool = False) -> None:
        self.file = file
        self.brief = brief
        self.export = Export(source=file.source)
        self.books = Books(self)
        self.absent: set[str] = set()
        self.order: list[str] = []
        self.told: Counter[str] = Counter()
        self.faults = self.export.faults
        self.broken: dict[str, set[int]] = defaultdict(set)
        self.products_with_variations: set[int] = set()
        self.rows_of: Counter[str] = Counter()
        for table, raw in file.rows():
            self.add(table, raw)
            if self.brief and self.told[table] > MOST_COUNTED:
                self.give_up(table)
                return
        self.export.ignored = file.ignored
        wanted = (*TABLES, *OWN_TABLES) if self.export.is_own else TABLES
        self.absent = {table for table in wanted if table not in file.found} | file.wrong.keys()
        for table in self.absent:
            self.fault(table, None, "", file.wrong.get(table, "is missing from the file"))
        self.check()
        self.sort()

    def fault(
        self, table: str, place: int | str | None, name: str, reason: str, value: object = ""
    ) -> None:
        self.told[table] += 1
        if not self.is_cut(table) or self.told[table] <= MOST_FAULTS:
            self.faults.append(Fault(table, place, name, reason, str(value)))

    def sort(self) -> None:
        self.faults.sort(key=lambda f: (_ORDER[f.table], str(f.id).zfill(20), f.field))

    def give_up(self, table: str) -> None:
        """What stands behind is unknown: nothing is said of what is missing or refers to nothing."""
        self.sort()
        reason = f"has more than {MOST_COUNTED:,} faults; the rest of the file was not read"
        self.faults.insert(0, Fault(table, None, "", reason))

    def is_cut(self, table: str) -> bool:
        """Whether of this table only the first faults are named."""
        return self.brief or table in STREAMED

    def is_clean(self, *tables: str) -> bool:
        return not any(self.told[table] or table in self.absent for table in tables)

    # -- one row by itself --

    def add(self, table: str, raw: Any) -> None:
        self.rows_of[table] += 1
        place: int | str = f"row {self.rows_of[table]}"
        if not isinstance(raw, dict):
            self.fault(table, place, "", "is no object")
            return
        identity = raw.get("id")
        if isinstance(identity, int) and not isinstance(identity, bool):
            place = identity
        if not self.order or self.order[-1] != table:
            self.begin(table)
        kind = _KINDS[table]
        own = self.export.is_own
        strange = unknown_columns(kind, raw, own_file=own)
        if strange:
            names = self.export.unknown_columns.setdefault(table, set())
            names.update(islice(strange, max(0, MOST_NAMES - len(names))))
        if table == "productVariations" and isinstance(raw.get("productId"), int):
            self.products_with_variations.add(raw["productId"])
        wrong: list[Fault] = []
        row: Any = parse(kind, table, place, raw, wrong, own_file=own)
        for one in wrong:
            self.fault(one.table, one.id, one.field, one.reason, one.value)
        if table in STREAMED:
            if row is not None:
                self.export.streamed[table, row.business_id] += 1
                self.books.look[table](row, raw)
            return
        self.keep(table, place, row)
        if table == "businesses":
            self.add_locations(raw, row)

    def keep(self, table: str, place: int | str, row: Any) -> None:
        """Remember a row, or that there is one which is wrong."""
        rows = self.export.table(table)
        if isinstance(place, int) and (place in rows or place in self.broken[table]):
            self.fault(table, place, "id", "stands twice in the file")
        elif row is not None:
            rows[row.id] = row
        elif isinstance(place, int):
            self.broken[table].add(place)

    def begin(self, table: str) -> None:
        """The first row of an array. Sales and the like are checked against what stands before."""
        self.export.is_own = self.file.is_own
        places = {name: at for at, name in enumerate((*TABLES, *OWN_TABLES))}
        if self.order and table in OWN_TABLES and table in places:
            late = [one for one in self.order if places.get(one, 0) > places[table]]
            if late:
                self.fault(table, None, "", f"stands behind {late[0]}; it has to stand before")
        elif self.order and self.order[-1] in OWN_TABLES and table in TABLES:
            self.fault(table, None, "", f"stands behind {self.order[-1]}; it has to stand before")
        if table != "locations":
            self.order.append(table)

    def add_locations(self, raw: dict[str, Any], row: BusinessRow | None) -> None:
        nested = raw.get("locations")
        for location in nested if isinstance(nested, list) else []:
            if isinstance(location, dict):
                location.setdefault("businessId", raw.get("id"))
            self.add("locations", location)
            if isinstance(location, dict) and location["businessId"] != raw.get("id"):
                self.fault(
                    "locations",
                    location.get("id"),
                    "businessId",
                    f"stands inside business {raw.get('id')}",
                    location["businessId"],
                )
                for known in self.export.locations.values():
                    if known.id == location.get("id") and row is not None:
                        known.business_id = row.id
        if row is not None:
            if not row.locations:
                self.fault("businesses", row.id, "locations", "has no location")
            row.locations = []  # they stand in a table of their own from here on

    # -- rows among each other --

    def check(self) -> None:
        self.check_businesses()
        check_people(self)
        self.check_trees()
        self.check_products()
        self.check_variations()
        self.check_skus()
        check_stock(self)
        if self.export.is_own:
            check_names(self)
            check_tills(self)
            self.books.end()
        for table in ("brands", "suppliers", "customers", "taxRates"):
            for row in self.export.table(table).values():
                self.points(table, row, "businessId", "businesses", row.business_id)
        for table in list(self.told):
            more = self.told[table] - MOST_FAULTS
            if more > 0 and self.is_cut(table):
                self.faults.append(Fault(table, None, "", f"has {more} more faults"))

    def points(self, table: str, row: Any, name: str, target: str, target_id: int | None) -> Any:
        """The row that a column refers to; a fault when there is none or it is another business's."""
        if target_id is None or target in self.absent:
            return None
        found = self.export.table(target).get(target_id)
        if found is None:
            if target_id not in self.broken[target]:
                self.fault(table, row.id, name, f"refers to no row of {target}", target_id)
        elif (
            target != "businesses"
            and found.business_id != row.business_id
            and row.business_id in self.export.businesses
        ):
            self.fault(
                table, row.id, name,
                f"belongs to business {found.business_id} and the row to {row.business_id}",
                target_id,
            )  # fmt: skip
            return None
        return found

    def check_businesses(self) -> None:
        currencies, zones = list_currencies(), available_timezones()
        for row in self.export.businesses.values():
            if row.currency not in currencies:
                self.fault("businesses", row.id, "currency", "is no ISO 4217 code", row.currency)
            if row.time_zone not in zones:
                self.fault("businesses", row.id, "timeZone", "is no time zone", row.time_zone)
            if row.locale is not None and not is_locale(row.locale):
                self.fault("businesses", row.id, "locale", "is no locale", row.locale)
            owner = row.owner_id
            if owner is not None and "users" not in self.absent:
                known = self.export.users.get(owner)
                if known is None and owner not in self.broken["users"]:
                    self.fault("businesses", row.id, "ownerId", "refers to no row of users", owner)

        for place in self.export.locations.values():
            zone = place.own_time_zone
            if zone is not None and zone not in zones:
                self.fault("locations", place.id, "ownTimeZone", "is no time zone", zone)

    def check_trees(self) -> None:
        for category in self.export.categories.values():
            self.points("categories", category, "businessId", "businesses", category.business_id)
            self.points("categories", category, "parentId", "categories", category.parent_id)
        above = {c.id: c.parent_id for c in self.export.categories.values()}
        for row_id in in_circles(above):
            self.fault("categories", row_id, "parentId", "lies inside itself", above[row_id])
        for unit in self.export.units.values():
            self.points("units", unit, "businessId", "businesses", unit.business_id)
            self.points("units", unit, "baseUnitId", "units", unit.base_unit_id)
            if unit.base_unit_id is not None and (unit.factor is None or unit.factor <= 0):
                self.fault("units", unit.id, "baseUnitMultiplier", "is not above 0", unit.factor)
        base = {u.id: u.base_unit_id for u in self.export.units.values()}
        for row_id in in_circles(base):
            self.fault("units", row_id, "baseUnitId", "is made of itself", base[row_id])

    def check_products(self) -> None:
        for row in self.export.products.values():
            self.points("products", row, "businessId", "businesses", row.business_id)
            self.points("products", row, "categoryId", "categories", row.category_id)
            self.points("products", row, "brandId", "brands", row.brand_id)
            self.points("products", row, "unitId", "units", row.unit_id)
            self.points("products", row, "taxId", "taxRates", row.tax_id)
            if (
                not row.deleted
                and row.id not in self.products_with_variations
                and "productVariations" not in self.absent
            ):
                self.fault("products", row.id, "variations", "has no variation", row.name)

    def check_variations(self) -> None:
        for row in self.export.variations.values():
            self.points("productVariations", row, "businessId", "businesses", row.business_id)
            self.points("productVariations", row, "productId", "products", row.product_id)
            self.points("productVariations", row, "unitId", "units", row.unit_id)
            self.points("productVariations", row, "supplierId", "suppliers", row.supplier_id)

    def check_skus(self) -> None:
        """No code twice among what is on sale; soft-deleted rows may repeat one."""
        on_sale = {p.id for p in self.export.products.values() if not p.deleted and p.is_active}
        clashes: set[frozenset[int]] = set()
        first: dict[tuple[int, str], int] = {}
        for product in self.export.products.values():
            if product.id in on_sale and product.sku:
                other = first.setdefault((product.business_id, product.sku), product.id)
                if other != product.id:
                    clashes.add(frozenset((other, product.id)))
                    self.fault(
                        "products",
                        product.id,
                        "sku",
                        f"is also that of product {other}",
                        product.sku,
                    )
        seen: dict[tuple[int, str], VariationRow] = {}
        for row in self.export.variations.values():
            if row.deleted or row.product_id not in on_sale or not row.sku:
                continue
            twin = seen.setdefault((row.business_id, row.sku), row)
            if twin is not row and frozenset((twin.product_id, row.product_id)) not in clashes:
                reason = f"is also that of variation {twin.id}"
                self.fault("productVariations", row.id, "sku", reason, row.sku)
