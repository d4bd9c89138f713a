"""Pairing: a code of the Devices page becomes a terminal's token, once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client

from accounts.models import Attempt, AuditEntry, Device, Membership
from sales.models import Pairing, Register
from sales.terminals import BY_ADDRESS, connect, invite
from tenants.context import business
from tests.accounts.reading import found
from tests.api.calls import post, said
from tests.factories import Shop, make_person, signed_in, with_token

URL = "/api/v1/pair"


def code_for(shop: Shop, *, person: str = "Manager", **fields: Any) -> tuple[Pairing, str]:
    with business(shop.business):
        member = Membership.objects.get(user=shop.people[person])
        values = {"actor": member, "membership": member, "name": "", **fields}
        return invite(register=shop.register, **values)


def test_a_code_becomes_a_token_once(shop: Shop, client: Client) -> None:
    pairing, code = code_for(shop)
    answer = post(client, URL, {"code": code, "name": "Tablet M2", "version": "Shopper 2.1"})
    assert answer.status_code == 201
    assert answer["Cache-Control"] == "private, no-store"
    told = answer.json()
    assert told["business"] == {"name": "Acme", "slug": "acme"}
    assert told["location"]["code"] == "HS"
    assert told["register"] == {"id": str(shop.register.pk), "name": "Till 1", "prefix": "ACM1"}
    assert told["needs_operator"] is False
    me = with_token(told["token"]).get("/api/v1/me").json()
    assert me["device"]["name"] == "Tablet M2"
    with business(shop.business):
        device = Device.objects.get()
        assert (device.app_version, device.last_network) == ("Shopper 2.1", "127.0.0.0/24")
        assert Register.objects.get().device == device
        pairing.refresh_from_db()
        assert pairing.device == device
    said(post(client, URL, {"code": code}), 404, "unknown_code")
    with business(shop.business):
        assert Device.objects.count() == 1


@pytest.mark.parametrize("spelt", [str.lower, lambda code: code.replace("-", " "), str.title])
def test_a_code_as_people_type_it(shop: Shop, client: Client, spelt: Any) -> None:
    _pairing, code = code_for(shop)
    assert post(client, URL, {"code": f" {spelt(code)} "}).status_code == 201


def test_a_code_is_unambiguous_and_kept_as_a_keyed_hash(shop: Shop) -> None:
    pairing, code = code_for(shop)
    assert len(code) == 9 and code[4] == "-" and not set(code) & set("IL1O0")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM sales_pairing")
        row = str(cursor.fetchall())
    assert code not in row and code.replace("-", "").lower() not in row
    assert pairing.code_hash in row


def test_a_code_lives_for_ten_minutes(shop: Shop, client: Client) -> None:
    start = dt.datetime(2030, 1, 1, 9, tzinfo=dt.UTC)
    with time_machine.travel(start, tick=False) as clock:
        _pairing, code = code_for(shop)
        clock.shift(10 * 60)
        said(post(client, URL, {"code": code}), 404, "unknown_code")
        _pairing, code = code_for(shop)
        clock.shift(10 * 60 - 1)
        assert post(client, URL, {"code": code}).status_code == 201


def test_a_new_code_ends_the_one_before(shop: Shop, client: Client) -> None:
    _pairing, first = code_for(shop)
    _pairing, second = code_for(shop)
    said(post(client, URL, {"code": first}), 404, "unknown_code")
    assert post(client, URL, {"code": second}).status_code == 201


def test_pairing_again_disconnects_the_device_before(shop: Shop, client: Client) -> None:
    tokens = [post(client, URL, {"code": code_for(shop)[1]}).json()["token"] for _ in range(2)]
    answers = [with_token(token).get("/api/v1/me").status_code for token in tokens]
    assert answers == [401, 200]


def test_a_code_of_another_business_opens_that_one(
    shop: Shop, other_shop: Shop, client: Client
) -> None:
    code_for(shop)
    _pairing, code = code_for(other_shop)
    answer = post(client, URL, {"code": code}).json()
    assert answer["business"]["slug"] == "rival"
    with business(shop.business):
        assert not Device.objects.exists() and Pairing.objects.get().device is None


@pytest.mark.parametrize("what", ["business", "maker", "right"])
def test_a_code_ends_with_what_it_stands_on(shop: Shop, client: Client, what: str) -> None:
    _pairing, code = code_for(shop)
    with business(shop.business):
        if what == "business":
            shop.business.is_active = False
            shop.business.save()
        elif what == "maker":
            Membership.objects.filter(user=shop.manager).update(is_active=False)
        else:
            shop.roles["Manager"].permissions = ["device.view"]
            shop.roles["Manager"].save()
    said(post(client, URL, {"code": code}), 404, "unknown_code")
    with business(shop.business):
        assert not Device.objects.exists()


def test_a_register_that_was_switched_off_gets_none(shop: Shop, client: Client) -> None:
    _pairing, code = code_for(shop)
    with business(shop.business):
        Register.objects.update(is_active=False)
    said(post(client, URL, {"code": code}), 422, "inactive")
    with business(shop.business):
        assert not Device.objects.exists()
        Register.objects.update(is_active=True)
    # It was the register's fault and not the code's.
    assert post(client, URL, {"code": code}).status_code == 201


def test_guessing_ends_soon(shop: Shop, client: Client) -> None:
    _pairing, code = code_for(shop)
    with time_machine.travel(dt.datetime.now(dt.UTC), tick=False):
        for _try in range(BY_ADDRESS.most):
            said(post(client, URL, {"code": "AAAA-AAAA"}), 404, "unknown_code")
        late = post(client, URL, {"code": code})
    said(late, 429, "too_many")
    assert 0 < int(late["Retry-After"]) <= 900
    elsewhere = Client(REMOTE_ADDR="198.51.100.7")
    assert post(elsewhere, URL, {"code": code}).status_code == 201


def test_the_right_code_costs_no_try(shop: Shop, client: Client) -> None:
    # Within one window.
    with time_machine.travel(dt.datetime(2030, 1, 1, 9, tzinfo=dt.UTC), tick=False):
        for _time in range(3):
            assert post(client, URL, {"code": code_for(shop)[1]}).status_code == 201
    assert set(Attempt.objects.values_list("count", flat=True)) <= {0}


def test_what_cannot_be_a_request(client: Client, db: None) -> None:
    assert set(said(post(client, URL, {}), 400, "invalid")) == {"code"}
    assert set(said(post(client, URL, {"code": 7, "x": 1}), 400, "invalid")) == {"code", "x"}
    said(client.get(URL), 405, "method_not_allowed")
    said(post(client, "/api/v1/pair/", {}), 401, "not_authenticated")


# -- the pages ------------------------------------------------------------------------------------


def ask_for_code(client: Client, shop: Shop, person: str = "nobody", **fields: Any) -> Any:
    data = {"register": str(shop.register.pk), "person": person, "name": "", **fields}
    return client.post(shop.url("devices/new/"), data)


def test_the_page_shows_the_code_and_notices_the_terminal(
    shop: Shop, manager: Client, client: Client
) -> None:
    page = ask_for_code(manager, shop)
    text = page.content.decode()
    assert "no-store" in page["Cache-Control"]
    code = found(r'<output class="code"[^>]*>([^<]+)<', text)
    assert "http://testserver/api/v1/pair" in text
    assert "<svg" in text and "style=" not in text
    state = found(r'hx-get="([^"]+/pairings/[^"]+)"', text)
    assert 'hx-trigger="every 2s"' in manager.get(state).content.decode()
    answer = post(client, URL, {"code": code, "name": "Sunmi V2"}).json()
    assert answer["needs_operator"] is True
    seen = manager.get(state).content.decode()
    assert "Sunmi V2" in seen and "hx-trigger" not in seen


def test_the_page_says_when_the_code_is_too_old(shop: Shop, manager: Client) -> None:
    with time_machine.travel(dt.datetime(2030, 1, 1, 9, tzinfo=dt.UTC), tick=False) as clock:
        client = signed_in(shop.manager)
        state = found(r'hx-get="([^"]+)"', ask_for_code(client, shop).content.decode())
        clock.shift(601)
        text = client.get(state).content.decode()
        assert "too old" in text and "hx-trigger" not in text


def test_the_state_is_for_who_may_connect(
    shop: Shop, manager: Client, cashier: Client, stranger: Client, owner: Client
) -> None:
    state = found(r'hx-get="([^"]+)"', ask_for_code(manager, shop).content.decode())
    assert owner.get(state).status_code == 200
    assert cashier.get(state).status_code == 403
    assert stranger.get(state).status_code == 404
    assert stranger.get(state.replace("acme", "rival")).status_code == 404
    assert manager.post(state).status_code == 405
    with business(shop.business):
        lead = make_person("lead", shop.roles["Manager"], locations=[shop.market])
    assert signed_in(lead).get(state).status_code == 404


def test_nobody_invites_in_the_name_of_somebody_above(shop: Shop, manager: Client) -> None:
    with business(shop.business):
        above = Membership.objects.get(user=shop.owner)
    assert "valid choice" in ask_for_code(manager, shop, str(above.pk)).content.decode()
    with business(shop.business):
        assert not Pairing.objects.exists()


def test_invitations_are_in_the_log(shop: Shop, manager: Client, client: Client) -> None:
    _pairing, code = code_for(shop)
    post(client, URL, {"code": code})
    with business(shop.business):
        acts = set(AuditEntry.objects.values_list("action", flat=True))
        assert {"device.invite", "device.create", "register.update"} <= acts
        assert code not in str(list(AuditEntry.objects.values()))


def test_a_device_without_people_does_nothing(shop: Shop, client: Client) -> None:
    _pairing, code = code_for(shop, needs_operator=True)
    terminal = with_token(post(client, URL, {"code": code}).json()["token"])
    me = terminal.get("/api/v1/me").json()
    assert (me["permissions"], me["person"]["name"], me["operator"]) == ([], "", None)
    assert me["device"]["needs_operator"] is True and len(me["registers"]) == 1
    refusal = terminal.get("/api/v1/customers")
    said(refusal, 403, "permission_denied")
    assert "PIN" in refusal.json()["message"]
    with business(shop.business):
        # Whoever made it may go: it is the people at it who count.
        Membership.objects.filter(user=shop.manager).update(is_active=False)
    assert terminal.get("/api/v1/me").status_code == 200


def test_connect_still_gives_a_token_at_once(shop: Shop) -> None:
    with business(shop.business):
        member = Membership.objects.get(user=shop.manager)
        _device, token = connect(
            actor=member, register=shop.register, membership=member, name="Printer"
        )
    assert with_token(token).get("/api/v1/me").status_code == 200
