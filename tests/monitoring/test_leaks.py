"""A stolen dump and the logs hold no secret, no person and no card; and the watch over them sees.

Everything that names or reaches a person is encrypted, wherever a copy of it lies. A supplier is a
firm, whose own name stands in clear.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client

from accounts.devices import Reach, create_program
from accounts.permissions import Permission
from archive.models import ImportBatch
from sales.cards import holds_card_number
from sales.terminals import invite
from tenants.context import business
from tests.api.calls import line, post, sale_body
from tests.api.operating import give_pin, sign_in
from tests.archive.web.files import checked, upload, url
from tests.conftest import ROOT
from tests.factories import PASSWORD, Shop, make_device, make_shift, make_shop, signed_in
from tests.monitoring.leaks import leaks
from tests.monitoring.written import Lines

IDS = re.compile(r"\b(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32,})\b")
# Among a million letters made by chance any short word stands somewhere.
TOKEN = re.compile(r"gAAAAA[\w-]{60,}={0,2}")

USERS = {
    "ada@byron.example": {
        "name": "Ada Byron",
        "mail": "ada@byron.example",
        "phone": "+31 6 8765 4321",
    },
    "Cleo Marsh": {"name": "Cleo Marsh", "mail": "cleo@marsh.example"},
}
MAP = {
    "source": "bonus-app",
    "customers": {"file": "users.json", "name": "name", "email": "mail", "phone": "phone"},
    "balances": {"file": "credits.json", "customer": "$key", "amount": "$value"},
    "amounts": "minor",
}
# Columns that nobody asked for, and faults that quote what stands in a row.
PRODUCTS = b"""Name,SKU,Barcode,Price,Stock,Buyer
Red mug,MUG-2,4006381333931,6.50,12,buyer@kitchen.example
Teapot,POT-1,,seller@kitchen.example,3,+31 6 2468 1357
"""
ORDERS = b"""InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,Email,Phone
1001,MUG-1,Blue mug,2,2026-01-05 10:30:00,5.00,ida@orders.example,+31 6 2468 1357
1002,MUG-1,Blue mug,ida@orders.example,2026-01-06 11:00:00,never@orders.example,,
"""
PRIVATE = [
    "@kitchen.example",
    "@orders.example",
    "2468 1357",
    PASSWORD,
    "guessed-wrong-9",
    "acme.owner",
    "acme.cashier",
    "Owner Person",
    "@example.com",
    "carla",
    "Ada Byron",
    "Byron",
    "Cleo Marsh",
    "Zimmer",
    "pays late",
    "1234 5678",
    "ada@byron.example",
    "8765 4321",
    "cleo@marsh.example",
    "zelda@zebra.example",
    "Zelda Zebra",
    "NL999888777",
]


@pytest.fixture
def acme(committed_db: None) -> Shop:
    with transaction.atomic():
        shop = make_shop("acme")
    with business(shop.business), transaction.atomic():
        make_shift(shop)
    return shop


def dump() -> dict[str, list[str]]:
    """Every value as text, by table and column, as the owner of the tables would steal it."""
    found: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
    if connection.vendor == "postgresql":
        with psycopg.connect(os.environ["TEST_DIRECT_URL"]) as owner:
            for table in tables:
                _read(owner.execute(f'SELECT * FROM "{table}"'), table, found)
        return found
    for table in tables:
        with connection.cursor() as cursor:
            _read(cursor.execute(f'SELECT * FROM "{table}"'), table, found)
    return found


def _read(cursor: Any, table: str, found: dict[str, list[str]]) -> None:
    for row in cursor.fetchall():
        for column, value in zip(cursor.description, row, strict=True):
            found.setdefault(f"{table}.{column[0]}", []).append(_text(value))


def _text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def packed() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in (
            ("users.json", USERS),
            ("credits.json", {"ada@byron.example": 1250, "Cleo Marsh": 0}),
            ("map.json", MAP),
        ):
            archive.writestr(name, json.dumps(content))
    return buffer.getvalue()


def apply_last(client: Client, shop: Shop) -> None:
    call_command("run_jobs")
    with business(shop.business), transaction.atomic():
        batch = ImportBatch.objects.order_by("-created_at", "-pk")[0]
        assert batch.state == "checked", batch.job and batch.job.message
    client.post(url(shop, batch, "apply/"), {"only": "all"})
    call_command("run_jobs")
    with business(shop.business), transaction.atomic():
        batch.refresh_from_db()
        assert batch.state == "applied"


def at_a_terminal(shop: Shop) -> list[str]:
    """A terminal is paired, people sign in, one approves: codes, PINs and tokens that come of it."""
    maker, manager = give_pin(shop, "Owner", "80246913"), give_pin(shop, "Manager", "97531086")
    with business(shop.business), transaction.atomic():
        _pairing, code = invite(
            actor=maker, register=shop.register, membership=maker, name="", needs_operator=True
        )
        _pairing, unused = invite(
            actor=maker, register=shop.register, membership=maker, name="", needs_operator=True
        )
        _program, key = create_program(
            actor=maker, name="Web shop", reach=Reach(frozenset({Permission.PRODUCT_VIEW}))
        )
    assert post(Client(), "/api/v1/pair", {"code": code}).status_code == 404
    token = post(Client(), "/api/v1/pair", {"code": unused}).json()["token"]
    terminal = Client(headers={"Authorization": f"Bearer {token}"})
    assert sign_in(terminal, manager, "00000001").status_code == 403
    operator = sign_in(terminal, manager, "97531086").json()["operator_token"]
    asked = {"person": str(maker.pk), "pin": "80246913", "permissions": ["sell.void"]}
    approval = post(terminal, "/api/v1/approvals", asked).json()["approval"]
    new = post(terminal, "/api/v1/token/roll", {}).json()["token"]
    with business(shop.business), transaction.atomic():
        _pairing, open_code = invite(
            actor=maker, register=shop.register, membership=maker, name="", needs_operator=True
        )
    codes = [form for one in (code, unused, open_code) for form in (one, one.replace("-", ""))]
    return [*codes, "80246913", "97531086", token, key, operator, approval, new]


def live(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A day of the shop, with what goes wrong on one; the secrets that it made."""
    for password in ("guessed-wrong-9", PASSWORD):
        browser = Client()
        browser.post("/sign-in/", {"username": "acme.cashier", "password": password})
    owner = signed_in(shop.owner)
    _device, token = make_device(shop)
    terminal = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {token}"})
    body = sale_body(shop, line(shop.mug), total="5.00", customer=str(shop.customer.pk))
    assert post(terminal, "/api/v1/sales", body).status_code == 201
    wrong = {**body, "payments": [{"method": "card", "amount": "5.00", "note": "4111111111111111"}]}
    assert post(terminal, "/api/v1/sales", wrong).status_code in (400, 409)
    assert (
        Client(headers={"Authorization": f"Bearer {token}x"}).get("/api/v1/me").status_code == 401
    )
    at_devices = at_a_terminal(shop)
    owner.get(shop.url("customers/?q=carla@acme.example"))
    owner.get("/password/reset/MQ/c0ffee-0123456789abcdef0123456789abcdef/")
    Client().post("/password/reset/", {"email": "acme.owner@example.com"})
    role = str(shop.roles["Cashier"].pk)
    person = {"username": "zelda.z", "email": "zelda@zebra.example", "name": "Zelda Zebra"}
    customer = ""
    owner.post(shop.url("people/new/"), {**person, "role": role, "all_locations": "on"})
    for note, phone in (("Pays late", "+31 6 2468 1357"), ("Never pays late", "")):
        values = {"name": "Dora Zimmer", "note": note, "phone": phone, "is_active": "on"}
        path = f"customers/{customer}/edit/" if customer else "customers/new/"
        answer: Any = owner.post(shop.url(path), values)
        assert answer.status_code == 302
        customer = answer.url.rstrip("/").rpartition("/")[2]
    owner.post(shop.url("settings/edit/"), {
        "name": "Acme", "time_zone": "UTC", "locale": "en_GB", "tax_label": "VAT",
        "tax_number": "NL999888777", "cash_step": "0",
    })  # fmt: skip
    with business(shop.business), transaction.atomic():
        for kind, data in (("products", PRODUCTS), ("sales", ORDERS)):
            checked(owner, shop, data, kind=kind)
    call_command("run_jobs")
    upload(owner, shop, packed(), "bonus.zip", "file_store")
    apply_last(owner, shop)
    assert owner.post(shop.url("data/exports/new/"), {}).status_code == 302
    call_command("run_jobs")
    break_it(shop, monkeypatch)
    return [token, browser.cookies["sessionid"].value, *at_devices]


def break_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise ValueError(f"cannot read '{shop.owner.name}' of {shop.owner.email}")

    with monkeypatch.context() as patch:
        patch.setattr("reports.queries.figures", broken)
        visitor = Client(raise_request_exception=False)
        visitor.force_login(shop.owner)
        assert visitor.get(shop.url()).status_code == 500


def test_a_day_s_dump_and_logs(
    acme: Shop, written: Lines, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = live(acme, monkeypatch)
    secrets += [settings.SECRET_KEY, *settings.APP_ENCRYPTION_KEYS, "4111111111111111"]
    found = dump()
    assert "Acme" in found["tenants_business.name"], "the dump holds what is not secret"
    assert len(found["sales_customer.name"]) == 4, "the import was applied"
    assert len(found["sales_customernamehash.hash"]) > 20, "they are found by their names"
    assert len(found["archive_filepart.data"]) >= 2, "files are kept"
    reports = found["archive_importbatch.report"]
    assert len([one for one in reports if "gAAAAA" in one]) == 3, "each import was looked at"
    clear = [
        (column, word)
        for column, values in found.items()
        for word in [*PRIVATE, *secrets]
        if word.casefold() in TOKEN.sub("", "\n".join(values)).casefold()
    ]
    assert clear == []
    # One in ten barcodes passes the check of card numbers: so says the arithmetic of both. And of
    # keyed hashes.
    codes = {
        *found["inventory_barcode.code"],
        "4006381333931",
        *found["sales_customernamehash.hash"],
    }
    noise = re.compile("|".join([IDS.pattern, *codes]))
    cards = [
        (column, value)
        for column, values in found.items()
        for value in values
        if holds_card_number(noise.sub("", value))
    ]
    assert cards == []

    assert {"POST api_sales 201", "GET none 401", "GET dashboard 500"} <= {
        json.loads(one)["message"] for one in written.text.splitlines()
    }
    assert leaks(written.text) == []
    # With its dash, which stands behind no digits of an id that are made by chance.
    for word in [*PRIVATE, *secrets, "c0ffee-", "/b/acme"]:
        assert word.casefold() not in written.text.casefold(), word


# The watch over the log lines of a whole run


SAMPLE = """
import logging

def test_it():
    logging.getLogger("sample").warning({text!r})
"""


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize(
    ("text", "leak"),
    [
        ("Hello acme.owner", "a user name, logged by sample in"),
        ("Job 7 is done", ""),
    ],
)
def test_the_watch_fails_a_run(tmp_path: Path, workers: str, text: str, leak: str) -> None:
    """Also when the line was written in a process of its own."""
    sample = tmp_path / "test_sample.py"
    sample.write_text(SAMPLE.format(text=text))
    command = [sys.executable, "-m", "pytest", "-q", "-c", str(ROOT / "pytest.ini")]
    command += ["--rootdir", str(ROOT), "-n", workers, "-p", "tests.monitoring.leaks"]
    done = subprocess.run(
        [*command, str(sample)], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert (done.returncode, leak in done.stdout) == (1 if leak else 0, True), done.stdout
    assert ("1 log lines, none with personal data" in done.stdout) == (not leak)


@pytest.mark.parametrize(
    "text",
    [
        "signed in: Acme.Owner",
        "Acme.Owner Person came in",
        "Carla of acme bought",
        "sent to carla@acme.example",
        "called +31 6 1234 5678",
        "tried correct horse battery",
        "sent tb_abcdefghijkl",
        "Authorization: Bearer abcdefghijkl",
        "postgres://pos:secret@db/pos",
        "paid with 4111 1111 1111 1111",
        "hash md5$abcdefghij$0123456789abcdef",
        "gAAAAABlabcdefghijklmnopqrstuvwxyz",
    ],
)
def test_what_the_watch_sees(text: str) -> None:
    assert leaks(text)


def test_the_watch_knows_the_keys(settings: Any) -> None:
    assert leaks(f"key {settings.APP_ENCRYPTION_KEYS[0]}")
    assert leaks("0190f3a2-7c11-7b3a-9c1e-2f6d1a0b9c8d is sold, 12 of 30 in 5.2 ms") == []
