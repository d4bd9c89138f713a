"""Customers over the API: all of one, made once, changed without overwriting somebody else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import AuditEntry
from accounts.permissions import Permission
from sales.models import Customer
from tenants.context import business
from tenants.ids import uuid7
from tests.api.calls import NOWHERE, ask, line, post, said, sale_body
from tests.factories import Shop, make_device, with_token
from tests.sales.crediting import grant
from tests.sales.selling import counted

URL = "/api/v1/customers"
EVERYTHING = {
    "name": "Bakkerij Smit",
    "phone": "+31 20 555 0101",
    "email": "smit@example.com",
    "address": "Kade 3\n1011 AB Amsterdam",
    "tax_number": "NL001234567B01",
    "credit_limit": "250.00",
    "note": "Rings twice",
}


@pytest.fixture
def office(shop: Shop) -> Client:
    """A terminal in the name of somebody who looks after customers."""
    return with_token(make_device(shop, user=shop.owner)[1])


def one(shop: Shop) -> str:
    return f"{URL}/{shop.customer.pk}"


def patch(client: Client, url: str, version: str = "", **fields: Any) -> Any:
    headers = {"If-Match": version} if version else {}
    return client.patch(url, fields, content_type="application/json", headers=headers)


def without(shop: Shop, permission: Permission, role: str = "Owner") -> None:
    with business(shop.business):
        found = shop.roles[role]
        found.permissions = [one for one in found.permissions if one != permission]
        found.save()


# -- all of one -----------------------------------------------------------------------------------


def test_all_that_the_page_asks_for_is_kept_and_told(shop: Shop, office: Client) -> None:
    made = post(office, URL, EVERYTHING)
    assert made.status_code == 201
    told = office.get(f"{URL}/{made.json()['id']}")
    assert told.json() == made.json()
    assert told["ETag"] == made["ETag"] == f'"{made.json()["version"]}"'
    assert EVERYTHING.items() <= told.json().items()
    with business(shop.business), connection.cursor() as cursor:
        cursor.execute("SELECT * FROM sales_customer")
        stored = repr(cursor.fetchall())
    # Each with a sign or a length that no id and no ciphertext has by chance.
    words = (
        "Bakkerij Smit",
        "555 0101",
        "5550101",
        "smit@",
        "Kade 3",
        "NL001234567B01",
        "Rings twice",
    )
    for word in words:
        assert word not in stored, word


def test_a_limit_is_for_who_may_set_it(shop: Shop, office: Client, terminal: Client) -> None:
    assert office.get(one(shop)).json()["credit_limit"] is None
    assert "credit_limit" not in terminal.get(one(shop)).json()
    said(post(terminal, URL, {"name": "Dirk", "credit_limit": "5"}), 403, "permission_denied")
    without(shop, Permission.CUSTOMER_CREDIT)
    said(patch(office, one(shop), credit_limit="5"), 403, "permission_denied")
    assert patch(office, one(shop), note="No limit").status_code == 200


def test_a_limit_stays_where_one_may_not_see_it(shop: Shop, office: Client) -> None:
    patch(office, one(shop), credit_limit="99.50")
    without(shop, Permission.CUSTOMER_CREDIT)
    assert patch(office, one(shop), name="Carla B").status_code == 200
    with business(shop.business):
        assert Customer.objects.get(pk=shop.customer.pk).credit_limit == Decimal("99.5")


# -- made once ------------------------------------------------------------------------------------


def test_a_customer_is_made_once(shop: Shop, office: Client) -> None:
    body = {**EVERYTHING, "id": str(uuid7())}
    first, again = post(office, URL, body), post(office, URL, body)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["id"] == body["id"]
    for other in ({"name": "Other"}, {"credit_limit": "250.01"}, {"note": ""}):
        assert "id" in said(post(office, URL, {**body, **other}), 409, "id_taken")
    with business(shop.business):
        assert Customer.objects.count() == 2
        assert AuditEntry.objects.filter(action="customer.create").count() == 1


def test_an_id_of_another_business_is_taken(shop: Shop, other_shop: Shop, office: Client) -> None:
    body = {"id": str(other_shop.customer.pk), "name": "Carla of rival"}
    assert "id" in said(post(office, URL, body), 409, "id_taken")
    with business(other_shop.business):
        assert Customer.objects.get().name == "Carla of rival"


# -- changed --------------------------------------------------------------------------------------


def test_only_what_is_sent_changes(shop: Shop, office: Client) -> None:
    before = office.get(one(shop)).json()
    response = patch(office, one(shop), phone="+31 6 9999 9999", address="Kade 3")
    after = response.json()
    assert response["ETag"] == f'"{after["version"]}"' != f'"{before["version"]}"'
    changes = {"phone": "+31 6 9999 9999", "address": "Kade 3", "version": after["version"]}
    assert after == before | changes == office.get(one(shop)).json()
    (found,) = office.get(f"{URL}?q=31699999999").json()["results"]
    assert found["id"] == before["id"]
    assert office.get(f"{URL}?q=31612345678").json()["results"] == []
    with business(shop.business):
        entry = AuditEntry.objects.get(action="customer.update")
    assert entry.changes == {"phone": ["***", "***"], "address": ["", "***"]}
    assert (entry.actor, entry.object_id) == (shop.owner, before["id"])
    assert entry.device_id is not None


def test_another_name_is_found_by(shop: Shop, office: Client) -> None:
    patch(office, one(shop), name="Ömer O'Dowd")
    for text, count in (("omer", 1), ("odowd", 1), ("carla", 0)):
        assert len(office.get(f"{URL}?q={text}").json()["results"]) == count, text


def test_nothing_sent_changes_nothing(shop: Shop, office: Client) -> None:
    version = office.get(one(shop)).json()["version"]
    for body in ({}, {"name": "Carla of acme"}):
        assert patch(office, one(shop), **body).json()["version"] == version
    with business(shop.business):
        assert not AuditEntry.objects.filter(action="customer.update").exists()


def test_switching_off_and_on(shop: Shop, office: Client, terminal: Client) -> None:
    assert patch(office, one(shop), is_active=False).json()["is_active"] is False
    assert terminal.get(URL).json()["results"] == []
    assert terminal.get(one(shop)).json()["is_active"] is False
    # Another change leaves it so.
    assert patch(office, one(shop), note="Moved").json()["is_active"] is False
    assert patch(office, one(shop), is_active=True).json()["is_active"] is True
    assert len(terminal.get(URL).json()["results"]) == 1


def test_a_version_that_is_over_is_refused(shop: Shop, office: Client) -> None:
    old = office.get(one(shop))["ETag"]
    new = patch(office, one(shop), old, name="Carla B")
    assert new.status_code == 200
    said(patch(office, one(shop), old, name="Carla C"), 412, "changed_meanwhile")
    assert patch(office, one(shop), f"W/{old}, {new['ETag']}", name="Carla D").status_code == 200
    assert patch(office, one(shop), "*", name="Carla E").status_code == 200
    assert office.get(one(shop)).json()["name"] == "Carla E"


def test_every_field_is_in_the_version_and_credit_is_not(shop: Shop, office: Client) -> None:
    seen = [office.get(one(shop)).json()["version"]]
    for name, value in EVERYTHING.items():
        seen.append(patch(office, one(shop), **{name: value}).json()["version"])
    seen.append(patch(office, one(shop), is_active=False).json()["version"])
    assert len(set(seen)) == len(EVERYTHING) + 2
    with business(shop.business):
        grant(shop, "5")
    told = office.get(one(shop)).json()
    assert (told["credit"], told["version"]) == ("5.00", seen[-1])


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"name": ""}, ["name"]),
        ({"name": None}, ["name"]),
        ({"name": "4111 1111 1111 1111"}, ["name"]),
        ({"phone": "4111 1111 1111 1111"}, ["phone"]),
        ({"phone": "1" * 41, "tax_number": "1" * 41}, ["phone", "tax_number"]),
        ({"email": "not one"}, ["email"]),
        ({"address": "x" * 501}, ["address"]),
        ({"note": "Card 4111-1111-1111-1111"}, ["note"]),
        ({"note": "nul \0"}, ["note"]),
        ({"credit_limit": "-1"}, ["credit_limit"]),
        ({"credit_limit": 0.5}, ["credit_limit"]),
        ({"credit_limit": "0.12345"}, ["credit_limit"]),
        ({"is_active": None}, ["is_active"]),
        ({"is_active": "yes"}, ["is_active"]),
        ({"id": NOWHERE, "business": 1, "credit": "5"}, ["business", "credit", "id"]),
    ],
)
def test_what_is_wrong_is_named(
    shop: Shop, office: Client, body: dict[str, Any], fields: list[str]
) -> None:
    version = office.get(one(shop)).json()["version"]
    assert sorted(said(patch(office, one(shop), **body), 400, "invalid")) == fields
    assert office.get(one(shop)).json()["version"] == version


def test_who_may_what(
    shop: Shop, other_shop: Shop, terminal: Client, stranger: Client, manager: Client
) -> None:
    said(patch(terminal, one(shop), name="Mine"), 403, "permission_denied")
    path = f"api/v1/customers/{shop.customer.pk}"
    assert patch(manager, shop.url(path), name="Carla B").status_code == 200
    said(patch(stranger, shop.url(path), name="Mine"), 404, "not_found")
    office = with_token(make_device(shop, user=shop.owner)[1])
    for pk in (other_shop.customer.pk, NOWHERE):
        said(patch(office, f"{URL}/{pk}", name="Mine"), 404, "not_found")
    # What is changed is shown.
    without(shop, Permission.CUSTOMER_VIEW)
    said(patch(office, one(shop), name="Mine"), 403, "permission_denied")
    said(ask(office, "GET", one(shop)), 403, "permission_denied")


# -- what they have bought ------------------------------------------------------------------------


def test_what_a_customer_has_bought(open_shop: Shop, office: Client, terminal: Client) -> None:
    shop = open_shop
    url = f"{one(shop)}/totals"
    nothing = dict.fromkeys(("sales", "voids", "refunds", "exchanges"), 0)
    assert office.get(url).json() == {**nothing, "total": "0.00", "average": None}
    theirs = {"customer": str(shop.customer.pk)}
    sold = [
        post(terminal, "/api/v1/sales", sale_body(shop, line(shop.mug), total="5.00", **more))
        for more in (theirs, theirs, theirs, {})
    ]
    three = {"id": str(uuid7()), **theirs}
    body = sale_body(shop, line(shop.mug, "3"), total="15.00", **three)
    assert post(office, "/api/v1/sales", body).status_code == 201
    void = {"id": str(uuid7()), "reason": "Wrong size"}
    voided = f"/api/v1/sales/{sold[0].json()['id']}/void"
    assert post(office, voided, void).status_code == 201
    told = {**nothing, "sales": 4, "voids": 1, "total": "25.00", "average": "8.33"}
    assert office.get(url).json() == told
    # The cashier sees what the cashier sold.
    own = {**nothing, "sales": 3, "voids": 1, "total": "10.00", "average": "5.00"}
    with business(shop.business):
        role = shop.roles["Cashier"]
        role.permissions = sorted({*role.permissions, "sell.view_own"} - {"sell.view"})
        role.save()
    assert terminal.get(url).json() == own
    said(office.get(f"{URL}/{NOWHERE}/totals"), 404, "not_found")
    without(shop, Permission.CUSTOMER_VIEW)
    said(office.get(url), 403, "permission_denied")


# -- what the till asks for -----------------------------------------------------------------------


def test_the_till_asks_the_database_no_more_than_before(shop: Shop, terminal: Client) -> None:
    """Who and where it is, who is asked for, and what they have to spend."""
    body = {"name": "Dirk", "phone": "020 555", "email": ""}
    for most, work in (
        (6, lambda: terminal.get(one(shop))),
        (6, lambda: terminal.get(URL)),
        (7, lambda: terminal.get(f"{URL}?q=carla")),
        (7, lambda: post(terminal, URL, body)),
    ):
        with counted() as statements:
            assert work().status_code in {200, 201}
        assert len(statements) <= most, statements
