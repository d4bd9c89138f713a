"""POST sales: what is recorded, what is refused and how, and the same request again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from inventory.models import StockLevel
from sales.models import Register, Sale
from tenants.context import business
from tenants.ids import uuid7
from tests.api.calls import line, post, sale_body, said
from tests.factories import Shop, make_device, with_token

URL = "/api/v1/sales"


def mugs(shop: Shop, **fields: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"total": "10.00", **fields}
    return sale_body(shop, line(shop.mug, "2"), **values)


def test_a_terminal_sells(open_shop: Shop, terminal: Client) -> None:
    body = sale_body(
        open_shop,
        line(open_shop.mug, "2", discount={"kind": "percent", "value": "10"}),
        line(open_shop.tea, "0.5"),
        total="15.50",
        payments=[
            {"method": "cash", "amount": "20.00"},
        ],
        customer=str(open_shop.customer.pk),
        note="In a hurry",
    )
    response = post(terminal, URL, body)
    assert response.status_code == 201, response.content
    sale = response.json()
    assert sale["id"] == body["id"]
    assert sale["number"] == "ACM1-000001"
    assert (sale["kind"], sale["total"], sale["to_pay"], sale["change"]) == (
        "sale",
        "15.50",
        "15.50",
        "4.50",
    )
    assert sale["location"]["name"] == "High Street"
    assert sale["customer"] == {"id": str(open_shop.customer.pk), "name": "Carla of acme"}
    assert sale["operator"] == "Acme.Cashier Person"
    first = sale["lines"][0]
    assert (first["quantity"], first["unit_price"], first["gross"], first["discount"]) == (
        "2",
        "5.00",
        "10.00",
        "1.00",
    )
    assert sale["taxes"] == [{"name": "VAT 20%", "rate": "20", "net": "12.92", "tax": "2.58"}]
    assert sale["sold_at"].endswith(("+01:00", "+02:00"))
    assert sale["receipt_url"] == f"/b/acme/sales/{sale['id']}/receipt/"
    assert response["Cache-Control"] == "private, no-store"
    with business(open_shop.business):
        assert StockLevel.objects.get(variation=open_shop.mug).quantity == 8
        assert Sale.objects.get().device is not None
