"""Sales made offline that do not fit: recorded with remarks, or held whole."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Membership
from archive.verify import check_books
from inventory.models import StockLevel
from sales.models import Payment, Register, ReviewItem, Sale, Shift
from sales.shifts import close_shift, expected_cash
from tenants.context import business
from tenants.ids import uuid7
from tests.api.test_sale_batch import codes, send, statuses
from tests.factories import Shop, make_device, signed_in, with_token
from tests.sales.crediting import grant, voucher
from tests.sales.offline_sales import number, numbers, offline_body, offline_line

# -- what is recorded with remarks ----------------------------------------------------------------


def remarked(shop: Shop, client: Client, body: dict[str, Any]) -> list[str]:
    """The codes of a sale that is recorded all the same, with the books right."""
    (answer,) = send(client, body)
    assert answer["status"] == "recorded_with_remarks", answer
    assert all(one["message"] for one in answer["review"])
    with business(shop.business):
        assert check_books() == []
        item = ReviewItem.objects.get(request_id=body["id"])
        assert (item.kind, item.sale_id, item.body) == ("remark", item.request_id, None)
        assert item.codes == codes(answer)
    return codes(answer)


def test_another_price_meanwhile(open_shop: Shop, terminal: Client) -> None:
    line = offline_line(open_shop.mug, unit_price="4.00", tax_rate="5", tax_name="Old")
    body = offline_body(open_shop, line, total="4.00")
    assert remarked(open_shop, terminal, body) == ["price_changed", "tax_changed"]
    with business(open_shop.business):
        row = Sale.objects.get().lines.get()
        assert (row.unit_price, row.tax_rate) == (Decimal(4), Decimal(5))
        assert (row.tax_name, row.tax) == ("Old", Decimal("0.19"))


def test_more_than_there_was(open_shop: Shop, terminal: Client) -> None:
    body = offline_body(open_shop, offline_line(open_shop.mug, "12"), total="60.00")
    assert remarked(open_shop, terminal, body) == ["below_zero"]
    with business(open_shop.business):
        assert StockLevel.objects.get(variation=open_shop.mug).quantity == -2


def test_below_zero_is_nothing_where_it_is_allowed(open_shop: Shop, terminal: Client) -> None:
    with business(open_shop.business):
        open_shop.high_street.below_zero = "allow"
        open_shop.high_street.save()
    body = offline_body(open_shop, offline_line(open_shop.mug, "12"), total="60.00")
    assert statuses(send(terminal, body)) == ["recorded"]


def test_a_product_and_a_customer_that_are_gone(open_shop: Shop, terminal: Client) -> None:
    with business(open_shop.business):
        open_shop.mug.product.is_active = False
        open_shop.mug.product.save()
        open_shop.customer.is_active = False
        open_shop.customer.save()
    body = offline_body(open_shop, customer=str(open_shop.customer.pk))
    assert remarked(open_shop, terminal, body) == ["not_sold", "customer_inactive"]
    body = offline_body(open_shop, customer=str(uuid7()))
    assert remarked(open_shop, terminal, body) == ["not_sold", "unknown_customer"]
    with business(open_shop.business):
        assert Sale.objects.get(pk=body["id"]).customer is None


def test_a_part_of_what_is_whole(open_shop: Shop, terminal: Client) -> None:
    body = offline_body(open_shop, offline_line(open_shop.mug, "0.5"), total="2.50")
    assert remarked(open_shop, terminal, body) == ["not_whole"]


def test_a_clock_that_is_wrong(open_shop: Shop, terminal: Client) -> None:
    now = timezone.now()
    for at in ("1970-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", None):
        body = {**offline_body(open_shop), "sold_at": at}
        assert remarked(open_shop, terminal, body) == ["clock"]
        with business(open_shop.business):
            assert abs(Sale.objects.get(pk=body["id"]).sold_at - now) < timedelta(minutes=1)
    ahead = offline_body(open_shop, at=now + timedelta(minutes=3))
    assert statuses(send(terminal, ahead)) == ["recorded"], "clocks differ by as much"


def test_the_people_who_sold_it(open_shop: Shop, terminal: Client) -> None:
    with business(open_shop.business):
        manager = Membership.objects.get(user=open_shop.manager)
        viewer = Membership.objects.get(user=open_shop.people["Viewer"])
    assert statuses(send(terminal, offline_body(open_shop, operator=str(manager.pk)))) == [
        "recorded"
    ]
    with business(open_shop.business):
        assert Sale.objects.get().operator == open_shop.manager
    body = offline_body(open_shop, operator=str(viewer.pk))
    assert remarked(open_shop, terminal, body) == ["no_permission"]
    body = offline_body(open_shop, operator=str(uuid7()))
    assert remarked(open_shop, terminal, body) == ["operator_unknown"]
    with business(open_shop.business):
        assert Sale.objects.get(pk=body["id"]).operator == open_shop.cashier
        Membership.objects.filter(pk=manager.pk).update(is_active=False)
    body = offline_body(open_shop, operator=str(manager.pk))
    assert remarked(open_shop, terminal, body) == ["operator_inactive"]


def test_rights_that_the_seller_lost(open_shop: Shop, terminal: Client) -> None:
    with business(open_shop.business):
        role = open_shop.roles["Cashier"]
        role.permissions = ["sell.create"]
        role.save()
    tenth = {"kind": "percent", "value": "10"}
    line = offline_line(open_shop.mug, discount=tenth, unit_price="4.00", own_price=True)
    body = offline_body(open_shop, line, total="3.24", discount=tenth)
    assert remarked(open_shop, terminal, body) == ["no_permission"] * 3


def test_a_shift_that_was_closed(open_shop: Shop, terminal: Client) -> None:
    before = timezone.now() - timedelta(hours=3)
    with business(open_shop.business):
        first = Shift.objects.get()
        close_shift(actor=open_shop.cashier, shift=first, counted_cash=Decimal(55))
        frozen = Shift.objects.get(pk=first.pk)
    # None is open: one is opened for it.
    assert remarked(open_shop, terminal, offline_body(open_shop, at=before)) == ["no_open_shift"]
    # It goes into the open one, whose time is later.
    assert remarked(open_shop, terminal, offline_body(open_shop, at=before)) == ["shift_closed"]
    with business(open_shop.business):
        second = Shift.objects.get(closed_at=None)
        assert (second.number, second.opening_float, second.opened_by) == (
            2, 0, open_shop.cashier,
        )  # fmt: skip
        assert expected_cash(second) == 10
        first.refresh_from_db()
        assert first.expected_cash == frozen.expected_cash
        assert {one.business_date for one in Sale.objects.all()} == {
            before.astimezone(open_shop.high_street.zone).date()
        }


def test_coins_of_another_size(open_shop: Shop, terminal: Client) -> None:
    line = offline_line(open_shop.mug, unit_price="4.98")
    body = offline_body(open_shop, line, total="4.98", cash_step="0.05")
    body["payments"] = [{"method": "cash", "amount": "5.00"}]
    assert remarked(open_shop, terminal, body) == ["price_changed", "cash_step_changed"]
    with business(open_shop.business):
        assert Payment.objects.get().amount == 5
        assert Sale.objects.get().rounding == Decimal("0.02")


def test_a_register_that_is_switched_off(open_shop: Shop, terminal: Client) -> None:
    with business(open_shop.business):
        open_shop.register.is_active = False
        open_shop.register.save()
    assert remarked(open_shop, terminal, offline_body(open_shop)) == ["register_inactive"]


def test_a_person_sends_what_another_sold(
    open_shop: Shop, manager: Client, cashier: Client
) -> None:
    with business(open_shop.business):
        seller = Membership.objects.get(user=open_shop.cashier)
    url = open_shop.url("api/v1/sales/batch")
    body = offline_body(open_shop, operator=str(seller.pk))
    (answer,) = send(manager, body, url=url)
    assert codes(answer) == ["other_operator"]
    assert statuses(send(cashier, offline_body(open_shop), url=url)) == ["recorded"]


# -- what is held ---------------------------------------------------------------------------------


def held(shop: Shop, client: Client, body: dict[str, Any], **kwargs: Any) -> list[str]:
    (answer,) = send(client, body, **kwargs)
    assert (answer["status"], answer["number"]) == ("held", ""), answer
    with business(shop.business):
        item = ReviewItem.objects.get(request_id=body["id"])
        assert (item.kind, item.sale, item.is_open) == ("held", None, True)
        assert not Sale.objects.filter(pk=body["id"]).exists()
    return codes(answer)


def test_credit_that_is_not_there(open_shop: Shop, terminal: Client) -> None:
    who = str(open_shop.customer.pk)
    pays = [{"method": "credit", "amount": "5.00"}]
    body = offline_body(open_shop, customer=who, payments=pays)
    assert held(open_shop, terminal, body) == ["not_enough_credit"]
    with business(open_shop.business):
        grant(open_shop, "5.00")
        ticket = voucher(open_shop, "4.00")
        assert StockLevel.objects.get(variation=open_shop.mug).quantity == 10
    assert statuses(send(terminal, body)) == ["held"], "what is held stays so for a manager"
    body = offline_body(open_shop, customer=who, payments=pays)
    assert statuses(send(terminal, body)) == ["recorded"]
    line = offline_line(ticket, tax_rate="0", tax_name="")
    body = offline_body(open_shop, line, total="4.00")
    assert held(open_shop, terminal, body) == ["needs_customer"]


def test_numbers_that_are_not_its_own(open_shop: Shop, terminal: Client) -> None:
    with business(open_shop.business):
        second = Register.objects.create(
            name="Till 2", location=open_shop.high_street, prefix="HS2"
        )
        series, others = numbers(open_shop), numbers(open_shop, second)
    first = number(open_shop, series, 1)
    assert statuses(send(terminal, offline_body(open_shop, number=first))) == ["recorded"]
    taken = offline_body(open_shop, number=first)
    assert held(open_shop, terminal, taken) == ["number_taken"]
    for wrong in (
        number(open_shop, others, 1),
        f"HS2-{series.code}000001",
        "ACM1-ZZ000001",
        "ACM1-000001",
        "ACM1-AA1",
        "ACM1-AA000000",
        "ACM1-AA0000001",
        "ACM1-AA" + "9" * 30,
        "nonsense",
    ):
        assert held(open_shop, terminal, offline_body(open_shop, number=wrong)) == [
            "unknown_series"
        ]


def test_a_register_that_the_device_may_not_use(open_shop: Shop, other_shop: Shop) -> None:
    device, token = make_device(open_shop)
    terminal = with_token(token)
    with business(open_shop.business):
        stall = Register.objects.create(name="Stall", location=open_shop.market, prefix="MK1")
        Register.objects.create(
            name="Till 2", location=open_shop.high_street, prefix="HS2", device=device
        )
    for register in (open_shop.register.pk, stall.pk, other_shop.register.pk, uuid7()):
        body = offline_body(open_shop, register=str(register))
        assert held(open_shop, terminal, body) == ["other_register"]


def test_who_may_not_sell_puts_nothing_into_the_books(open_shop: Shop) -> None:
    viewer = signed_in(open_shop.people["Viewer"])
    url = open_shop.url("api/v1/sales/batch")
    assert held(open_shop, viewer, offline_body(open_shop), url=url) == ["not_allowed"]


CARD = "4111 1111 1111 1111"


def test_what_is_held_is_encrypted_and_holds_no_card(open_shop: Shop, terminal: Client) -> None:
    broken = {
        **offline_body(open_shop, note=f"card {CARD}"),
        "total": 5.0,
        "cvc": "12x",
        "payments": [{"method": "card", "amount": "5.00", "card_last4": "4111x", "pin": "9"}],
    }
    assert held(open_shop, terminal, broken) == ["invalid"]
    with business(open_shop.business):
        item = ReviewItem.objects.get()
        assert item.body["raw"]["lines"][0]["unit_price"] == "5.00"
        text = str(item.body)
        # With letters that no id has.
        secrets = (CARD[:6], "4111x", "12x")
        assert not any(one in text for one in (*secrets, "cvc", "pin"))
        stored = ReviewItem.objects.values_list("reasons", flat=True).get()
        assert not any(one in str(stored) for one in secrets)
        with connection.cursor() as cursor:
            cursor.execute("SELECT body FROM sales_reviewitem")
            assert "unit_price" not in str(cursor.fetchone()[0])
    assert statuses(send(terminal, broken)) == ["held"]
