"""Every route, every method, another shop's rows: nothing is shown, nothing changes."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from django.db import connection, models, transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from accounts.access import needs
from metering.models import KeyDay
from tenants.context import business
from tenants.ids import uuid7
from tests.contract.operations import PICTURE
from tests.factories import make_person, signed_in
from tests.isolation.furnished import Furnished, fingerprint, furnish, with_known_token
from tests.isolation.routes import (
    DEVICES,
    INSIDE,
    METHODS,
    OUTSIDE,
    Route,
    Unfillable,
    declares_needs,
    routes,
)
from tests.isolation.walls_down import policies_down, scope_down

# What a route may answer when it is asked for a row that is not there.
REFUSED = {400, 403, 404, 405}


@pytest.fixture
def mine(db: None) -> Furnished:
    return furnish("acme")


@pytest.fixture
def theirs(db: None) -> Furnished:
    return furnish("rival")


def visitor(user: Any, **extra: Any) -> Client:
    client = Client(raise_request_exception=False, **extra)
    if user is not None:
        client.force_login(user)
    return client


def ask(client: Client, method: str, url: str, data: Any = None) -> Any:
    body: dict[str, Any] = {} if data is None else {"data": data}
    if method in {"PUT", "PATCH", "POST", "DELETE"} and "/api/" in url:
        body = {"data": data or {}, "content_type": "application/json"}
    if method == "PUT" and url.endswith("/picture"):
        body = {"data": PICTURE, "content_type": "image/png"}
    return getattr(client, method.lower())(url, **({} if method == "HEAD" else body))


def absent(model: type[models.Model]) -> Any:
    return 987654321 if isinstance(model._meta.pk, models.BigAutoField) else uuid7()


def answer(response: Any, url: str) -> tuple[int, str]:
    """What can be told apart from outside: the status and where it leads."""
    keys = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)\d+(?=/)")
    return response.status_code, keys.sub("KEY", response.headers.get("Location", ""))


def leaks_by_key(client: Client, base: str, all_routes: list[Route], rows: Any) -> list[str]:
    """Routes that answer for these rows otherwise than for rows that nobody has."""
    found = []
    for route in all_routes:
        if not route.tables():
            continue
        for method in ("GET", "POST") if route.is_admin else METHODS:
            url = base + route.path(rows)
            response = ask(client, method, url)
            nobody = ask(client, method, base + route.path(absent))
            same = answer(response, url) == answer(nobody, url)
            closed = response.status_code in REFUSED or (
                # The admin leads back to its first page, and so does its short address; OPTIONS of
                # the API describes the endpoint.
                same and (route.is_admin or method == "OPTIONS") and response.status_code < 400
            )
            if not (same and closed):
                found.append(f"{method} {url}: {response.status_code}, {nobody.status_code}")
    return found


def test_every_route_says_what_it_needs() -> None:
    every = routes(INSIDE, DEVICES, OUTSIDE)
    assert len(every) > 100
    assert [route.template for route in every if not declares_needs(route.view)] == []


def test_every_parameter_can_be_filled() -> None:
    for route in routes(INSIDE, DEVICES, OUTSIDE):
        route.tables()


def test_a_route_that_says_nothing_would_be_found() -> None:
    def silent(request: Any) -> HttpResponse:
        return HttpResponse()

    pattern = path("silent/<uuid:pk>/", silent)
    assert not declares_needs(pattern.callback)
    assert declares_needs(needs()(silent))
    with pytest.raises(Unfillable):
        Route(INSIDE, "silent/<uuid:pk>/", "silent", silent).tables()


def test_our_address_with_their_keys(mine: Furnished, theirs: Furnished) -> None:
    before = fingerprint(theirs)
    client = visitor(mine.shop.owner)
    assert leaks_by_key(client, mine.url(""), routes(INSIDE), theirs.rows) == []
    assert fingerprint(theirs) == before


def test_a_terminal_with_their_keys(mine: Furnished, theirs: Furnished) -> None:
    before = fingerprint(theirs)
    client = visitor(None, HTTP_AUTHORIZATION=with_known_token(mine))
    assert leaks_by_key(client, "/", routes(DEVICES), theirs.rows) == []
    assert fingerprint(theirs) == before


def test_their_address(mine: Furnished, theirs: Furnished) -> None:
    before = fingerprint(theirs)
    client = visitor(mine.shop.owner)
    found = []
    for number, route in enumerate(routes(INSIDE)):
        url = theirs.url(route.path(theirs.rows))
        # The door knows neither routes nor methods; each method is tried at every seventh route.
        for method in ("GET", "POST", METHODS[number % len(METHODS)]):
            status = ask(client, method, url).status_code
            if status != 404:
                found.append(f"{method} {url}: {status}")
    assert found == []
    assert fingerprint(theirs) == before


def test_nobody_signed_in(theirs: Furnished) -> None:
    before = fingerprint(theirs)
    found = []
    for number, route in enumerate(routes(INSIDE)):
        url = theirs.url(route.path(theirs.rows))
        for method in ("GET", METHODS[number % len(METHODS)]):
            response = ask(visitor(None), method, url)
            leads_to_sign_in = response.headers.get("Location", "").startswith("/sign-in/")
            if response.status_code != 401 and not leads_to_sign_in:
                found.append(f"{method} {url}: {response.status_code}")
    for route in routes(DEVICES):
        url = "/" + route.path(theirs.rows)
        for token in ("", "Bearer tb_guess", f"Token {theirs.token}"):
            response = visitor(None, HTTP_AUTHORIZATION=token).get(url)
            if response.status_code != 401:
                found.append(f"{url}: {response.status_code}")
    assert found == []
    assert fingerprint(theirs) == before


def foreign_fields(theirs: Furnished) -> dict[str, str]:
    """Their keys under every name that a form, a filter or a body might read."""
    fields: dict[str, str] = {
        "business": str(theirs.shop.business.pk),
        "business_id": str(theirs.shop.business.pk),
    }
    for model, row in theirs.rows.items():
        for name in {model._meta.model_name, model._meta.verbose_name_raw.replace(" ", "_")}:
            fields[str(name)] = str(row.pk)
        for one in model._meta.concrete_fields:
            target = one.remote_field.model if one.remote_field else None
            if target in theirs.rows:
                fields[one.name] = fields[one.attname] = str(theirs.rows[target].pk)
    names = {"member": "membership", "parent": "category", "locations": "location"}
    return {**fields, **{name: fields[other] for name, other in names.items()}}


def test_their_keys_in_bodies_and_filters(mine: Furnished, theirs: Furnished) -> None:
    before = fingerprint(theirs)
    fields = foreign_fields(theirs)
    found = []
    for route in routes(INSIDE):
        # A new visitor each time: the route may end sessions.
        client = visitor(mine.shop.owner)
        url = mine.url(route.path(mine.rows))
        for method in ("GET", "POST") if "/api/" not in url else METHODS:
            response = ask(client, method, url, fields)
            if response.status_code >= 500:
                found.append(f"{method} {url}: {response.status_code}")
    assert found == []
    assert fingerprint(theirs) == before


ROLES = ("Owner", "Manager", "Cashier", "Stock keeper", "Accountant", "Viewer")


@pytest.mark.parametrize("role", ROLES)
def test_a_location_that_a_member_does_not_see(role: str, mine: Furnished) -> None:
    """The second scope: rows of the market, asked for by somebody of the high street."""
    shop = mine.shop
    with business(shop.business):
        client = visitor(make_person("acme.here", shop.roles[role], locations=[shop.high_street]))
    before = fingerprint(mine)
    rows = {**mine.rows, **mine.at_market}
    at_market = [
        route for route in routes(INSIDE) if set(route.tables().values()) & set(mine.at_market)
    ]
    assert len(at_market) > 20
    assert leaks_by_key(client, mine.url(""), at_market, rows) == []
    assert fingerprint(mine) == before


def test_a_terminal_sees_its_own_location_alone(mine: Furnished) -> None:
    rows = {**mine.rows, **mine.at_market}
    client = visitor(None, HTTP_AUTHORIZATION=with_known_token(mine))
    assert client.get("/api/v1/me").status_code == 200
    # What its key asks is counted.
    before = fingerprint(mine, without={KeyDay})
    # Customers are those of every location.
    placed = [one for one in routes(DEVICES) if {*one.tables().values()} <= {*mine.at_market}]
    assert len([one for one in placed if one.parameters]) >= 5
    assert leaks_by_key(client, "/", placed, rows) == []
    assert fingerprint(mine, without={KeyDay}) == before


def test_the_same_requests_reach_what_is_ones_own(mine: Furnished) -> None:
    """So that the sweeps do not pass because nothing works."""
    client = signed_in(mine.shop.owner)
    opened = [
        route.template
        for route in routes(INSIDE)
        if client.get(mine.url(route.path(mine.rows))).status_code == 200
    ]
    assert len(opened) > 80
    assert {"sales/<uuid:pk>/", "products/<uuid:pk>/", "people/<uuid:pk>/"} <= set(opened)


def test_without_its_walls_the_sweep_finds_much(
    direct: psycopg.Connection | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction.atomic():
        mine, theirs = furnish("acme"), furnish("rival")
    client = visitor(mine.shop.owner)
    keyed = [route for route in routes(INSIDE) if route.name.endswith(("_detail", "_edit"))]
    scope_down(monkeypatch)
    with ExitStack() as down:
        if direct is not None:
            down.enter_context(policies_down(direct))
        assert len(leaks_by_key(client, mine.url(""), keyed, theirs.rows)) > 20
        connection.close()
