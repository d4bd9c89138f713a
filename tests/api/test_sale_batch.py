"""POST sales/batch: sales made offline, each judged by itself, the answers in their order."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Membership
from archive.verify import check_books
from inventory.models import StockLevel
from sales import offline
from sales.api import batch
from sales.models import Payment, Register, ReviewItem, Sale, Shift
from sales.offline import Status
from sales.shifts import close_shift, expected_cash
from tenants.context import business
from tenants.ids import uuid7
from tests.api.calls import post, said
from tests.api.test_fuzz import PATHS, changed, quick, values
from tests.factories import Shop, make_device, make_shift, signed_in, with_token
from tests.sales.crediting import grant, voucher
from tests.sales.offline_sales import number, numbers, offline_body, offline_line, online_body
from tests.sales.selling import counted

URL = "/api/v1/sales/batch"
ONE = "/api/v1/sales"


def send(client: Client, *bodies: Any, url: str = URL) -> list[dict[str, Any]]:
    response = post(client, url, {"sales": list(bodies)})
    assert response.status_code == 200, response.content
    answers: list[dict[str, Any]] = response.json()["results"]
    assert len(answers) == len(bodies)
    return answers


def statuses(answers: list[dict[str, Any]]) -> list[str]:
    return [one["status"] for one in answers]


def codes(answer: dict[str, Any]) -> list[str]:
    return [one["code"] for one in answer["review"]]


def test_what_was_sold_offline_is_recorded_as_it_was(open_shop: Shop, terminal: Client) -> None:
    at = timezone.now() - timedelta(minutes=10)
    with business(open_shop.business):
        Shift.objects.update(opened_at=at - timedelta(hours=1))
        series = numbers(open_shop)
    body = offline_body(open_shop, at=at, number=number(open_shop, series, 1), note="Stall")
    (answer,) = send(terminal, body)
    assert (answer["status"], answer["review"], answer["error"]) == ("recorded", [], None)
    assert answer["number"] == "ACM1-AA000001"
    assert answer["receipt_url"] == f"/b/acme/sales/{body['id']}/receipt/"
    with business(open_shop.business):
        sale = Sale.objects.get()
        assert (sale.is_offline, sale.series, sale.counter) == (True, "AA", 1)
        assert (sale.sold_at, sale.total, sale.note) == (at, 5, "Stall")
        assert sale.device is not None
        assert sale.lines.get().tax_name == "VAT 20%"
        assert sale.register.sale_counter == 0, "the register's own numbers go on without it"
        assert check_books() == []
        assert not ReviewItem.objects.exists()
    assert terminal.get(f"{ONE}/{body['id']}").json()["number"] == "ACM1-AA000001"


def test_without_a_number_it_takes_the_next(open_shop: Shop, terminal: Client) -> None:
    (answer,) = send(terminal, offline_body(open_shop))
    assert answer["number"] == "ACM1-000001"


def test_each_is_judged_by_itself_and_answered_in_order(open_shop: Shop, terminal: Client) -> None:
    good, other = offline_body(open_shop), offline_body(open_shop)
    unknown = offline_body(open_shop, {**offline_line(open_shop.mug), "variation": str(uuid7())})
    sums = offline_body(open_shop, total="4.00")
    broken = {**offline_body(open_shop), "lines": "all"}
    nameless = {**offline_body(open_shop), "id": "seven"}
    answers = send(terminal, good, unknown, sums, broken, nameless, 7, other)
    assert statuses(answers) == [
        "recorded", "held", "held", "held", "invalid", "refused", "recorded",
    ]  # fmt: skip
    assert [codes(one) for one in answers[1:4]] == [
        ["unknown_variation"], ["other_total"], ["invalid"],
    ]  # fmt: skip
    assert answers[4]["error"]["fields"] == {"id": ["This is not an id."]}
    with business(open_shop.business):
        assert Sale.objects.count() == 2
        assert StockLevel.objects.get(variation=open_shop.mug).quantity == 8
        assert ReviewItem.objects.filter(kind="held", sale=None).count() == 3
        assert check_books() == []


def test_the_same_batch_again_is_the_same_sales(open_shop: Shop, terminal: Client) -> None:
    bodies = [offline_body(open_shop), offline_body(open_shop, total="4.00")]
    first = send(terminal, *bodies)
    again = send(terminal, *reversed(bodies), *bodies)
    assert statuses(first) == ["recorded", "held"]
    assert statuses(again) == ["held", "already", "already", "held"]
    assert again[1]["number"] == first[0]["number"]
    assert again[0]["review"] == first[1]["review"]
    with business(open_shop.business):
        assert (Sale.objects.count(), ReviewItem.objects.count()) == (1, 1)


def test_another_sale_under_the_same_id(open_shop: Shop, terminal: Client) -> None:
    recorded, held = offline_body(open_shop), offline_body(open_shop, total="4.00")
    send(terminal, recorded, held)
    answers = send(terminal, {**recorded, "note": "x"}, {**held, "note": "x"})
    assert statuses(answers) == ["id_taken", "id_taken"]
    assert answers[0]["error"]["code"] == "id_taken"


def test_an_id_of_another_business_is_taken(
    open_shop: Shop, other_shop: Shop, terminal: Client, strange_terminal: Client
) -> None:
    body = offline_body(open_shop)
    send(terminal, body)
    with business(other_shop.business):
        make_shift(other_shop)
    answers = send(strange_terminal, offline_body(other_shop, id=body["id"]))
    assert statuses(answers) == ["id_taken"]
    with business(other_shop.business):
        assert not Sale.objects.exists()
        assert not ReviewItem.objects.exists()


def test_a_try_with_a_line_was_the_same_sale(open_shop: Shop, terminal: Client) -> None:
    """The till sent it, heard no answer, and gave the customer a number of its own."""
    with business(open_shop.business):
        series = numbers(open_shop)
    body = offline_body(open_shop, number=number(open_shop, series, 1))
    assert post(terminal, ONE, online_body(body)).status_code == 201
    (answer,) = send(terminal, body)
    assert (answer["status"], answer["number"]) == ("already", "ACM1-000001")
    assert codes(answer) == ["other_number"]
    (again,) = send(terminal, body)
    assert again == answer
    with business(open_shop.business):
        item = ReviewItem.objects.get()
        assert (item.kind, item.series, item.counter) == ("remark", "AA", 1)
        assert item.sale.number == "ACM1-000001"
    # And the other way round: a duplicate of the first try arrives late.
    late = offline_body(open_shop)
    send(terminal, late)
    assert post(terminal, ONE, online_body(late)).status_code == 200


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
        "cvc": "123",
        "payments": [{"method": "card", "amount": "5.00", "card_last4": "41111", "pin": "9"}],
    }
    assert held(open_shop, terminal, broken) == ["invalid"]
    with business(open_shop.business):
        item = ReviewItem.objects.get()
        assert item.body["raw"]["lines"][0]["unit_price"] == "5.00"
        text = str(item.body)
        assert not any(one in text for one in ("4111", "cvc", "123", "pin"))
        stored = ReviewItem.objects.values_list("reasons", flat=True).get()
        assert "4111" not in str(stored)
        with connection.cursor() as cursor:
            cursor.execute("SELECT body FROM sales_reviewitem")
            assert "unit_price" not in str(cursor.fetchone()[0])
    assert statuses(send(terminal, broken)) == ["held"]


# -- the batch as a whole -------------------------------------------------------------------------


def test_a_batch_has_its_bounds(open_shop: Shop, terminal: Client) -> None:
    assert list(said(post(terminal, URL, {"sales": [{}] * 501}), 400, "invalid")) == ["sales"]
    assert list(said(post(terminal, URL, {}), 400, "invalid")) == ["sales"]
    assert list(said(post(terminal, URL, {"sales": [], "x": 1}), 400, "invalid")) == ["x"]
    large = {"sales": [offline_body(open_shop, note="x" * 1_100_000)]}
    assert post(terminal, URL, large).status_code == 200, "more than any other address takes"
    assert post(terminal, ONE, large).status_code == 413
    large["sales"] *= 4
    assert post(terminal, URL, large).status_code == 200, "and more than Django would hold"
    large["sales"] *= 2
    assert post(terminal, URL, large).status_code == 413
    assert send(terminal) == []


def test_a_sale_with_a_line_is_judged_as_one(open_shop: Shop, terminal: Client) -> None:
    good = online_body(offline_body(open_shop))
    cheap = online_body(offline_body(open_shop, total="4.00"))
    answers = send(terminal, good, cheap, good, {**good, "note": "x"})
    assert statuses(answers) == ["recorded", "refused", "already", "id_taken"]
    assert answers[1]["error"]["code"] == "other_total"
    assert answers[1]["error"]["fields"]["difference"] == "1.00"


def test_what_takes_too_long_is_left_for_later(
    open_shop: Shop, terminal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [offline_body(open_shop) for _n in range(3)]
    monkeypatch.setattr(batch, "PATIENCE", -1.0)
    assert statuses(send(terminal, *bodies)) == ["later"] * 3
    monkeypatch.undo()
    real = offline.take_in
    done: list[int] = []

    def lost(**kwargs: Any) -> Any:
        if len(done) == 1:
            raise OperationalError("server closed the connection unexpectedly")
        done.append(1)
        return real(**kwargs)

    monkeypatch.setattr(batch, "take_in", lost)
    assert statuses(send(terminal, *bodies)) == ["recorded", "later", "later"]
    monkeypatch.undo()
    assert statuses(send(terminal, *bodies)) == ["already", "recorded", "recorded"]


def test_a_fault_of_ours_is_in_no_other_sales_way(
    open_shop: Shop, terminal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [offline_body(open_shop) for _n in range(3)]
    real = offline._document

    def fails(judgement: Any, shift: Any) -> Any:
        if str(judgement.request.id) == bodies[1]["id"]:
            raise ZeroDivisionError
        return real(judgement, shift)

    monkeypatch.setattr(offline, "_document", fails)
    answers = send(terminal, *bodies)
    assert statuses(answers) == ["recorded", "held", "recorded"]
    assert codes(answers[1]) == ["unexpected"]


def test_each_sale_costs_the_same_statements(open_shop: Shop, terminal: Client) -> None:
    with business(open_shop.business):
        series = numbers(open_shop)

    def cost(count: int, lines: int, first: int) -> int:
        bodies = [
            offline_body(
                open_shop,
                *[offline_line(open_shop.tea, "0.001", unit_price="10.00")] * lines,
                total=f"{Decimal(lines) / 100:.2f}",
                number=number(open_shop, series, first + n),
            )
            for n in range(count)
        ]
        with business(open_shop.business), counted() as statements:
            assert set(statuses(send(terminal, *bodies))) == {"recorded_with_remarks"}
        return len(statements)

    cost(1, 1, 1)
    one, three, many = cost(1, 1, 2), cost(3, 1, 3), cost(3, 40, 6)
    assert three == many
    assert (three - one) % 2 == 0
    each = (three - one) // 2
    # 13 of a checkout; what was held before, the number's series, and the remark.
    assert each <= 13 + 3 + 2, each


STATUSES = {one.value for one in Status}


@quick
@given(
    st.lists(
        st.tuples(st.sampled_from([*PATHS, ("number",), ("sold_at",), ("offline",), ("operator",),
                                   ("cash_step",), ("lines", 0, "tax_rate"),
                                   ("lines", 0, "tax_inclusive"), ("lines", 0, "own_price")]),
                  values),
        min_size=1, max_size=3,
    )
)  # fmt: skip
def test_whatever_is_sent_is_answered(
    open_shop: Shop, terminal: Client, changes: list[tuple[tuple[Any, ...], Any]]
) -> None:
    discount = {"kind": "percent", "value": "10"}
    line = offline_line(open_shop.mug, discount=discount)
    body = offline_body(open_shop, line, total="4.50")
    body["payments"] = [{"method": "card", "amount": "4.50", "card_brand": "Visa"}]
    for path, value in changes:
        # An earlier change may have left no place for this one.
        with suppress(KeyError, IndexError, TypeError):
            body = changed(body, path, value)
    good = offline_body(open_shop)
    first = post(terminal, URL, {"sales": [body, good, 7]})
    assert first.status_code == 200, first.content
    answers = first.json()["results"]
    assert {one["status"] for one in answers} <= STATUSES
    assert answers[1]["status"].startswith("recorded")
    assert "unexpected" not in codes(answers[0]), "what is sent is judged, and no fault of ours"
    again = send(terminal, body)[0]
    same = {"recorded": "already", "recorded_with_remarks": "already"}
    assert again["status"] == same.get(answers[0]["status"], answers[0]["status"])


def test_strangers_and_verbs(open_shop: Shop, stranger: Client, cashier: Client) -> None:
    url = open_shop.url("api/v1/sales/batch")
    assert post(stranger, url, {"sales": []}).status_code == 404
    assert cashier.get(url).status_code == 405
    assert Client().post(URL, "{}", content_type="application/json").status_code == 401
