"""What somebody finds who steals the tables: no names, no e-mails, no keys of sessions."""

from __future__ import annotations

import datetime as dt
import re

import time_machine
from django.db import connection
from django.test import Client

from accounts.models import Session
from tenants.context import business
from tests.factories import PASSWORD, Shop, signed_in


def dump(shop: Shop) -> str:
    """Every value of every table as text, of tables with row-level security the shop's rows."""
    parts = []
    with business(shop.business), connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            parts += [str(value) for row in cursor.fetchall() for value in row]
    return "\n".join(parts).lower()


def words(text: str) -> set[str]:
    """What stands between signs that neither a ciphertext nor a hash has."""
    return set(re.split(r"[^\w+/=-]+", text))


def test_a_dump_holds_no_person(shop, owner):
    browser = Client()
    browser.post("/sign-in/", {"username": "acme.manager", "password": PASSWORD})
    browser.post("/sign-in/", {"username": "acme.cashier", "password": "wrong"})
    data = {"role": str(shop.roles["Cashier"].pk), "all_locations": "on", "name": "Zelda Zebra"}
    new = {"username": "zelda.z", "email": "zelda@zebra.example", **data}
    page = owner.post("/b/acme/people/new/", new).content.decode()
    assert "zelda.z" in page
    owner.post("/b/acme/settings/edit/", {
        "name": "Acme", "time_zone": "UTC", "locale": "en_GB", "tax_label": "VAT",
        "tax_number": "NL999888777", "cash_step": "0",
    })  # fmt: skip
    text = dump(shop)
    assert "high street" in text, "the dump holds what is not secret"
    for secret in (
        "acme.owner", "acme.manager", "acme.cashier", "@example.com", "@zebra", ".owner person",
        "nl999888777", "1234 5678", PASSWORD, browser.cookies["sessionid"].value.lower(),
    ):  # fmt: skip
        assert secret not in text, secret
    # Short words stand by themselves: letters of a ciphertext or a hash may come together so.
    assert {"high", "street", "zelda", "zebra", "carla"} & words(text) == {"high", "street"}


def writes(client: Client) -> int:
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        assert client.get("/b/acme/people/").status_code == 200
    words = ("INSERT", "UPDATE", "DELETE")
    return sum(query["sql"].lstrip().startswith(words) for query in queries)


def test_a_session_rolls_on_but_writes_at_most_once_an_hour(shop):
    start = dt.datetime(2030, 1, 1, 9, tzinfo=dt.UTC)
    with time_machine.travel(start, tick=False) as clock:
        client = signed_in(shop.owner)
        assert [writes(client) for _ in range(3)] == [0, 0, 0]
        clock.shift(3601)
        assert [writes(client) for _ in range(3)] == [1, 0, 0]
        expiry = Session.objects.get().expire_date
        assert expiry == start + dt.timedelta(days=7, seconds=3601)
        clock.shift(6 * 24 * 3600)
        assert client.get("/b/acme/people/").status_code == 200
        clock.shift(7 * 24 * 3600 + 1)
        assert client.get("/b/acme/people/")["Location"].startswith("/sign-in/")


def test_a_cookie_s_hash_opens_nothing(shop):
    """Who reads the table has hashes, and a hash in the cookie is hashed again."""
    signed_in(shop.owner)
    thief = Client()
    thief.cookies["sessionid"] = Session.objects.get().session_key
    assert thief.get("/b/acme/people/")["Location"].startswith("/sign-in/")
