"""Credit over the API: given and corrected exactly once, and the history that explains it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry
from accounts.permissions import Permission
from sales.api import credit
from sales.models import CreditEntry, Customer
from tenants.context import business
from tenants.ids import uuid7
from tests.api.calls import NOWHERE, post, said
from tests.factories import Shop, make_device, with_token
from tests.sales.crediting import grant, ledger
from tests.sales.selling import counted

GRANTS, CORRECTIONS = "/credit/grants", "/credit/corrections"


@pytest.fixture
def office(shop: Shop) -> Client:
    """A terminal in the name of somebody who may give credit."""
    return with_token(make_device(shop, user=shop.owner)[1])


def url(shop: Shop, rest: str = "/credit", customer: Any = None) -> str:
    return f"/api/v1/customers/{customer or shop.customer.pk}{rest}"


def giving(amount: str = "10.00", **fields: Any) -> dict[str, Any]:
    return {"id": str(uuid7()), "amount": amount, "reason": "Late delivery", **fields}


def test_credit_is_given_once(shop: Shop, office: Client) -> None:
    body = giving(expires_on="2099-12-31")
    first, again = post(office, url(shop, GRANTS), body), post(office, url(shop, GRANTS), body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    told = first.json()
    assert isinstance(told.pop("id"), int) and told.pop("at")
    assert told == {
        "kind": "granted",
        "amount": "10.00",
        "balance": "10.00",
        "expires_on": "2099-12-31",
        "document": {"id": body["id"], "number": ""},
        "reason": "Late delivery",
        "by": str(shop.owner),
    }
    with business(shop.business):
        assert ledger(shop) == [("granted", Decimal(10), Decimal(10))]
        entry = AuditEntry.objects.get(action="credit.grant")
        assert (entry.actor, entry.object_id) == (shop.owner, str(shop.customer.pk))
        assert entry.device is not None
    customer = office.get(url(shop, "")).json()
    assert (customer["credit"], customer["credit_expires"]) == ("10.00", "2099-12-31")


def test_credit_is_corrected_once_also_when_less_is_there_by_then(
    shop: Shop, office: Client
) -> None:
    post(office, url(shop, GRANTS), giving("10.00"))
    body = giving("-7.50")
    first, again = (post(office, url(shop, CORRECTIONS), body) for _time in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert (first.json()["kind"], first.json()["balance"]) == ("corrected", "2.50")
    refused = said(post(office, url(shop, CORRECTIONS), giving("-2.51")), 409, "not_enough_credit")
    assert refused == {"credit": "2.50"}
    assert post(office, url(shop, CORRECTIONS), giving("1")).json()["balance"] == "3.50"


def test_the_same_id_for_something_else_is_refused(shop: Shop, office: Client) -> None:
    body = giving()
    assert post(office, url(shop, GRANTS), body).status_code == 201
    with business(shop.business):
        someone = Customer.objects.create(name="Someone")
    for other in ({"amount": "10.01"}, {"reason": "Other"}, {"expires_on": "2099-12-31"}):
        assert said(post(office, url(shop, GRANTS), {**body, **other}), 409, "id_taken")
    said(post(office, url(shop, GRANTS, someone.pk), body), 409, "id_taken")
    said(post(office, url(shop, CORRECTIONS), body), 409, "id_taken")
    with business(shop.business):
        assert CreditEntry.objects.count() == 1


def test_an_id_of_another_business_is_free(shop: Shop, other_shop: Shop, office: Client) -> None:
    body = giving()
    elsewhere = with_token(make_device(other_shop, user=other_shop.owner)[1])
    assert post(elsewhere, url(other_shop, GRANTS), body).status_code == 201
    assert post(office, url(shop, GRANTS), body).status_code == 201
    for here in (shop, other_shop):
        with business(here.business):
            assert CreditEntry.objects.count() == 1


@pytest.mark.parametrize(
    ("rest", "body", "code", "fields"),
    [
        (GRANTS, {}, "invalid", ["amount", "id", "reason"]),
        (GRANTS, giving("0"), "invalid", ["amount"]),
        (GRANTS, giving("-5"), "invalid", ["amount"]),
        (GRANTS, giving("0.005"), "invalid", ["amount"]),
        (GRANTS, giving("5", reason=" "), "invalid", ["reason"]),
        (GRANTS, giving("5", reason="4111 1111 1111 1111"), "invalid", ["reason"]),
        (GRANTS, giving("5", reason="x" * 201), "invalid", ["reason"]),
        (GRANTS, giving("5", expires_on="31.12.2099"), "invalid", ["expires_on"]),
        (GRANTS, giving("5", expires_on="2099-02-30"), "invalid", ["expires_on"]),
        (GRANTS, giving("5", expires_on="2020-01-31"), "bad_date", ["expires_on"]),
        (GRANTS, giving("500000000000"), "bad_amount", ["amount"]),
        (GRANTS, giving("5", way="take"), "invalid", ["way"]),
        (CORRECTIONS, giving("0"), "invalid", ["amount"]),
        (CORRECTIONS, giving("-0.001"), "invalid", ["amount"]),
        (CORRECTIONS, giving("5", expires_on="2099-12-31"), "invalid", ["expires_on"]),
        (CORRECTIONS, giving("-500000000000"), "bad_amount", ["amount"]),
    ],
)
def test_what_is_wrong_is_named(
    shop: Shop, office: Client, rest: str, body: dict[str, Any], code: str, fields: list[str]
) -> None:
    assert sorted(said(post(office, url(shop, rest), body), 400, code)) == fields
    with business(shop.business):
        assert not CreditEntry.objects.exists()


def test_the_history_explains_the_balance(
    shop: Shop, office: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credit, "PAGE", 2)
    with business(shop.business):
        someone = Customer.objects.create(name="Someone")
        grant(shop, "99", customer=someone)
    for amount in ("10", "5", "2.5"):
        post(office, url(shop, GRANTS), giving(amount))
    assert post(office, url(shop, CORRECTIONS), giving("-17.5")).status_code == 201
    entries: list[dict[str, Any]] = []
    address = url(shop)
    while address:
        page = office.get(address).json()
        assert (page["credit"], page["credit_expires"], page["expired"]) == ("0.00", None, "0.00")
        entries += page["results"]
        address = page["next"]
    amounts = [(one["amount"], one["balance"]) for one in entries]
    assert amounts == [
        ("-17.50", "0.00"), ("2.50", "17.50"), ("5.00", "15.00"), ("10.00", "10.00")
    ]  # fmt: skip


def test_what_has_expired_is_told_before_it_is_booked(shop: Shop, office: Client) -> None:
    with business(shop.business):
        grant(shop, "10", until=date(2020, 1, 31), at=datetime(2020, 1, 10, 10, tzinfo=UTC))
    page = office.get(url(shop)).json()
    assert (page["credit"], page["expired"]) == ("0.00", "10.00")
    post(office, url(shop, GRANTS), giving("1"))
    page = office.get(url(shop)).json()
    assert (page["credit"], page["expired"]) == ("1.00", "0.00")
    kinds = [(one["kind"], one["amount"], one["by"]) for one in page["results"]]
    owner = str(shop.owner)
    assert kinds == [
        ("granted", "1.00", owner), ("expired", "-10.00", None), ("granted", "10.00", owner)
    ]  # fmt: skip


def test_the_statements_do_not_grow_with_the_history(shop: Shop, office: Client) -> None:
    counts = []
    for _round in range(2):
        with business(shop.business):
            for _entry in range(5):
                grant(shop, "1", until=date(2099, 12, 31))
        with counted() as statements:
            assert office.get(url(shop)).status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 12


def test_somebody_who_is_switched_off_has_credit_too(shop: Shop, office: Client) -> None:
    with business(shop.business):
        shop.customer.is_active = False
        shop.customer.save()
    assert post(office, url(shop, GRANTS), giving("5")).status_code == 201
    assert office.get(url(shop)).json()["credit"] == "5.00"


def test_who_may_what(
    shop: Shop, other_shop: Shop, terminal: Client, office: Client, stranger: Client, owner: Client
) -> None:
    """The cashier sees credit and gives none."""
    assert terminal.get(url(shop)).status_code == 200
    for rest in (GRANTS, CORRECTIONS):
        said(post(terminal, url(shop, rest), giving()), 403, "permission_denied")
        for pk in (other_shop.customer.pk, NOWHERE):
            said(post(office, url(shop, rest, pk), giving()), 404, "not_found")
    said(office.get(url(shop, "/credit", other_shop.customer.pk)), 404, "not_found")
    inside = shop.url(url(shop, GRANTS).removeprefix("/"))
    assert post(owner, inside, giving()).status_code == 201
    said(post(stranger, inside, giving()), 404, "not_found")


@pytest.mark.parametrize("missing", [Permission.CUSTOMER_VIEW, Permission.CUSTOMER_CREDIT_VIEW])
def test_what_is_changed_is_shown(shop: Shop, office: Client, missing: Permission) -> None:
    with business(shop.business):
        role = shop.roles["Owner"]
        role.permissions = [one for one in role.permissions if one != missing]
        role.save()
    said(office.get(url(shop)), 403, "permission_denied")
    for rest in (GRANTS, CORRECTIONS):
        said(post(office, url(shop, rest), giving()), 403, "permission_denied")
    with business(shop.business):
        assert not CreditEntry.objects.exists()
