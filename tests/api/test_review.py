"""The inbox of sales made offline over the API: seen, and settled once."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from sales.api import review
from sales.models import Register, ReviewItem, Sale
from tenants.context import business
from tests.api.calls import NOWHERE, ask, post, said
from tests.factories import Shop, make_device, signed_in, with_token
from tests.sales.reviewing import held, remark

URL = "/api/v1/review"


@pytest.fixture
def remarked(open_shop: Shop) -> ReviewItem:
    """A mug sold for 4.00, whose price is 5.00."""
    with business(open_shop.business):
        return remark(open_shop)


@pytest.fixture
def kept(open_shop: Shop) -> ReviewItem:
    """A product that nobody knows, for 5.00."""
    with business(open_shop.business):
        return held(open_shop)


def settle(client: Client, item: Any, action: str, **fields: Any) -> Any:
    return post(client, f"{URL}/{getattr(item, 'pk', item)}/settle", {"action": action, **fields})


def test_what_did_not_fit_is_listed(
    remarked: ReviewItem, kept: ReviewItem, managers_terminal: Client
) -> None:
    content = managers_terminal.get(URL).json()
    assert {row["id"] for row in content["results"]} == {str(remarked.pk), str(kept.pk)}
    for query, expected in (
        ("kind=held", [kept]),
        ("kind=remark", [remarked]),
        ("state=settled", []),
        ("state=all&kind=held", [kept]),
    ):
        found = managers_terminal.get(f"{URL}?{query}").json()["results"]
        assert [row["id"] for row in found] == [str(one.pk) for one in expected], query
    for wrong in ("kind=x", "state=x", "cursor=x"):
        response = managers_terminal.get(f"{URL}?{wrong}")
        assert list(said(response, 400, "invalid")) == [wrong.split("=")[0]]


def test_one_says_what_was_sold_and_what_is_so_now(
    open_shop: Shop, remarked: ReviewItem, kept: ReviewItem, managers_terminal: Client
) -> None:
    one = managers_terminal.get(f"{URL}/{remarked.pk}").json()
    assert (one["kind"], one["settlement"], one["total"]) == ("remark", "", "4.00")
    assert one["sale"] == str(remarked.sale_id) and one["sale_id"] == str(remarked.request_id)
    assert "price_changed" in [row["code"] for row in one["reasons"]]
    (line,) = one["lines"]
    assert (line["name"], line["unit_price"], line["price_now"]) == ("Blue mug", "4.00", "5.00")
    assert (one["payments"], one["unknown_lines"]) == ([], [])
    one = managers_terminal.get(f"{URL}/{kept.pk}").json()
    assert (one["kind"], one["sale"], one["can_be_recorded"]) == ("held", None, True)
    assert one["unknown_lines"] == [1]
    assert (one["lines"][0]["name"], one["lines"][0]["price_now"]) == ("", None)
    assert [row["amount"] for row in one["payments"]] == ["5.00"]


def test_accepting_is_done_once(
    open_shop: Shop, remarked: ReviewItem, managers_terminal: Client
) -> None:
    for _time in range(2):
        answer = settle(managers_terminal, remarked, "accept", note="Old label")
        assert answer.status_code == 200, answer.content
        assert (answer.json()["settlement"], answer.json()["note"]) == ("accepted", "Old label")
    owner = signed_in(open_shop.owner)
    url = open_shop.url(f"api/v1/review/{remarked.pk}/settle")
    said(post(owner, url, {"action": "accept"}), 409, "settled_already")
    said(settle(managers_terminal, remarked, "close", note="x"), 409, "settled_already")
    with business(open_shop.business):
        assert AuditEntry.objects.get(action="review.settle").device is not None


def test_what_is_held_is_recorded(
    open_shop: Shop, kept: ReviewItem, managers_terminal: Client
) -> None:
    said(settle(managers_terminal, kept, "accept"), 409, "is_held")
    said(settle(managers_terminal, kept, "record"), 409, "unknown_variation")
    chosen = [{"line": 1, "variation": str(open_shop.mug.pk)}]
    for _time in range(2):
        answer = settle(managers_terminal, kept, "record", variations=chosen, customer=None)
        assert answer.status_code == 200, answer.content
    with business(open_shop.business):
        sale = Sale.objects.get()
        assert answer.json()["sale"] == str(sale.pk)
        assert [line.variation_id for line in sale.lines.all()] == [open_shop.mug.pk]


def test_what_is_held_is_closed_with_a_reason(
    open_shop: Shop, kept: ReviewItem, remarked: ReviewItem, managers_terminal: Client
) -> None:
    assert list(said(settle(managers_terminal, kept, "close"), 400, "invalid")) == ["note"]
    said(settle(managers_terminal, remarked, "close", note="x"), 409, "is_recorded")
    said(settle(managers_terminal, remarked, "record"), 409, "unreadable")
    assert settle(managers_terminal, kept, "close", note="A test").json()["settlement"] == "closed"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["action"]),
        ({"action": "x"}, ["action"]),
        ({"action": "accept", "register": NOWHERE}, ["register"]),
        ({"action": "accept", "note": "4111 1111 1111 1111"}, ["note"]),
        ({"action": "accept", "note": "nul \0"}, ["note"]),
        ({"action": "accept", "note": "x" * 501}, ["note"]),
        ({"action": "record", "register": "x"}, ["register"]),
        ({"action": "record", "register": NOWHERE}, ["register"]),
        ({"action": "record", "variations": [{"line": 1, "variation": NOWHERE}]}, ["variations"]),
        ({"action": "record", "variations": [{"line": 2, "variation": NOWHERE}]}, ["variations"]),
        ({"action": "record", "variations": [{"line": "1"}]},
         ["variations.0.line", "variations.0.variation"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    kept: ReviewItem, managers_terminal: Client, body: dict[str, Any], fields: list[str]
) -> None:
    answer = post(managers_terminal, f"{URL}/{kept.pk}/settle", body)
    assert sorted(said(answer, 400, "invalid")) == fields


def test_rows_of_another_business_are_none(
    open_shop: Shop, other_shop: Shop, kept: ReviewItem, managers_terminal: Client
) -> None:
    theirs = [{"line": 1, "variation": str(other_shop.mug.pk)}]
    mine = [{"line": 1, "variation": str(open_shop.mug.pk)}]
    answer = settle(managers_terminal, kept, "record", variations=theirs)
    assert list(said(answer, 400, "invalid")) == ["variations"]
    register = str(other_shop.register.pk)
    answer = settle(managers_terminal, kept, "record", variations=mine, register=register)
    assert list(said(answer, 400, "invalid")) == ["register"]
    customer = str(other_shop.customer.pk)
    answer = settle(managers_terminal, kept, "record", variations=mine, customer=customer)
    assert list(said(answer, 400, "unknown_customer")) == ["customer"]


def test_who_may_what(
    open_shop: Shop, remarked: ReviewItem, terminal: Client, stranger: Client, manager: Client
) -> None:
    """A cashier settles nothing, a manager may; a stranger finds no business."""
    inside = open_shop.url("api/v1/review")
    for url in (URL, f"{URL}/{remarked.pk}"):
        said(terminal.get(url), 403, "permission_denied")
    said(settle(terminal, remarked, "accept"), 403, "permission_denied")
    for verb, url in (("GET", inside), ("POST", f"{inside}/{remarked.pk}/settle")):
        said(ask(stranger, verb, url, {}), 404, "not_found")
    assert manager.get(f"{inside}/{remarked.pk}").status_code == 200
    for verb, url in (("POST", URL), ("PATCH", f"{URL}/{remarked.pk}")):
        said(ask(terminal, verb, url), 405, "method_not_allowed")


def test_another_location_is_not_there(
    open_shop: Shop, remarked: ReviewItem, other_shop: Shop
) -> None:
    with business(open_shop.business):
        Register.objects.create(name="Stall", location=open_shop.market, prefix="MK1")
    device = make_device(open_shop, user=open_shop.manager, location=open_shop.market)
    at_market = with_token(device[1])
    assert at_market.get(URL).json()["results"] == []
    answers = [at_market.get(f"{URL}/{key}") for key in (remarked.pk, NOWHERE)]
    answers.append(settle(at_market, remarked, "accept"))
    assert {(a.status_code, a.content) for a in answers} == {(404, answers[0].content)}


def test_pages_take_few_statements(
    open_shop: Shop, managers_terminal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with business(open_shop.business):
        for _time in range(5):
            remark(open_shop)
    with CaptureQueriesContext(connection) as queries:
        assert len(managers_terminal.get(URL).json()["results"]) == 5
    assert len([q for q in queries if "app.business_id" not in q["sql"]]) <= 12
    monkeypatch.setattr(review, "PAGE", 2)
    seen, url = [], URL
    while url:
        content = managers_terminal.get(url).json()
        seen += [row["id"] for row in content["results"]]
        url = content["next"]
    assert len(seen) == len(set(seen)) == 5
