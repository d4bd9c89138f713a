"""Every route of the product, from the URL resolver, and how its parameters are filled."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models
from django.urls import get_resolver

from accounts.models import Device, Membership, Role
from archive.models import ImportBatch, Job, SavedMapping
from inventory.models import Brand, Category, Product, StockDocument, TaxRate, Unit, Variation
from purchasing.models import Supplier
from sales.models import (
    CashMovement,
    Customer,
    Pairing,
    Register,
    ReviewItem,
    Sale,
    Shift,
    ZReading,
)
from tenants.models import Location
from webhooks.models import Delivery, Endpoint

INSIDE, DEVICES, OUTSIDE = "pos.business_urls", "pos.device_urls", "pos.urls"
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")

# Which row a route's `pk` is, by the first word of the route.
BY_WORD: dict[str, type[models.Model]] = {
    "brands": Brand,
    "categories": Category,
    "corrections": StockDocument,
    "customers": Customer,
    "devices": Device,
    "locations": Location,
    "pairings": Pairing,
    "people": Membership,
    "products": Product,
    "registers": Register,
    "review": ReviewItem,
    "roles": Role,
    "sales": Sale,
    "shifts": Shift,
    "suppliers": Supplier,
    "tax-rates": TaxRate,
    "units": Unit,
    "z-readings": ZReading,
    "cash-movements": CashMovement,
}
BY_NAME: dict[str, type[models.Model]] = {
    "batch_id": ImportBatch,
    "job_id": Job,
    "mapping_id": SavedMapping,
    "customer_id": Customer,
    "location_id": Location,
    "sale_id": Sale,
    "endpoint_id": Endpoint,
    "delivery_id": Delivery,
    "key_id": Device,
    "shift_id": Shift,
    "movement_id": CashMovement,
    "reading_id": ZReading,
    "variation_id": Variation,
    "product_id": Product,
    "category_id": Category,
    "brand_id": Brand,
    "unit_id": Unit,
    "tax_rate_id": TaxRate,
    "correction_id": StockDocument,
    "review_id": ReviewItem,
    "register_id": Register,
    "supplier_id": Supplier,
}
# Parameters that name no row of a business.
PLAIN = {
    "form": "csv",
    "bucket": "00",
    "business_slug": "rival",
    "kind": "products",
    "uid": "MQ",
    "token": "cabc12-0123456789abcdef0123456789abcdef",
    "url": "no/such/page",
}

PARAMETER = re.compile(r"<(?:(?P<converter>\w+):)?(?P<name>\w+)>")


class Unfillable(Exception):
    """A route with a parameter that nobody has said how to fill."""


@dataclass(frozen=True)
class Route:
    urlconf: str
    template: str
    name: str
    view: Callable[..., Any]

    @property
    def is_admin(self) -> bool:
        return self.template.startswith("admin/")

    @property
    def parameters(self) -> list[str]:
        return [match["name"] for match in PARAMETER.finditer(self.template)]

    def tables(self) -> dict[str, type[models.Model]]:
        """The model of each parameter that is the key of a row. Raises Unfillable."""
        found = {}
        for name in self.parameters:
            if name in PLAIN:
                continue
            found[name] = self._model(name)
        return found

    def _model(self, name: str) -> type[models.Model]:
        words = self.template.split("/")
        if self.is_admin and name == "object_id":
            return apps.get_model(words[1], words[2])
        if name in BY_NAME:
            return BY_NAME[name]
        if name == "pk" and words[0] in BY_WORD:
            return BY_WORD[words[0]]
        raise Unfillable(f"{self.template}: how is {name} filled? Say it in routes.py.")

    def path(self, rows: dict[type[models.Model], Any] | Callable[[Any], Any]) -> str:
        """The path with the keys of these rows; `rows` may also be a function of the model."""
        keys = self.tables()
        look = rows if callable(rows) else rows.__getitem__

        def fill(match: re.Match[str]) -> str:
            name = match["name"]
            if name in PLAIN:
                return PLAIN[name]
            row = look(keys[name])
            return str(getattr(row, "pk", row))

        return PARAMETER.sub(fill, self.template)


def routes(*urlconfs: str) -> list[Route]:
    return [
        Route(urlconf, template, pattern.name or "", pattern.callback)
        for urlconf in urlconfs
        for template, pattern in _walk(get_resolver(urlconf), "")
    ]


def pages() -> list[Route]:
    """What answers inside a business with a page of ours: not the admin's, and not the API's."""
    return [
        route
        for route in routes(INSIDE)
        if not route.is_admin and not route.template.startswith("api/")
    ]


def _walk(resolver: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in resolver.url_patterns:
        text = prefix + str(pattern.pattern)
        if hasattr(pattern, "url_patterns"):
            yield from _walk(pattern, text)
        elif "(?P" in text:
            yield from _expanded(text, pattern)
        else:
            yield text, pattern


def _expanded(text: str, pattern: Any) -> Iterator[tuple[str, Any]]:
    """Regular expressions of the admin: a choice of words, or a rest."""
    choice = re.search(r"\^?\(\?P<(\w+)>([\w|]+)\)/\$$", text)
    rest = re.search(r"\(\?P<(\w+)>\.\*\)\$$", text)
    if choice:
        for word in choice[2].split("|"):
            yield text[: choice.start()] + word + "/", pattern
    elif rest:
        yield text[: rest.start()] + f"<{rest[1]}>", pattern
    else:
        raise Unfillable(text)


def declares_needs(view: Callable[..., Any]) -> bool:
    """Whether the view says what it needs; an API view for each verb that it has."""
    declared = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if hasattr(view, "needs"):
        return True
    if declared is None or not isinstance(getattr(declared, "needs", None), dict):
        return False
    verbs = {"GET", "POST", "PUT", "PATCH", "DELETE"}
    return {verb for verb in verbs if hasattr(declared, verb.lower())} <= set(declared.needs)
