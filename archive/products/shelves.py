"""Categories, brands, units, tax rates and locations of the business, by the names a file has.

Read once for a whole file: they are few, beside the products.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from archive.products.drafts import Problem, ProductDraft
from inventory.models import Brand, Category, TaxRate, Unit
from tenants.models import Location
from tenants.spelling import plain_number

#: Units of which one sells a part.
FRACTIONS: Final = frozenset(
    re.split(
        " ",
        "kg g mg t l ml cl dl m cm mm m2 m3 km lb lbs oz ft in yd gal pt qt hr h hour hours kilogram "
        "kilograms gram grams liter litre liters litres meter metre meters metres pound pounds",
    )
)
_PERCENT = re.compile(r"(\d{1,3}(?:[.,]\d{1,4})?)\s*%")
_NUMBER = re.compile(r"\d{1,3}(?:[.,]\d{1,4})?")

Path = tuple[str, ...]


def fold(text: str) -> str:
    """How names are compared: whatever their case and spaces."""
    return " ".join(text.casefold().split())


def percent_in(text: str) -> Decimal | None:
    """The rate that a name such as “VAT 20%”, “20 %” or “20” speaks of."""
    found = _PERCENT.search(text)
    number = found[1] if found else text.strip() if _NUMBER.fullmatch(text.strip()) else None
    return None if number is None else Decimal(number.replace(",", "."))


class Shelves:
    """Finds ids by name, and makes what is missing when it is first asked for.

    What is made waits in `new`, in an order in which parents come first, until it is written.
    Where several have one name, one in use comes before one that is not, then the oldest.
    """

    def __init__(self, *, create: bool) -> None:
        self.create = create
        self.new: list[Any] = []
        self.made: Callable[[str, str], None] = lambda table, name: None
        self._read_categories()
        self._brands = self._by_name(Brand.objects.all(), lambda row: [row.name])
        self._units = self._by_name(Unit.objects.all(), lambda row: [row.name, row.short_name])
        rates = list(TaxRate.objects.all())
        self._rates = self._by_name(rates, lambda row: [row.name])
        self._by_rate = self._by_name(
            sorted(rates, key=lambda row: not row.is_default),
            lambda row: [plain_number(row.rate)],
        )
        self.default_rate: uuid.UUID | None = next(
            (row.pk for row in rates if row.is_default and row.is_active), None
        )
        self.names: dict[uuid.UUID, str] = {}
        for table in (self._brands, self._units, self._rates):
            self.names |= {row.pk: row.name for row in table.values()}
        self._read_locations()

    @staticmethod
    def _by_name(rows: Iterable[Any], names: Callable[[Any], list[str]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for row in sorted(rows, key=lambda row: not row.is_active):
            for name in names(row):
                found.setdefault(fold(name), row)
        return found

    def _read_categories(self) -> None:
        rows = list(Category.objects.order_by("-is_active", "pk"))
        self._categories: dict[tuple[uuid.UUID | None, str], uuid.UUID] = {}
        self._parents: dict[uuid.UUID, tuple[uuid.UUID | None, str]] = {}
        for row in rows:
            self._categories.setdefault((row.parent_id, fold(row.name)), row.pk)
            self._parents[row.pk] = (row.parent_id, row.name)

    def _read_locations(self) -> None:
        self.locations: dict[uuid.UUID, Location] = {}
        self._places: dict[str, uuid.UUID] = {}
        rows = list(Location.objects.order_by("-is_active", "pk"))
        for row in rows:
            self.locations[row.pk] = row
            self._places.setdefault(fold(row.code), row.pk)
        for row in rows:
            self._places.setdefault(fold(row.name), row.pk)

    # -- locations ----------------------------------------------------------------------------

    def location(self, name: str) -> uuid.UUID | None:
        """By code, or by name."""
        return self._places.get(fold(name))

    def only_location(self) -> uuid.UUID | None:
        """The one that is meant where there is but one in use."""
        active = [row.pk for row in self.locations.values() if row.is_active]
        return active[0] if len(active) == 1 else None

    # -- what a product is described with -------------------------------------------------------

    def problems(self, draft: ProductDraft, column: Callable[[str], str]) -> list[Problem]:
        """What this draft names and cannot have; nothing is made. `column` is what the file calls
        a field."""
        found = []

        def wrong(field: str, value: str, reason: str) -> None:
            found.append(Problem(draft.row, column(field), value, reason))

        for field, name, there in (
            ("category", " > ".join(draft.category or ()), self._has_path(draft.category)),
            ("brand", draft.brand, self._has(self._brands, draft.brand)),
            ("unit", draft.unit, self._has(self._units, draft.unit)),
        ):
            if name and not there and not self.create:
                wrong(field, name, _("is not here yet"))
        if draft.tax_rate and self._rate(draft.tax_rate) is None:
            if not self.create:
                wrong("tax_rate", draft.tax_rate, _("is not here yet"))
            elif percent_in(draft.tax_rate) is None:
                reason = _("is no tax rate here, and has no percentage to make one of")
                wrong("tax_rate", draft.tax_rate, reason)
        for field, name, limit in (
            *(("category", part, 200) for part in draft.category or ()),
            ("brand", draft.brand or "", 200),
            ("unit", draft.unit or "", 100),
            ("tax_rate", draft.tax_rate or "", 100),
        ):
            if len(name) > limit:
                wrong(field, name, _("is longer than %(limit)d characters") % {"limit": limit})
        return found

    @staticmethod
    def _has(table: dict[str, Any], name: str | None) -> bool:
        return not name or fold(name) in table

    def _has_path(self, path: Path | None) -> bool:
        above: uuid.UUID | None = None
        for part in path or ():
            found = self._categories.get((above, fold(part)))
            if found is None:
                return False
            above = found
        return True

    def ids(self, draft: ProductDraft) -> dict[str, uuid.UUID | None]:
        """{column: id} of what the draft names; makes what is missing.

        To be asked only for what `problems()` has nothing against.
        """
        found: dict[str, uuid.UUID | None] = {}
        if draft.category is not None:
            found["category_id"] = self._category(draft.category)
        if draft.brand is not None:
            found["brand_id"] = self._brand(draft.brand)
        if draft.unit is not None:
            found["unit_id"] = self._unit(draft.unit)
        if draft.tax_rate is not None:
            found["tax_rate_id"] = self._tax_rate(draft.tax_rate)
        return found

    def _category(self, path: Path) -> uuid.UUID | None:
        above: uuid.UUID | None = None
        for part in path:
            key = (above, fold(part))
            if key not in self._categories:
                row = Category(name=part, parent_id=above)
                self._categories[key] = row.pk
                self._parents[row.pk] = (above, part)
                self._make(row, "categories", self.path(row.pk) or part)
            above = self._categories[key]
        return above

    def _brand(self, name: str) -> uuid.UUID | None:
        if not name:
            return None
        key = fold(name)
        if key not in self._brands:
            self._brands[key] = self._make(Brand(name=name), "brands", name)
        return self._id(self._brands[key])

    def _unit(self, name: str) -> uuid.UUID | None:
        if not name:
            return None
        key = fold(name)
        if key not in self._units:
            row = Unit(name=name, short_name=name[:20], allow_decimal=key in FRACTIONS)
            self._units[key] = self._make(row, "units", name)
        return self._id(self._units[key])

    def _rate(self, name: str) -> Any:
        """By name; a bare percentage by its rate too."""
        row = self._rates.get(fold(name))
        if row is None and not re.sub(r"[\d.,%\s]", "", name):
            percent = percent_in(name)
            row = None if percent is None else self._by_rate.get(plain_number(percent))
        return row

    def _tax_rate(self, name: str) -> uuid.UUID | None:
        if not name:
            return None
        row = self._rate(name)
        if row is None:
            row = TaxRate(name=name, rate=percent_in(name) or Decimal(0))
            self._rates[fold(name)] = row
            self._by_rate.setdefault(plain_number(row.rate), row)
            self._make(row, "tax_rates", name)
        return self._id(row)

    def _make(self, row: Any, table: str, name: str) -> Any:
        self.new.append(row)
        self.names[row.pk] = row.name
        self.made(table, name)
        return row

    @staticmethod
    def _id(row: Any) -> uuid.UUID:
        key: uuid.UUID = row.pk
        return key

    def take_new(self) -> list[Any]:
        """What was made since it was asked last, for writing."""
        taken, self.new = self.new, []
        return taken

    # -- names of ids -------------------------------------------------------------------------

    def path(self, category_id: uuid.UUID | None) -> str:
        """The names from the top, as a person reads them."""
        names: list[str] = []
        while category_id is not None and len(names) < 50:
            category_id, name = self._parents[category_id]
            names.append(name)
        return " > ".join(reversed(names))

    def name(self, column: str, key: uuid.UUID | None) -> str:
        if key is None:
            return ""
        return self.path(key) if column == "category_id" else self.names.get(key, "")
