"""How the tests of the API ask: JSON in and out, by people and by terminals."""

from __future__ import annotations

import json
from typing import Any

from django.test import Client

from inventory.models import Variation
from tenants.ids import uuid7
from tests.factories import Shop

ROOT = "/api/v1/"


def post(client: Client, url: str, body: Any) -> Any:
    return client.post(url, body, content_type="application/json")


def line(variation: Variation, quantity: str = "1", **fields: Any) -> dict[str, Any]:
    return {"variation": str(variation.pk), "quantity": quantity, **fields}


def sale_body(shop: Shop, *lines: dict[str, Any], total: str, **fields: Any) -> dict[str, Any]:
    """A sale at the shop's register, paid in cash exactly unless told otherwise."""
    return {
        "id": str(uuid7()),
        "register": str(shop.register.pk),
        "lines": list(lines),
        "payments": [{"method": "cash", "amount": total}],
        "total": total,
        **fields,
    }


def said(response: Any, status: int, code: str) -> dict[str, Any]:
    """The fields of an error, after looking at its one shape."""
    assert response.status_code == status, (response.status_code, response.content)
    assert response["Content-Type"].startswith("application/json")
    content = response.json()
    assert content.keys() == {"code", "message", "fields"}
    assert content["code"] == code
    assert content["message"]
    fields: dict[str, Any] = content["fields"]
    return fields


# Every endpoint with a verb it has, in the order of docs/api.md; ids are filled in by `address`.
ENDPOINTS = [
    ("POST", "token/roll"),
    ("GET", "operators"),
    ("POST", "operators/sign-in"),
    ("POST", "operators/sign-out"),
    ("POST", "approvals"),
    ("GET", "me"),
    ("GET", "items?register={register}"),
    ("GET", "items/lookup?register={register}&code=TEA"),
    ("GET", "products?status=all"),
    ("POST", "products"),
    ("GET", "products/{product}"),
    ("PATCH", "products/{product}"),
    ("DELETE", "products/{product}"),
    ("PATCH", "products/{product}/prices"),
    ("GET", "products/{product}/picture"),
    ("PUT", "products/{product}/picture"),
    ("DELETE", "products/{product}/picture"),
    ("GET", "locations"),
    ("GET", "locations/{location}"),
    ("GET", "registers"),
    ("POST", "registers"),
    ("GET", "registers/{register}"),
    ("PATCH", "registers/{register}"),
    ("GET", "suppliers"),
    ("POST", "suppliers"),
    ("GET", "suppliers/{supplier}"),
    ("PATCH", "suppliers/{supplier}"),
    ("GET", "categories"),
    ("POST", "categories"),
    ("GET", "categories/{category}"),
    ("PATCH", "categories/{category}"),
    ("DELETE", "categories/{category}"),
    ("GET", "brands"),
    ("POST", "brands"),
    ("GET", "brands/{brand}"),
    ("PATCH", "brands/{brand}"),
    ("DELETE", "brands/{brand}"),
    ("GET", "units"),
    ("POST", "units"),
    ("GET", "units/{unit}"),
    ("PATCH", "units/{unit}"),
    ("DELETE", "units/{unit}"),
    ("GET", "tax-rates"),
    ("POST", "tax-rates"),
    ("GET", "tax-rates/{tax_rate}"),
    ("PATCH", "tax-rates/{tax_rate}"),
    ("DELETE", "tax-rates/{tax_rate}"),
    ("GET", "stock"),
    ("GET", "stock/movements?variation={variation}"),
    ("GET", "stock/variations/{variation}"),
    ("GET", "stock/corrections"),
    ("POST", "stock/corrections"),
    ("GET", "stock/corrections/{correction}"),
    ("GET", "review"),
    ("GET", "review/{review}"),
    ("POST", "review/{review}/settle"),
    ("GET", "customers"),
    ("POST", "customers"),
    ("GET", "customers/{customer}"),
    ("PATCH", "customers/{customer}"),
    ("GET", "customers/{customer}/totals"),
    ("GET", "customers/{customer}/credit"),
    ("POST", "customers/{customer}/credit/grants"),
    ("POST", "customers/{customer}/credit/corrections"),
    ("POST", "shifts"),
    ("GET", "shifts/{shift}"),
    ("POST", "shifts/{shift}/close"),
    ("GET", "shifts/{shift}/cash-movements"),
    ("POST", "shifts/{shift}/cash-movements"),
    ("POST", "cash-movements/{movement}/correct"),
    ("GET", "shifts/{shift}/reading"),
    ("GET", "z-readings"),
    ("POST", "z-readings"),
    ("GET", "z-readings/{reading}"),
    ("GET", "day"),
    ("GET", "sales"),
    ("POST", "sales"),
    ("POST", "sales/batch"),
    ("POST", "series"),
    ("GET", "sales/{sale}"),
    ("POST", "sales/{sale}/void"),
    ("POST", "sales/{sale}/refunds"),
    ("POST", "sales/{sale}/refunds/quote"),
    ("POST", "sales/{sale}/exchanges"),
    ("POST", "sales/{sale}/exchanges/quote"),
    ("GET", "sales/{sale}/receipt"),
    ("GET", "sync"),
    ("GET", "sync/checksums"),
    ("GET", "sync/buckets/{kind}/{bucket}"),
    ("GET", "credits/balance"),
    ("GET", "credits/transactions"),
]
# What needs no permission: being inside is enough.
FREE = {"me", "token/roll", "operators", "operators/sign-in", "operators/sign-out", "approvals"}
OF_STOCK = ("product", "category", "brand", "unit", "tax_rate", "variation", "correction", "review")
OF_SHOPS = ("location", "supplier")
NOWHERE = "01900000-0000-7000-8000-000000000000"


def address(path: str, root: str = ROOT, **ids: Any) -> str:
    """The address of an endpoint; ids that are not given lead nowhere."""
    known = dict.fromkeys((*OF_STOCK, *OF_SHOPS), NOWHERE) | dict.fromkeys(
        ("register", "shift", "sale", "customer", "movement", "reading"), NOWHERE
    )
    known |= {"kind": "products", "bucket": "00"} | ids
    return root + path.format(**known)


def ask(client: Client, verb: str, url: str, body: Any = None) -> Any:
    """Any verb, with JSON where it has a body, or with the bytes of a PNG picture."""
    if isinstance(body, bytes):
        return client.generic(verb, url, body, content_type="image/png")
    return client.generic(
        verb,
        url,
        "" if verb in {"GET", "HEAD"} else json.dumps(body or {}),
        content_type="application/json",
    )
