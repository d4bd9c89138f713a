"""What is said of each event, and what follows from one."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from archive.products.importing import import_products, undo_import
from inventory.ledger import correct
from inventory.models import Product, StockDocument, StockLevel
from inventory.products import remove_product
from sales.shifts import close_shift
from tests.archive.products.importing_them import sheet
from tests.factories import Shop, make_shift
from tests.sales.refunding import back, refund, swap
from tests.sales.selling import sell, void
from tests.webhooks.telling import listen
from webhooks import building
from webhooks.models import Delivery, Event
from webhooks.spreading import spread

ELSEWHERE = "http://127.0.0.1:9/hook"


@pytest.fixture
def listening(inside: Shop) -> Shop:
    make_shift(inside)
    listen(inside, ELSEWHERE)
    return inside


def told(kind: str) -> list[dict[str, Any]]:
    """What would be sent of the events of this kind."""
    spread()
    waiting = Delivery.objects.filter(event__kind=kind).order_by("event_id")
    bodies = [building.body(one.event) for one in waiting.select_related("event")]
    return [json.loads(one)["data"] for one in bodies if one is not None]


def answered(client: Client, shop: Shop, document: Any) -> dict[str, Any]:
    """What the API tells of a document, without the margins: receivers are told none."""
    answer = client.get(shop.url(f"api/v1/sales/{document.pk}"))
    assert answer.status_code == 200
    said: dict[str, Any] = answer.json()
    for part in (said, *said["lines"]):
        del part["cost"], part["profit"]
    return said


def test_a_sale_is_what_the_api_answers(listening: Shop, owner: Client) -> None:
    sale = sell(listening, (listening.mug, "2"), customer=True, card="10.00")
    [data] = told("sale.completed")
    assert data == answered(owner, listening, sale)
    assert data["receipt_url"] == f"/b/acme/sales/{sale.pk}/receipt/"


def test_a_void_is_what_the_api_answers(listening: Shop, owner: Client) -> None:
    sale = sell(listening)
    made = void(listening, sale)
    [data] = told("sale.voided")
    assert data == answered(owner, listening, made)
    assert data["reverses"] == str(sale.pk)
    # By now the sale says so, too.
    assert told("sale.completed")[0]["voided_by"] == str(made.pk)


def test_a_refund_and_an_exchange_are_what_the_api_answers(listening: Shop, owner: Client) -> None:
    sale = sell(listening, (listening.mug, "2"))
    refunded = refund(listening, sale)
    swapped = swap(listening, sale, [back(1)], (listening.wrapping, "1"), total="-3.50")
    for document, kind in ((refunded, "sale.refunded"), (swapped, "sale.exchanged")):
        [data] = told(kind)
        assert data == answered(owner, listening, document)


def test_a_shift_is_what_the_api_answers(listening: Shop, owner: Client) -> None:
    shift = listening.register.shifts.get()
    sell(listening)
    close_shift(actor=listening.cashier, shift=shift, counted_cash=Decimal("54.00"))
    [data] = told("shift.closed")
    reading = owner.get(listening.url(f"api/v1/shifts/{shift.pk}/reading")).json()
    # With the sums of the drawer, as a reading says them.
    assert data.pop("figures") == reading["figures"]
    assert data == owner.get(listening.url(f"api/v1/shifts/{shift.pk}")).json()
    assert (data["expected_cash"], data["difference"]) == ("55.00", "-1.00")


def test_a_product_without_its_costs(listening: Shop) -> None:
    event = Event(kind="product.changed", object_id=str(listening.mug.product_id))
    body = building.body(event)
    assert body is not None
    data = json.loads(body)["data"]
    assert (data["name"], data["deleted"], data["tax_rate"]) == ("Blue mug", False, "20")
    [variation] = data["variations"]
    assert (variation["sku"], variation["price"]) == ("MUG-1", "5.00")
    assert variation["barcodes"] == ["5901234123457"]
    assert "cost" not in body.decode()


def test_a_product_that_is_gone(listening: Shop) -> None:
    product = Product.objects.get(pk=listening.wrapping.product_id)
    remove_product(actor=listening.owner, product=product)
    assert told("product.changed") == [{"id": str(listening.wrapping.product_id), "deleted": True}]


def test_what_does_not_exist_any_more_is_not_told(listening: Shop) -> None:
    assert building.body(Event(kind="shift.closed", object_id=str(listening.mug.pk))) is None


def warn_below(shop: Shop, quantity: str) -> None:
    Product.objects.filter(pk=shop.mug.product_id).update(alert_quantity=Decimal(quantity))


def test_low_stock_is_told_when_it_becomes_low_and_not_again(listening: Shop) -> None:
    warn_below(listening, "8")
    sell(listening, (listening.mug, "2"))
    assert told("stock.low") == [], "eight are not under eight"
    sell(listening, (listening.mug, "1"))
    [data] = told("stock.low")
    assert data["variation"] == str(listening.mug.pk)
    assert (data["name"], data["quantity"], data["alert_quantity"]) == ("Blue mug", "7", "8")
    assert data["location"]["name"] == "High Street"
    sell(listening, (listening.mug, "1"))
    assert len(told("stock.low")) == 1
    # Filled up and sold down again: it became low once more.
    change_stock(listening, 5)
    sell(listening, (listening.mug, "4"))
    assert [one["quantity"] for one in told("stock.low")] == ["7", "7"]


def change_stock(shop: Shop, by: int) -> None:
    correct(
        actor=shop.owner,
        location=shop.high_street,
        reason=StockDocument.Reason.LOST if by < 0 else StockDocument.Reason.FOUND,
        changes={shop.mug.pk: Decimal(by)},
    )


def test_corrections_and_several_lines_of_one_product(listening: Shop) -> None:
    warn_below(listening, "8")
    change_stock(listening, -5)
    assert [one["quantity"] for one in told("stock.low")] == ["5"]
    change_stock(listening, 5)
    sell(listening, (listening.mug, "2"), (listening.mug, "1"))
    assert [one["quantity"] for one in told("stock.low")] == ["5", "7"]


def test_posts_that_come_in_between_change_nothing(listening: Shop) -> None:
    """Found later, by the balances that movements keep."""
    warn_below(listening, "8")
    for _number in range(5):
        sell(listening, (listening.mug, "1"))
    assert StockLevel.objects.get(variation=listening.mug).quantity == 5
    assert [one["quantity"] for one in told("stock.low")] == ["7"]


def test_nothing_follows_where_nobody_wants_it(inside: Shop) -> None:
    make_shift(inside)
    listen(inside, ELSEWHERE, "shift.closed")
    warn_below(inside, "100")
    sell(inside)
    spread()
    assert not Event.objects.exists() and not Delivery.objects.exists()


def test_an_import_tells_of_each_product(listening: Shop) -> None:
    batch = import_products(
        sheet(["Red cup,CUP-1,4", "Lamp,L-1,9", "Blue mug,MUG-1,5"], "Name,SKU,Price"),
        name="p.csv", mapping=None, options={}, actor=listening.owner,
    )  # fmt: skip
    first = told("product.changed")
    assert sorted(one["name"] for one in first) == ["Lamp", "Red cup"]
    undo_import(batch, actor=listening.owner)
    assert [one["deleted"] for one in told("product.changed")[2:]] == [True, True]
