"""How the tests of the API ask: JSON in and out, by people and by terminals."""

from __future__ import annotations

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
