"""POST sales/batch: sales made offline, each judged by itself, the answers in their order."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from archive.verify import check_books
from inventory.models import StockLevel
from sales import offline
from sales.api import batch
from sales.models import ReviewItem, Sale, Shift
from sales.offline import Status
from tenants.context import business
from tenants.ids import uuid7
from tests.api.calls import post, said
from tests.api.test_fuzz import PATHS, changed, quick, values
from tests.factories import Shop, make_shift
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
