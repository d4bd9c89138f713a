"""A leaked database opens nothing: it holds no secret in clear, and nothing in it is a token."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client

from accounts.access import token_hash
from accounts.approvals import approve
from accounts.devices import Reach, create_program, roll_token
from accounts.models import Device, Membership
from accounts.operators import sign_in
from accounts.permissions import Permission
from accounts.pins import Wrong, set_pin
from sales.models import Register
from sales.terminals import invite
from tenants.context import business
from tests.api.calls import ROOT, post, said
from tests.factories import PASSWORD, signed_in
from tests.isolation.furnished import Furnished, furnish
from webhooks.endpoints import create_endpoint

# Eight digits, which no id or hash of a test has by chance as one word.
PIN = "83920174"


@pytest.fixture
def furnished(db: None) -> Furnished:
    return furnish("leaky")


@pytest.fixture
def secrets(furnished: Furnished) -> dict[str, str]:
    """One of every secret there is, as it was told."""
    shop = furnished.shop
    with business(shop.business), transaction.atomic():
        owner = Membership.objects.select_related("role", "user").get(user=shop.owner)
        device = Device.objects.get(token_hash=token_hash(furnished.token))
        set_pin(actor=owner, member=owner, pin=PIN)
        reach = Reach(frozenset({Permission.PRODUCT_VIEW}), (shop.high_street,))
        session = sign_in(device=device, member=owner, pin=PIN)
        approval = approve(
            operator=owner,
            device=device,
            location=shop.high_street,
            approver=owner,
            pin=PIN,
            permissions=[Permission.SELL_VOID],
        )
        assert not isinstance(session, Wrong)
        assert not isinstance(approval, Wrong)
        register = Register.objects.get(pk=shop.register.pk)
        _pairing, code = invite(actor=owner, register=register, membership=owner, name="Tablet")
        found = {
            "terminal": furnished.token,
            "next token": roll_token(device=device, actor=owner),
            "program": create_program(actor=owner, name="Web shop", reach=reach)[1],
            "operator": session[1],
            "approval": approval[1],
            "pairing code": code.replace("-", ""),
            "webhook": create_endpoint(
                actor=owner, name="Books", url="http://127.0.0.1:9/hook", kinds=["sale.completed"]
            )[1],
            "PIN": PIN,
            "password": PASSWORD,
        }
    browser = signed_in(shop.owner)
    found["session"] = browser.cookies[settings.SESSION_COOKIE_NAME].value
    return found


def dump(furnished: Furnished) -> Iterator[tuple[str, str, str]]:
    """Every value of every table as text, as the database holds it: table, column, value."""
    # PostgreSQL shows the rows of the business that a transaction names, and those of no business.
    with (
        business(furnished.shop.business),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            names = [one[0] for one in cursor.description]
            for row in cursor.fetchall():
                for name, value in zip(names, row, strict=True):
                    if value is not None:
                        yield table, name, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("latin-1")
    return str(value)


def test_no_secret_stands_in_it_in_clear(furnished: Furnished, secrets: dict[str, str]) -> None:
    everything = list(dump(furnished))
    # The dump is one: what may be read in it is there.
    assert any(value == token_hash(secrets["terminal"]) for _table, _name, value in everything)
    assert any(value == "Tablet of HS" for _table, _name, value in everything)
    assert len({table for table, _name, _value in everything}) > 40
    for kind, secret in secrets.items():
        # Without its prefix, too, and in the spelling of a code.
        bare = re.sub(r"^(tb|tbo|tba|whsec)_", "", secret)
        found = [(table, name) for table, name, value in everything if bare in value]
        assert found == [], f"the {kind} stands in clear in {found}"


def test_a_secret_in_clear_would_be_found(furnished: Furnished, secrets: dict[str, str]) -> None:
    with business(furnished.shop.business), transaction.atomic():
        Register.objects.filter(pk=furnished.shop.register.pk).update(name=secrets["terminal"])
    assert [
        (table, name) for table, name, value in dump(furnished) if secrets["terminal"][3:] in value
    ] == [("sales_register", "name")]


def test_nothing_in_it_opens_a_door(furnished: Furnished, secrets: dict[str, str]) -> None:
    """What is kept of secrets is tried as every kind of token that there is."""
    me = f"{ROOT}me"
    working = Client(headers={"Authorization": f"Bearer {secrets['terminal']}"})
    assert working.get(me).status_code == 200
    values = {
        value
        for _table, name, value in dump(furnished)
        if re.search("token|code_hash|secret|session_key|pin$", name) and len(value) >= 12
    }
    values = {one for one in values if one.isprintable() and one.isascii() and len(one) < 400}
    assert token_hash(secrets["operator"]) in values
    for value in values:
        for token in (value, f"tb_{value}"):
            answer = Client(headers={"Authorization": f"Bearer {token}"}).get(me)
            said(answer, 401, "not_authenticated")
        for token in (value, f"tbo_{value}"):
            bearer = {"Authorization": f"Bearer {secrets['terminal']}", "X-Operator": token}
            said(Client(headers=bearer).get(me), 401, "operator_signed_out")
        browser = Client()
        browser.cookies[settings.SESSION_COOKIE_NAME] = value
        said(browser.get(furnished.url("api/v1/me")), 401, "not_authenticated")


def test_no_hash_pairs_a_terminal(furnished: Furnished, secrets: dict[str, str]) -> None:
    found = [value for table, name, value in dump(furnished) if name == "code_hash"]
    assert found
    for value in found:
        assert post(Client(), f"{ROOT}pair", {"code": value}).status_code in {400, 404, 429}
