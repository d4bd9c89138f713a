"""Every row has its parents, and they are of the same business (DESIGN 3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import available_timezones

from babel.numbers import list_currencies
from django.db import connection
from django.db.models import Exists, ForeignKey, Model, OuterRef
from django.utils.translation import gettext_lazy as _

from accounts.models import Membership, User
from archive.verify.rules import Look, Rule, rule
from inventory.models import StockLevel, StockMovement, Variation
from tenants.checks import has_business, tenant_models
from tenants.context import current, platform
from tenants.models import Business, Location, TenantForeignKey

AREA = "walls"


def orphans(look: Look, model: Any, name: str) -> None:
    """Rows whose `name` refers to no row of this business.

    On PostgreSQL a row of another business cannot be told from none: row-level security hides it.
    """
    field = model._meta.get_field(name)
    target = field.remote_field.model
    there = target._default_manager.filter(pk=OuterRef(field.attname))
    wrong = model.objects.filter(~Exists(there), **{f"{name}__isnull": False})
    rows = look.first(wrong, field.attname)
    foreign = _of_others(target, [key for _pk, key in rows]) if rows else set()
    for pk, key in rows:
        found = "a row of another business" if key in foreign else f"{key}, which does not exist"
        look.tell(model, pk, field.column, f"a row of {target._meta.db_table} here", found)


def _of_others(target: Any, keys: list[Any]) -> set[Any]:
    if connection.vendor == "postgresql" or not has_business(target):
        return set()
    with platform("whether a key that leads nowhere here is another business's; shows no more"):
        return set(target.objects.filter(pk__in=keys).values_list("pk", flat=True))


def references() -> Iterator[tuple[type[Model], str]]:
    """Every reference of a tenant's table to another one, and to people."""
    for model in tenant_models():
        fields: Any = model._meta.concrete_fields
        for field in fields:
            if isinstance(field, TenantForeignKey) or (
                isinstance(field, ForeignKey) and field.remote_field.model is User
            ):
                yield model, field.name


# These are told by rules of their own, in words that fit them.
TOLD_APART = {
    (Variation, "product"), (StockLevel, "variation"), (StockLevel, "location"),
    (StockMovement, "level"), (Membership, "role"), (Membership, "user"),
}  # fmt: skip


@rule(AREA, _("A row belongs to something that is not there, or that is another business's."),
      weight=12)  # fmt: skip
def row_has_its_parents(look: Look) -> None:
    """DESIGN 3, wall 3: a reference stays in its business, and leads to a row."""
    every = [pair for pair in references() if pair not in TOLD_APART]
    for number, (model, name) in enumerate(every):
        look.step(number, len(every))
        orphans(look, model, name)


@rule(AREA, _("A variation belongs to no product of this business."))
def variation_has_its_product(look: Look) -> None:
    """FORMATS 1: variations without their parents."""
    orphans(look, Variation, "product")


@rule(AREA, _("Stock is kept of a product, or at a location, that this business does not have."))
def stock_has_its_product_and_place(look: Look) -> None:
    """FORMATS 1: stock without its parents."""
    orphans(look, StockLevel, "variation")
    orphans(look, StockLevel, "location")


@rule(AREA, _("A stock movement belongs to no stock level."), weight=2)
def movement_has_its_level(look: Look) -> None:
    """DESIGN 5: a movement changes one level."""
    orphans(look, StockMovement, "level")


@rule(AREA, _("A time zone or a currency is not one that exists."))
def zone_and_currency_are_known(look: Look) -> None:
    """DESIGN 6: business dates need a zone; DESIGN 4: amounts need a minor unit."""
    zones = available_timezones()
    business = current()
    if business.time_zone not in zones:
        look.tell(Business, business.pk, "time_zone", "a time zone", business.time_zone)
    if business.currency not in list_currencies():
        look.tell(Business, business.pk, "currency", "an ISO 4217 currency", business.currency)
    places = Location.objects.exclude(own_time_zone="").order_by("pk")
    for pk, zone in places.values_list("pk", "own_time_zone"):
        if zone not in zones:
            look.tell(Location, pk, "own_time_zone", "a time zone", zone)


RULES: tuple[Rule, ...] = (
    row_has_its_parents,
    variation_has_its_product,
    stock_has_its_product_and_place,
    movement_has_its_level,
    zone_and_currency_are_known,
)
