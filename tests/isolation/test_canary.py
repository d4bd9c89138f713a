"""Every text of another shop holds a token; no answer to us contains it, warm or cold."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from django.db import connection, models, transaction
from django.test import Client

from accounts.models import Membership, User
from accounts.permissions import Permission
from inventory.models import Barcode, Product, Variation
from sales.models import Sale
from tenants.checks import tenant_models
from tenants.context import business
from tenants.models import Business
from tests.factories import make_person
from tests.isolation.furnished import Furnished, furnish
from tests.isolation.routes import DEVICES, INSIDE, OUTSIDE, routes
from tests.isolation.walls_down import policies_down, scope_down

TOKEN = "zq7xk9"
ACROSS_LOCATIONS = {Permission.PRODUCT_VIEW_ALL_BRANCH_STOCK, Permission.PRODUCT_PRICE_EDIT_ALL}


@pytest.fixture
def mine(db: None) -> Furnished:
    return furnish("acme")


@pytest.fixture
def theirs(db: None) -> Furnished:
    return mark(furnish("rival"))


def mark(shop: Furnished) -> Furnished:
    """Put the token, with a number that is nowhere else, into every text of every row."""
    number = 0
    with business(shop.shop.business):
        people = list(Membership.objects.values_list("user_id", flat=True))
        everything: list[Any] = [model._default_manager for model in tenant_models()]
        everything += [User.objects.filter(pk__in=people)]
        everything += [Business.objects.filter(pk=shop.shop.business.pk)]
        for rows in everything:
            fields = text_fields(rows.model)
            assert fields or not has_text(rows.model), rows.model
            for key, *kept in list(rows.values_list("pk", *(one.name for one in fields))):
                values: dict[str, Any] = {}
                for one, value in zip(fields, kept, strict=True):
                    if value is None:
                        continue
                    number += 1
                    text = f"{TOKEN}{number}"
                    values[one.name] = [text] if isinstance(one, models.JSONField) else text
                if values:
                    # Django's own: a ledger's refuses to change anything.
                    models.QuerySet.update(rows.filter(pk=key), **values)
    assert number > 300
    shop.shop.business.refresh_from_db()
    return shop


def mark_market(shop: Furnished, model: type[models.Model]) -> int:
    """Put the token into the texts of the rows of the market; how many."""
    own = {one.name for one in model._meta.concrete_fields}
    path = next(
        (
            name
            for name in ("location", "register__location", "level__location")
            if name.split("__")[0] in own
        ),
        "pk",
    )
    rows = model._default_manager.filter(**{path: shop.shop.market.pk})
    names = {one.name for one in text_fields(model)} - {"own_time_zone", "token_hash"}
    number = 0
    for row, kept in enumerate(rows.values("pk", *sorted(names)) if names else []):
        key = kept.pop("pk")
        # What is held is kept whole, what was recorded is not.
        there = [name for name, value in kept.items() if value is not None]
        values = {name: f"{TOKEN}{row}{at}" for at, name in enumerate(there)}
        model._default_manager.filter(pk=key).update(**values)
        number += len(values)
    return number


def has_text(model: type[models.Model]) -> bool:
    return any(
        isinstance(one, models.CharField | models.TextField) and holds_token(one)
        for one in model._meta.fields
    )


def holds_token(field: Any) -> bool:
    """Whether it is long enough for the token with its number; a code of four letters is not."""
    return field.max_length is None or bool(field.max_length >= len(TOKEN) + 4)


def text_fields(model: type[models.Model]) -> list[Any]:
    return [
        one
        for one in model._meta.concrete_fields
        if isinstance(
            one, models.CharField | models.TextField | models.JSONField | models.FileField
        )
        and not one.choices
        and not one.primary_key
        and one.name not in {"password", "card_last4", "currency"}
        and holds_token(one)
    ]


def body(response: Any) -> str:
    content = (
        b"".join(response.streaming_content) if response.streaming else bytes(response.content)
    )
    headers = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
    return (headers + "\n" + content.decode("utf-8", "replace")).lower()


def words() -> list[str]:
    """A beginning of every text of theirs."""
    return [TOKEN[:4], TOKEN]


def tries(mine: Furnished, *, searching: bool) -> Iterator[tuple[str, str]]:
    """Every page of ours, and every list searched for their words: (address, what was asked)."""
    for route in routes(INSIDE):
        address = mine.url(route.path(mine.rows))
        yield address, ""
        if searching and not route.parameters:
            for word in words():
                yield address + "?" + "&".join(f"{name}={word}" for name in ("q", "search")), word
    if not searching:
        return
    autocomplete = mine.url("admin/autocomplete/")
    for model in tenant_models():
        for one in model._meta.concrete_fields:
            if one.remote_field and one.remote_field.model in tenant_models():
                asked = f"app_label={model._meta.app_label}&model_name={model._meta.model_name}"
                for word in ("", *words()):
                    yield f"{autocomplete}?{asked}&field_name={one.name}&term={word}", word
    register = mine.shop.register.pk
    for word in ("", *words()):
        yield mine.url(f"api/v1/items?register={register}&q={word}"), word
        yield mine.url(f"api/v1/items/lookup?register={register}&code={word}"), word
        yield mine.url(f"api/v1/customers?q={word}"), word


def found(client: Client, mine: Furnished, *, searching: bool = True) -> list[str]:
    """The addresses whose answer holds the token, other than as the question given back."""
    leaking = []
    for address, word in tries(mine, searching=searching):
        text = body(client.get(address))
        # A page repeats what was searched for, and a link repeats it with the number of a page.
        if word == TOKEN:
            text = text.replace(f"{TOKEN}&", "").replace(f'{TOKEN}"', "")
            leaking += [address] if any(f"{TOKEN}{n}" in text for n in range(1, 10)) else []
        elif TOKEN in text:
            leaking.append(address)
    return leaking


def visitor(mine: Furnished) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(mine.shop.owner)
    return client


def test_no_answer_holds_their_token(
    mine: Furnished, theirs: Furnished, caplog: pytest.LogCaptureFixture
) -> None:
    client = visitor(mine)
    with caplog.at_level(logging.INFO):
        assert found(client, mine) == []
        caplog_text = "\n".join(
            line for line in caplog.text.lower().splitlines() if f"={TOKEN}" not in line
        )
    assert TOKEN not in caplog_text


def test_nor_once_everything_is_warm(mine: Furnished, theirs: Furnished) -> None:
    """Whatever they looked at before us is not found again in a cache."""
    for client, shop in ((visitor(theirs), theirs), (visitor(mine), mine)):
        for route in routes(INSIDE):
            text = body(client.get(shop.url(route.path(shop.rows))))
            assert shop is theirs or TOKEN not in text, route


def test_exact_values_of_theirs_find_nothing(mine: Furnished, theirs: Furnished) -> None:
    with business(theirs.shop.business):
        asked = {
            Barcode.objects.values_list("code", flat=True)[0],
            Sale.objects.values_list("number", flat=True)[0],
            User.objects.get(pk=theirs.shop.owner.pk).username,
            str(theirs.rows[Sale].pk),
        }
    client = visitor(mine)
    lists = [route for route in routes(INSIDE) if not route.parameters]
    for route in lists:
        for word in asked:
            response = client.get(mine.url(route.template), {"q": word, "code": word})
            text = body(response).replace(word.lower(), "")
            assert TOKEN not in text, (route, word)


def test_outside_and_terminals(mine: Furnished, theirs: Furnished) -> None:
    client = visitor(mine)
    for route in routes(OUTSIDE):
        if route.name != "sign_out":
            assert TOKEN not in body(client.get("/" + route.path(mine.rows))), route
    terminal = Client(HTTP_AUTHORIZATION=f"Bearer {mine.token}")
    for route in routes(DEVICES):
        for query in ("", f"?register={mine.shop.register.pk}&q={TOKEN[:4]}"):
            assert TOKEN not in body(terminal.get("/" + route.path(mine.rows) + query)), route


def test_a_member_of_one_location_sees_nothing_of_the_other(mine: Furnished) -> None:
    """The second scope, by contents: what stands at the market holds the token."""
    with business(mine.shop.business):
        assert sum(mark_market(mine, model) for model in mine.at_market) > 20
        role = mine.shop.roles["Owner"]
        here = make_person("acme.here", role, locations=[mine.shop.high_street])
    client = Client(raise_request_exception=False)
    client.force_login(here)
    # Two permissions say by their names that they look across locations, on these two pages and
    # in the look-up of stock.
    product = mine.url(f"products/{mine.rows[Product].pk}/")
    stock = mine.url(f"api/v1/stock/variations/{mine.rows[Variation].pk}")
    assert found(client, mine, searching=False) == [product, f"{product}prices/", stock]
    with business(mine.shop.business):
        role.permissions = sorted(set(role.permissions) - ACROSS_LOCATIONS)
        role.save()
    assert found(client, mine) == []


def test_without_its_walls_the_sweep_finds_much(
    direct: psycopg.Connection | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction.atomic():
        mine, theirs = furnish("acme"), furnish("rival")
    with transaction.atomic():
        mark(theirs)
    client = visitor(mine)
    scope_down(monkeypatch)
    with ExitStack() as down:
        if direct is not None:
            assert found(client, mine, searching=False) == [], "row-level security alone holds"
            connection.close()
            down.enter_context(policies_down(direct))
        assert len(found(client, mine, searching=False)) > 30
        connection.close()
