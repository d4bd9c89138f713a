"""Writing a product: JSON into the forms of its page, which judge it, and their errors back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from accounts.access import can, demand, visible_locations
from accounts.bodies import Body, refuse
from accounts.permissions import Permission
from inventory.api.reading import (
    confirmed,
    made_id,
    posted,
    problems_of,
    read_fields,
    speaks_of_links,
    stored_fields,
)
from inventory.forms.products import MOST_ROWS, ProductForm, Rights, VariationRows
from inventory.models import Barcode, Product, TaxRate, Variation
from inventory.products import save_product
from tenants.context import current

P = Permission

FIELDS = (
    "name",
    "description",
    "category",
    "brand",
    "unit",
    "tax_rate",
    "tax_inclusive",
    "is_stocked",
    "is_for_sale",
    "alert_quantity",
)
MOST_CODES = 50
LONGEST_CODE = Barcode._meta.get_field("code").max_length or 64


@dataclass(frozen=True, slots=True)
class Part:
    """A variation as it was sent. `barcodes` None: they were not."""

    id: uuid.UUID | None
    values: Mapping[str, Any]
    barcodes: Sequence[str] | None = None
    opening: Sequence[tuple[uuid.UUID, Decimal]] = ()
    remove: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A product as it was sent: what is not in `values` was not. `parts` None: no variations."""

    values: Mapping[str, Any]
    parts: Sequence[Part] | None
    confirm: bool


def read_new(body: Body) -> Asked:
    """Of a request that makes a product. What is wrong stands in `body` until it is finished."""
    values = read_fields(body, Product, [*FIELDS, "adds_credit"])
    body.text("name", most=300, required=True)
    parts = [_new_part(part) for part in body.parts("variations", most=MOST_ROWS)]
    if not parts and body.has("variations"):
        body.problem("variations", _("A product needs at least one variation."))
    return Asked(values, parts, body.flag("confirm"))


def read_change(body: Body) -> Asked:
    values = read_fields(body, Product, [*FIELDS, "is_active"])
    parts = None
    if body.sent("variations"):
        parts = [_changed_part(part) for part in body.parts("variations", most=MOST_ROWS)]
    return Asked(values, parts, body.flag("confirm"))


def _new_part(part: Body) -> Part:
    values = read_fields(part, Variation, ("name", "sku", "cost"))
    sent = part.parts("opening_stock", most=MOST_ROWS) if part.has("opening_stock") else ()
    opening = [(one.uuid("location"), one.amount("quantity")) for one in sent]
    return Part(None, {**values, "price": part.amount("price")}, _codes(part) or (), opening)


def _changed_part(part: Body) -> Part:
    if not part.has("id"):
        return _new_part(part)
    values = read_fields(part, Variation, ("name", "sku", "cost", "price", "is_active"))
    return Part(part.uuid("id"), values, _codes(part), remove=part.flag("remove"))


def _codes(part: Body) -> list[str] | None:
    if not part.sent("barcodes"):
        return None
    codes = part.texts("barcodes", most=MOST_CODES, longest=LONGEST_CODE)
    if any("," in code for code in codes):
        part.problem("barcodes", _("A barcode has no comma."))
    return codes


# -- judging and saving ---------------------------------------------------------------------------


@dataclass(slots=True)
class Rows:
    """The rows that go to the form, each with its place in the request (None: not in it)."""

    data: dict[str, str] = field(default_factory=dict)
    places: list[int | None] = field(default_factory=list)

    def add(
        self,
        place: int | None,
        *,
        key: uuid.UUID | None,
        values: Mapping[str, Any],
        codes: Sequence[str],
        remove: bool = False,
    ) -> str:
        """Returns the beginning of the names of its fields."""
        prefix = f"row-{len(self.places)}-"
        self.data |= posted({**values, "remove": remove, "barcodes": ",".join(codes)}, prefix)
        if key is not None:
            self.data[f"{prefix}id"] = str(key)
        self.places.append(place)
        return prefix


def demand_rights(request: Any, asked: Asked) -> None:
    """Raises PermissionDenied for a cost, a price or opening stock that one may not set."""
    for part in asked.parts or ():
        if "cost" in part.values:
            demand(request, P.PRODUCT_VIEW_PURCHASE_PRICE)
        if part.id is not None and "price" in part.values:
            demand(request, P.PRODUCT_PRICE_GLOBAL)
        if part.opening:
            demand(request, P.PRODUCT_OPENING_STOCK)


def create(request: Any, asked: Asked, *, key: uuid.UUID, sent: str) -> Product:
    """The new product. Raises Refused with the field, and IntegrityError where somebody else was
    quicker with its id or a code. `sent` becomes part of its variations' ids, see `is_repeated`."""
    parts = asked.parts or ()
    single = len(parts) == 1 and not parts[0].values.get("name")
    product = Product(pk=key, kind=Product.Kind.SINGLE if single else Product.Kind.VARIABLE)
    values = {
        "tax_rate": TaxRate.objects.filter(is_default=True, is_active=True)
        .values_list("pk", flat=True)
        .first()
        if "tax_rate" not in asked.values
        else None,
        "tax_inclusive": current().prices_include_tax,
        "is_stocked": True,
        "is_for_sale": True,
        **asked.values,
    }
    rows = Rows()
    for place, part in enumerate(parts):
        prefix = rows.add(place, key=None, values=part.values, codes=part.barcodes or ())
        _add_opening(rows, prefix, part)
    return _save(request, product, values, rows, asked, sent=sent)


def is_repeated(key: uuid.UUID, sent: str) -> bool:
    """Whether the product with this id was made by this very request.

    The ids of its variations are made of both; it is another one once its first is removed.
    """
    return Variation.objects.filter(pk=made_id(key, sent, 0), product=key).exists()


def change(request: Any, product: Product, asked: Asked) -> None:
    """Change a product that is locked already; raises as `create` does."""
    stored = list(Variation.objects.filter(product=product).prefetch_related("barcodes"))
    wakes = asked.values.get("is_active") is True and not product.is_active
    parts = asked.parts or ()
    several = len(stored) > 1 or any(part.id is None or part.values.get("name") for part in parts)
    if several:
        product.kind = Product.Kind.VARIABLE
    rows = Rows()
    if asked.parts is not None or wakes:
        _put_in_place(rows, stored, parts, single=product.kind == Product.Kind.SINGLE)
    names = [*FIELDS, "adds_credit", "is_active"]
    values = {**stored_fields(product, names), **asked.values}
    _save(request, product, values, rows, asked, sent="")


def _put_in_place(
    rows: Rows, stored: Sequence[Variation], parts: Sequence[Part], *, single: bool
) -> None:
    """All that the product has, with what was sent in the place of it, and then what is new."""
    by_id = {part.id: place for place, part in enumerate(parts) if part.id is not None}
    known = {one.pk for one in stored}
    wrong = {
        f"variations.{place}.id": [_("This product has no such variation.")]
        for place, part in enumerate(parts)
        if part.id is not None and (part.id not in known or by_id[part.id] != place)
    }
    refuse(wrong)
    names = ("sku", "cost", "price") if single else ("name", "sku", "cost", "price", "is_active")
    for one in stored:
        place = by_id.get(one.pk)
        part = Part(one.pk, {}) if place is None else parts[place]
        codes = part.barcodes
        if codes is None:
            codes = [barcode.code for barcode in one.barcodes.all()]
        values = {**stored_fields(one, names), **part.values}
        rows.add(place, key=one.pk, values=values, codes=codes, remove=part.remove)
    for place, part in enumerate(parts):
        if part.id is None:
            prefix = rows.add(place, key=None, values=part.values, codes=part.barcodes or ())
            _add_opening(rows, prefix, part)


def _add_opening(rows: Rows, prefix: str, part: Part) -> None:
    for location, quantity in part.opening:
        rows.data[f"{prefix}opening_{location.hex}"] = f"{quantity:f}"


def _save(
    request: Any,
    product: Product,
    values: Mapping[str, Any],
    rows: Rows,
    asked: Asked,
    *,
    sent: str,
) -> Product:
    """`sent` is empty where ids need not tell what was sent."""
    single = product.kind == Product.Kind.SINGLE
    rights = Rights(
        cost=can(request, P.PRODUCT_VIEW_PURCHASE_PRICE),
        price=can(request, P.PRODUCT_PRICE_GLOBAL),
        opening=can(request, P.PRODUCT_OPENING_STOCK),
    )
    locations = list(visible_locations(request).filter(is_active=True))
    refuse(_unknown_places(asked, {place.pk for place in locations}))
    form = ProductForm(posted(values), None, instance=product)
    speaks_of_links(form)
    table = VariationRows(
        {**rows.data, "rows": str(len(rows.places))},
        product=product,
        single=single,
        rights=rights,
        locations=locations,
    )
    if sent:
        for index, one in enumerate(table.forms):
            one.instance.pk = made_id(product.pk, sent, index)
    _judge(form, table, rows, asked)
    confirmed(table.doubts(), confirm=asked.confirm)
    save_product(
        actor=request.user, product=form.instance, rows=table.rows(), device=request.device
    )
    return product


def _judge(form: ProductForm, table: VariationRows, rows: Rows, asked: Asked) -> None:
    """Raises Refused with a sentence beside each field that is wrong."""
    form.is_valid()
    product = form.instance
    unit = form.cleaned_data.get("unit")
    if rows.places:
        table.is_valid(
            active=product.is_active,
            stocked=product.is_stocked,
            decimals=unit is not None and unit.allow_decimal,
        )
    problems = problems_of(form)
    for place, one in zip(rows.places, table.forms, strict=False):
        found = problems_of(one, _path_of(place))
        for path, sentences in found.items():
            problems.setdefault(path, []).extend(sentences)
    if table.errors:
        problems.setdefault("variations", []).extend(table.errors)
    if asked.values.get("adds_credit"):
        _contradictions(asked, problems)
    refuse(problems)


def _path_of(place: int | None) -> Any:
    def path(name: str) -> str:
        if place is None:
            return "variations"
        name = "opening_stock" if name.startswith("opening_") else name
        return f"variations.{place}.{name}"

    return path


def _contradictions(asked: Asked, problems: dict[str, list[str]]) -> None:
    """The page quietly unticks what is ticked by default; a program has said what it wants."""
    if asked.values.get("is_stocked"):
        problems.setdefault("is_stocked", []).append(_("Credit is not kept in stock."))
    if asked.values.get("tax_rate"):
        said = _("Credit is taxed when it is spent, not now.")
        problems.setdefault("tax_rate", []).append(said)


def _unknown_places(asked: Asked, known: set[uuid.UUID]) -> dict[str, list[str]]:
    said = _("There is no such location here.")
    return {
        f"variations.{place}.opening_stock.{index}.location": [said]
        for place, part in enumerate(asked.parts or ())
        for index, (location, _quantity) in enumerate(part.opening)
        if location not in known
    }
