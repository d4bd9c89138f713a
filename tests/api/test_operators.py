"""Operators: who can sign in where, with which PIN, for how long, and what they may then do."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client

from accounts import pins
from accounts.models import AuditEntry, Membership, OperatorSession, PinTries
from sales.models import Sale
from tenants.context import business
from tests.api.calls import line, post, said, sale_body
from tests.api.operating import PIN, as_operator, counter, give_pin, member, sign_in, working
from tests.factories import Shop, make_device, make_person, make_shift, signed_in, with_token

URL = "/api/v1/operators"
# Eight digits, which no id, no time and no ciphertext of a test has by chance.
LONG_PIN = "86427531"


def names(client: Client, url: str = URL) -> list[str]:
    answer = client.get(url)
    assert answer.status_code == 200, answer.content
    assert all(one.keys() == {"id", "name"} for one in answer.json()["results"])
    return [one["name"] for one in answer.json()["results"]]


def status(client: Client) -> int:
    return client.get("/api/v1/me").status_code


def test_the_terminal_shows_who_has_a_pin_and_works_here(shop: Shop, other_shop: Shop) -> None:
    _device, terminal = counter(shop)
    assert names(terminal) == []
    for person in ("Manager", "Cashier", "Viewer"):
        give_pin(shop, person)
    give_pin(other_shop, "Cashier")
    with business(shop.business):
        elsewhere = make_person("elsa", shop.roles["Cashier"], locations=[shop.market])
        here = make_person("hans", shop.roles["Cashier"], locations=[shop.high_street])
        Membership.objects.filter(user=shop.people["Viewer"]).update(is_active=False)
    shop.people |= {"Elsa": elsewhere, "Hans": here}
    give_pin(shop, "Elsa")
    give_pin(shop, "Hans")
    assert names(terminal) == ["Acme.Cashier Person", "Acme.Manager Person", "Hans Person"]
    assert names(terminal, f"{URL}?approves=sell.void") == ["Acme.Manager Person"]
    said(terminal.get(f"{URL}?approves=user.create"), 400, "invalid")


def test_a_person_in_a_browser_says_where(shop: Shop, cashier: Client, stranger: Client) -> None:
    give_pin(shop, "Manager")
    url = shop.url(f"api/v1/operators?location={shop.high_street.pk}")
    assert names(cashier, url) == ["Acme.Manager Person"]
    said(cashier.get(shop.url("api/v1/operators")), 400, "invalid")
    assert stranger.get(url).status_code == 404
    with business(shop.business):
        elsa = make_person("elsa", shop.roles["Cashier"], locations=[shop.market])
    assert signed_in(elsa).get(url).status_code == 404


def test_signing_in_makes_the_permissions_the_persons(shop: Shop) -> None:
    device, terminal = counter(shop)
    cashier, manager = give_pin(shop, "Cashier"), give_pin(shop, "Manager")
    answer = sign_in(terminal, cashier)
    assert answer.status_code == 201 and "no-store" in answer["Cache-Control"]
    told = answer.json()
    assert told["person"] == {"id": str(cashier.pk), "name": "Acme.Cashier Person"}
    assert "sell.create" in told["permissions"] and "sell.void" not in told["permissions"]
    at_work = as_operator(terminal, told["operator_token"])
    me = at_work.get("/api/v1/me").json()
    assert me["permissions"] == told["permissions"]
    assert me["operator"]["id"] == str(cashier.pk)
    assert me["device"]["id"] == str(device.pk) and len(me["registers"]) == 1
    assert "sell.void" in working(terminal, manager).get("/api/v1/me").json()["permissions"]
    # One person at a time: who came first is signed out.
    said(at_work.get("/api/v1/me"), 401, "operator_signed_out")
    assert status(terminal) == 200


def test_a_sale_names_device_and_operator(shop: Shop) -> None:
    device, terminal = counter(shop)
    with business(shop.business):
        make_shift(shop)
    body = sale_body(shop, line(shop.mug), total="5.00")
    said(post(terminal, "/api/v1/sales", body), 403, "permission_denied")
    at_work = working(terminal, give_pin(shop, "Cashier"))
    answer = post(at_work, "/api/v1/sales", body)
    assert answer.status_code == 201 and answer.json()["operator"] == "Acme.Cashier Person"
    with business(shop.business):
        sale = Sale.objects.get()
        assert (sale.device, sale.operator) == (device, shop.cashier)


def test_a_session_ends_after_twelve_hours_and_when_nobody_works(shop: Shop) -> None:
    with time_machine.travel(dt.datetime(2030, 1, 1, 8, tzinfo=dt.UTC), tick=False) as clock:
        _device, terminal = counter(shop)
        cashier = give_pin(shop, "Cashier")
        at_work = working(terminal, cashier)
        for _step in range(24 * 12 // 6 - 1):
            clock.shift(15 * 60)
            assert status(at_work) == 200
        clock.shift(15 * 60)
        said(at_work.get("/api/v1/me"), 401, "operator_signed_out")
        at_work = working(terminal, cashier)
        clock.shift(29 * 60)
        assert status(at_work) == 200
        clock.shift(31 * 60)
        said(at_work.get("/api/v1/me"), 401, "operator_signed_out")


@pytest.mark.parametrize("what", ["sign out", "pin", "place", "gone", "device", "removed"])
def test_a_session_ends_with(shop: Shop, owner: Client, what: str) -> None:
    device, terminal = counter(shop)
    cashier = give_pin(shop, "Cashier")
    at_work = working(terminal, cashier)
    assert status(at_work) == 200
    people = shop.url(f"people/{cashier.pk}/")
    if what == "sign out":
        assert post(at_work, f"{URL}/sign-out", {}).status_code == 204
    elif what == "pin":
        assert owner.post(f"{people}pin/", {"pin": "8642", "again": "8642"}).status_code == 302
    elif what == "removed":
        assert owner.post(f"{people}pin/remove/").status_code == 302
    elif what == "place":
        role = shop.roles["Viewer"].pk
        answer = owner.post(f"{people}edit/", {"role": str(role), "all_locations": "on"})
        assert answer.status_code == 302
    elif what == "gone":
        assert owner.post(f"{people}deactivate/").status_code == 302
    else:
        assert owner.post(shop.url(f"devices/{device.pk}/revoke/")).status_code == 302
    code = "not_authenticated" if what == "device" else "operator_signed_out"
    said(at_work.get("/api/v1/me"), 401, code)
    assert post(terminal, f"{URL}/sign-out", {}).status_code == (401 if what == "device" else 204)


def test_an_operator_s_token_opens_no_other_device(shop: Shop) -> None:
    _device, terminal = counter(shop)
    told = sign_in(terminal, give_pin(shop, "Cashier")).json()["operator_token"]
    other = with_token(make_device(shop, name="Other")[1])
    said(as_operator(other, told).get("/api/v1/me"), 401, "operator_signed_out")
    alone = Client(headers={"Authorization": f"Bearer {told}"})
    said(alone.get("/api/v1/me"), 401, "not_authenticated")
    assert status(as_operator(terminal, told)) == 200


def test_the_fifth_wrong_pin_locks_and_the_right_one_does_not_open(shop: Shop) -> None:
    with time_machine.travel(dt.datetime(2030, 1, 1, 8, tzinfo=dt.UTC), tick=False) as clock:
        _device, terminal = counter(shop)
        cashier, manager = give_pin(shop, "Cashier"), give_pin(shop, "Manager")
        for left in (4, 3, 2, 1):
            assert said(sign_in(terminal, cashier, "9999"), 403, "wrong_pin") == {"left": left}
        locked = sign_in(terminal, cashier, "9999")
        assert said(locked, 403, "pin_locked") == {"wait": 900}
        assert locked["Retry-After"] == "900" and "15 minutes" in locked.json()["message"]
        said(sign_in(terminal, cashier, PIN), 403, "pin_locked")
        # Nobody else, and nowhere else.
        assert sign_in(terminal, manager).status_code == 201
        assert sign_in(with_token(make_device(shop)[1]), cashier).status_code == 201
        clock.shift(899)
        said(sign_in(terminal, cashier), 403, "pin_locked")
        clock.shift(1)
        assert sign_in(terminal, cashier).status_code == 201
        assert said(sign_in(terminal, cashier, "9999"), 403, "wrong_pin") == {"left": 4}


def test_whoever_goes_on_guessing_is_locked_until_somebody_unlocks(shop: Shop) -> None:
    with time_machine.travel(dt.datetime(2030, 1, 1, 8, tzinfo=dt.UTC), tick=False) as clock:
        _device, terminal = counter(shop)
        cashier = give_pin(shop, "Cashier")
        for number in range(pins.MOST):
            sign_in(terminal, cashier, f"{number:04}")
            clock.shift(901 if number % 5 == 4 else 0)
        clock.shift(30 * 24 * 3600)
        assert said(sign_in(terminal, cashier), 403, "pin_locked") == {}
        owner = signed_in(shop.owner)
        page = owner.get(shop.url(f"people/{cashier.pk}/")).content.decode()
        assert "Locked" in page and "/pin/unlock/" in page
        assert owner.post(shop.url(f"people/{cashier.pk}/pin/unlock/")).status_code == 302
        assert sign_in(terminal, cashier).status_code == 201


def test_nobody_from_elsewhere_signs_in(shop: Shop, other_shop: Shop) -> None:
    _device, terminal = counter(shop)
    foreign = give_pin(other_shop, "Cashier")
    said(sign_in(terminal, foreign), 404, "not_found")
    with business(shop.business):
        elsa = make_person("elsa", shop.roles["Cashier"], locations=[shop.market])
    shop.people["Elsa"] = elsa
    said(sign_in(terminal, give_pin(shop, "Elsa")), 404, "not_found")
    said(sign_in(terminal, member(shop, "Owner")), 404, "not_found")
    with business(shop.business):
        assert not OperatorSession.objects.exists() and not PinTries.objects.exists()


@pytest.mark.parametrize("pin", ["", "27495", "2749510", " 274951x", "²74951", "٢٧٤٩٥١"])
def test_what_is_not_the_pin(shop: Shop, pin: str) -> None:
    _device, terminal = counter(shop)
    answer = sign_in(terminal, give_pin(shop, "Cashier"), pin)
    assert answer.status_code in {400, 403}
    assert answer.json()["code"] in {"invalid", "wrong_pin"}


def test_people_and_programs_sign_in_nowhere(shop: Shop, cashier: Client) -> None:
    body = {"person": str(give_pin(shop, "Cashier").pk), "pin": PIN}
    for path in ("sign-in", "sign-out"):
        answer = post(cashier, shop.url(f"api/v1/operators/{path}"), body)
        said(answer, 403, "terminals_only")


def test_a_stolen_table_gives_no_pin_away(shop: Shop) -> None:
    give_pin(shop, "Cashier", LONG_PIN)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pin FROM accounts_membership WHERE pin <> ''")
        ((stored,),) = cursor.fetchall()
    assert stored.startswith("gAAAAA") and "$" not in stored and LONG_PIN not in stored


# -- the pages ------------------------------------------------------------------------------------


def test_a_person_sets_their_own_pin_with_their_password(shop: Shop) -> None:
    from tests.factories import PASSWORD

    client, url = signed_in(shop.cashier), shop.url("pin/")
    assert client.get(url).status_code == 200
    good = {"password": PASSWORD, "pin": LONG_PIN, "again": LONG_PIN}
    for wrong in ({"password": "no"}, {"again": LONG_PIN[::-1]}, {"pin": "12", "again": "12"}):
        assert client.post(url, {**good, **wrong}).status_code == 200
        assert member(shop, "Cashier").pin == ""
    for easy in ("1234", "4321", "7777", "12345678"):
        page = client.post(url, {**good, "pin": easy, "again": easy}).content.decode()
        assert "Anybody would try this one first" in page
    assert client.post(url, good).status_code == 302
    _device, terminal = counter(shop)
    assert sign_in(terminal, member(shop, "Cashier"), LONG_PIN).status_code == 201
    assert client.post(shop.url("pin/remove/")).status_code == 302
    said(sign_in(terminal, member(shop, "Cashier"), LONG_PIN), 404, "not_found")
    with business(shop.business):
        acts = list(AuditEntry.objects.values_list("action", flat=True))
        told = str(list(AuditEntry.objects.values()))
    assert "user.set_pin" in acts and "user.remove_pin" in acts and LONG_PIN not in told


def test_a_manager_sets_the_pin_of_those_below(
    shop: Shop, manager: Client, cashier: Client, stranger: Client
) -> None:
    below, above = member(shop, "Cashier"), member(shop, "Owner")
    form = {"pin": "8642", "again": "8642"}
    url = shop.url(f"people/{below.pk}/pin/")
    assert manager.get(url).status_code == 200
    assert cashier.post(url, form).status_code == 403
    assert stranger.post(url, form).status_code == 404
    assert member(shop, "Cashier").pin == ""
    assert manager.post(url, form).status_code == 302
    assert member(shop, "Cashier").pin
    for path in ("pin/", "pin/remove/", "pin/unlock/"):
        manager.post(shop.url(f"people/{above.pk}/{path}"), form)
    assert member(shop, "Owner").pin == ""
    for path in ("pin/remove/", "pin/unlock/"):
        assert manager.get(shop.url(f"people/{below.pk}/{path}")).status_code == 405
        assert cashier.post(shop.url(f"people/{below.pk}/{path}")).status_code == 403
        assert stranger.post(shop.url(f"people/{below.pk}/{path}")).status_code == 404


def test_nobody_unlocks_themselves(shop: Shop, manager: Client) -> None:
    _device, terminal = counter(shop)
    me = give_pin(shop, "Manager")
    for _try in range(5):
        sign_in(terminal, me, "9999")
    manager.post(shop.url(f"people/{me.pk}/pin/unlock/"))
    said(sign_in(terminal, me), 403, "pin_locked")


def test_a_list_of_operators_takes_few_statements(
    shop: Shop, django_assert_max_num_queries: Any
) -> None:
    _device, terminal = counter(shop)
    for person in shop.people:
        give_pin(shop, person)
    with django_assert_max_num_queries(8):
        assert len(names(terminal)) == len(shop.people)
