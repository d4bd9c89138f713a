"""GET sales/ID/receipt: text for a printer, and the page."""

from __future__ import annotations

from decimal import Decimal

from django.test import Client

from sales.receipts import columns
from sales.shifts import close_shift
from tenants.context import business
from tests.api.calls import NOWHERE, line, post, said, sale_body
from tests.factories import Shop, make_device, with_token


def test_a_receipt_in_lines_of_42_columns(
    open_shop: Shop, terminal: Client, strange_terminal: Client
) -> None:
    body = sale_body(
        open_shop,
        line(open_shop.mug, "2"),
        total="10.00",
        payments=[{"method": "cash", "amount": "20.00"}],
    )
    sale = post(terminal, "/api/v1/sales", body).json()
    url = f"/api/v1/sales/{sale['id']}/receipt"
    receipt = terminal.get(url).json()
    assert receipt.keys() == {"number", "text", "html_url"}
    assert receipt["number"] == "ACM1-000001"
    assert receipt["html_url"] == sale["receipt_url"] == f"/b/acme/sales/{sale['id']}/receipt/"
    assert max(columns(text) for text in receipt["text"]) <= 42
    text = "\n".join(receipt["text"])
    for part in ("Acme", "Blue mug", "ACM1-000001", "10.00", "20.00"):
        assert part in text
    said(strange_terminal.get(url), 404, "not_found")
    said(terminal.get(f"/api/v1/sales/{NOWHERE}/receipt"), 404, "not_found")


def test_printing_again_is_a_right_as_on_the_page(open_shop: Shop, terminal: Client) -> None:
    body = sale_body(open_shop, line(open_shop.mug), total="5.00")
    url = f"/api/v1/sales/{post(terminal, '/api/v1/sales', body).json()['id']}/receipt"
    assert "COPY" not in "\n".join(terminal.get(url).json()["text"])
    viewer = make_device(open_shop, user=open_shop.people["Accountant"])[1]
    assert "COPY" in "\n".join(with_token(viewer).get(url).json()["text"])
    without = make_device(open_shop, user=open_shop.people["Viewer"])[1]
    said(with_token(without).get(url), 403, "permission_denied")
    with business(open_shop.business):
        register = open_shop.register
        close_shift(actor=open_shop.cashier, shift=register.shifts.get(), counted_cash=Decimal(55))
    assert "COPY" in "\n".join(terminal.get(url).json()["text"])
