"""Who gets in at every endpoint, and the one shape of everything that is refused on the way.

Terminals with a right or a wrong token, and other places' ids: `tests/contract/test_table.py`, from
the description. Here also people in a browser, under the same rules.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import URLPattern
from rest_framework.exceptions import Throttled

from accounts.api_urls import urlpatterns as of_operators
from accounts.models import Device, Membership
from inventory.api_urls import urlpatterns as of_catalogue
from metering.api_urls import urlpatterns as of_credits
from pos.errors import answer
from purchasing.api_urls import urlpatterns as of_suppliers
from sales.api import me
from sales.api_urls import urlpatterns
from sync.api_urls import urlpatterns as of_copies
from tenants.context import business
from tests.api.calls import ENDPOINTS, FREE, address, ask, post, said
from tests.factories import Shop, make_device, signed_in, with_token

every_endpoint = pytest.mark.parametrize(("verb", "path"), ENDPOINTS)


def test_every_route_is_in_the_list() -> None:
    """A new endpoint without its tests fails here."""
    routed = [*urlpatterns, *of_operators, *of_copies, *of_catalogue, *of_credits, *of_suppliers]
    routes = {
        (verb, re.sub(r"<\w+:\w+>", "", str(pattern.pattern)))
        for pattern in routed
        if isinstance(pattern, URLPattern)
        for verb in pattern.callback.view_class.needs  # type: ignore[attr-defined]
    }
    listed = {(verb, re.sub(r"{\w+}", "", path.split("?")[0])) for verb, path in ENDPOINTS}
    assert routes == listed


@every_endpoint
def test_nobody_enters_without_a_token(shop: Shop, client: Client, verb: str, path: str) -> None:
    for root in ("/api/v1/", shop.url("api/v1/")):
        response = ask(client, verb, address(path, root))
        said(response, 401, "not_authenticated")
        assert response["WWW-Authenticate"] == "Bearer"
        assert response["Cache-Control"] == "private, no-store"


@every_endpoint
def test_a_role_without_permissions_may_do_nothing(
    shop: Shop, terminal: Client, cashier: Client, verb: str, path: str
) -> None:
    with business(shop.business):
        shop.roles["Cashier"].permissions = []
        shop.roles["Cashier"].save()
    for client, root in ((terminal, "/api/v1/"), (cashier, shop.url("api/v1/"))):
        response = ask(client, verb, address(path, root))
        if path == "sales/batch":
            # What was sold is heard of anybody; who may not sell puts nothing into the books.
            said(response, 400, "invalid")
        elif path not in FREE:
            said(response, 403, "permission_denied")
        elif response.status_code == 403:
            assert response.json()["code"] in {"terminals_only", "devices_only"}


@every_endpoint
def test_a_stranger_does_not_find_the_business(
    shop: Shop, stranger: Client, verb: str, path: str
) -> None:
    nowhere = said(ask(stranger, verb, address(path, "/b/no-such-shop/api/v1/")), 404, "not_found")
    assert (
        said(ask(stranger, verb, address(path, shop.url("api/v1/"))), 404, "not_found") == nowhere
    )


@every_endpoint
def test_the_wrong_verb_is_named(terminal: Client, verb: str, path: str) -> None:
    plain = path.split("?", maxsplit=1)[0]
    known = {one for one, listed in ENDPOINTS if listed.split("?")[0] == plain}
    for wrong in {"PUT", "PATCH", "DELETE", "OPTIONS"} - known:
        response = ask(terminal, wrong, address(path))
        said(response, 405, "method_not_allowed")
        assert verb in response["Allow"]
    if "POST" not in known:
        said(ask(terminal, "POST", address(path)), 405, "method_not_allowed")


def tell_me(client: Client) -> Any:
    return client.get("/api/v1/me")


def test_no_token_but_one_of_ours(shop: Shop) -> None:
    token = make_device(shop)[1]
    for header in ("", "Bearer", f"Bearer {token}x", f"Basic {token}", "Bearer tb_", token):
        said(tell_me(Client(headers={"Authorization": header})), 401, "not_authenticated")
    assert tell_me(Client(headers={"Authorization": f"bearer {token}"})).status_code == 200


def test_a_token_ends_with_its_person(shop: Shop) -> None:
    terminal = with_token(make_device(shop)[1])
    with business(shop.business):
        Membership.objects.filter(user=shop.cashier).update(is_active=False)
    said(tell_me(terminal), 401, "not_authenticated")
    with business(shop.business):
        Membership.objects.filter(user=shop.cashier).update(is_active=True)
    assert tell_me(terminal).status_code == 200
    shop.cashier.is_active = False
    shop.cashier.save()
    said(tell_me(terminal), 401, "not_authenticated")


def test_a_token_ends_with_its_business(shop: Shop) -> None:
    terminal = with_token(make_device(shop)[1])
    shop.business.is_active = False
    shop.business.save()
    said(tell_me(terminal), 401, "not_authenticated")


def test_a_person_in_a_browser_needs_the_csrf_token(open_shop: Shop) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(open_shop.cashier)
    url, body = open_shop.url("api/v1/customers"), {"name": "Cees"}
    said(post(browser, url, body), 403, "permission_denied")
    browser.cookies["csrftoken"] = "a" * 32
    response = browser.post(
        url, body, content_type="application/json", headers={"X-CSRFToken": "a" * 32}
    )
    assert response.status_code == 201


def test_a_token_opens_no_page_and_a_cookie_no_terminal(shop: Shop, cashier: Client) -> None:
    terminal = with_token(make_device(shop)[1])
    said(terminal.get(shop.url("api/v1/me")), 401, "not_authenticated")
    assert terminal.get(shop.url("sales/")).status_code == 302
    said(cashier.get("/api/v1/me"), 401, "not_authenticated")


@pytest.mark.parametrize("path", ["nothing", "items/", "sales/7", "sales/x/void", ""])
def test_an_unknown_address_is_said_in_json(terminal: Client, path: str) -> None:
    said(terminal.get(f"/api/v1/{path}"), 404, "not_found")


def test_an_unknown_address_for_people_is_said_in_json(shop: Shop, owner: Client) -> None:
    said(owner.get(shop.url("api/v1/nothing")), 404, "not_found")
    said(owner.get("/api/v2/me"), 404, "not_found")


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        ("{", "application/json", 400, "parse_error"),
        ('{"name": NaN}', "application/json", 400, "parse_error"),
        (b'{"name": "\xff"}', "application/json", 400, "parse_error"),
        ("[" * 100_000, "application/json", 400, "parse_error"),
        ("1" * 5000, "application/json", 400, "parse_error"),
        ('{"name": "' + "x" * 1_000_000 + '"}', "application/json", 413, "too_large"),
        ("name=Cees", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        ("[]", "application/json", 400, "invalid"),
        ("null", "application/json", 400, "invalid"),
        ("", "application/json", 400, "invalid"),
    ],
)
def test_a_body_that_is_no_object(
    terminal: Client, content: Any, kind: str, status: int, code: str
) -> None:
    said(terminal.generic("POST", "/api/v1/customers", content, content_type=kind), status, code)


def test_another_format_is_not_offered(terminal: Client) -> None:
    said(terminal.get("/api/v1/me", headers={"Accept": "text/html"}), 406, "not_acceptable")


def test_too_often_says_when_to_come_back() -> None:
    response = answer(Throttled(wait=3.2), {})
    assert response is not None
    assert (response.status_code, response["Retry-After"]) == (429, "4")
    assert response.data.keys() == {"code", "message", "fields"}


def test_a_database_that_is_too_slow_asks_to_try_again(
    terminal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stuck(*args: Any) -> None:
        raise OperationalError("canceling statement due to lock timeout")

    monkeypatch.setattr(me, "usable_registers", stuck)
    response = terminal.get("/api/v1/me")
    assert said(response, 503, "busy") == {}
    assert response["Retry-After"] == "1"


def test_a_device_is_seen_at_most_every_five_minutes(shop: Shop) -> None:
    device, token = make_device(shop)
    with business(shop.business):
        Device.objects.filter(pk=device.pk).update(last_seen_at=None)
        terminal = with_token(token)
        tell_me(terminal)
        first = Device.objects.get(pk=device.pk).last_seen_at
        assert first is not None
        tell_me(terminal)
        assert Device.objects.get(pk=device.pk).last_seen_at == first


def test_the_own_session_shows_the_same(shop: Shop) -> None:
    people = signed_in(shop.cashier).get(shop.url("api/v1/me")).json()
    terminal = tell_me(with_token(make_device(shop)[1])).json()
    assert people["device"] is None
    assert terminal["device"]["name"] == "Counter"
    assert people["business"] == terminal["business"]
