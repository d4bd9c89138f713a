"""Another encryption key: rows of both are read and found, and in the end the old one may go."""

from __future__ import annotations

import ast
from datetime import date
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client

from accounts.models import User
from archive.models import RetainedPart, RetainedRecord
from archive.verify.people import RULES
from archive.verify.rules import Look
from pos import rotating
from sales.customers import customer_matches
from sales.models import Customer
from tenants.context import business
from tenants.encryption import BlindIndexField, Sealed, blind_indexes
from tests.conftest import ROOT
from tests.factories import PASSWORD, Shop
from tests.isolation.furnished import furnish
from tests.monitoring.test_leaks import TOKEN, dump
from tests.test_conventions import PACKAGES

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
# How people look for Carla, in every way that is offered.
WAYS = ("carla of", "+31 6 1234 5678", "carla@{}.example")


class Killed(BaseException):
    pass


@pytest.fixture
def shops(committed_db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> list[Shop]:
    """Two shops with a row in every table, and the books of a third that is gone; by the old key."""
    settings.APP_ENCRYPTION_KEYS = [OLD]
    monkeypatch.setattr(rotating, "BATCH", 2)
    with transaction.atomic():
        made = [furnish(slug).shop for slug in ("acme", "rival")]
        record = RetainedRecord.objects.create(
            business_name="Gone", keep_until=date(2040, 1, 1), manifest={}
        )
        for number in range(7):
            RetainedPart.objects.create(record=record, number=number, data=b"x" * 1000)
    settings.APP_ENCRYPTION_KEYS = [NEW, OLD]
    return made


def works(shops: list[Shop]) -> bool:
    """People sign in by name and by e-mail; customers are found."""
    for shop in shops:
        slug = shop.business.slug
        for name in (f"{slug}.Cashier", f"{slug}.cashier@EXAMPLE.com"):
            answer = Client().post("/sign-in/", {"username": name, "password": PASSWORD})
            assert answer.status_code == 302, name
        with business(shop.business), transaction.atomic():
            for way in WAYS:
                found = Customer.objects.filter(customer_matches(way.format(slug)))
                assert [one.name for one in found] == [f"Carla of {slug}"], way
    return True


def plain(found: dict[str, list[str]]) -> dict[str, list[str]]:
    """A dump without what is encrypted, what it is found by, and what signing in writes."""
    ours = (
        "accounts_session.", "accounts_attempt.", "accounts_user.last_login",
        "sales_customernamehash.",
        # That a customer was written, for devices that keep them.
        "sync_",
    )  # fmt: skip
    return {
        column: sorted(TOKEN.sub("", value) for value in values)
        for column, values in found.items()
        if not column.endswith("_index") and not column.startswith(ours)
    }


def clear(shops: list[Shop]) -> list[Any]:
    """Every encrypted value, decrypted."""
    values: list[Any] = []
    for model in rotating.encrypted_models():
        names = [one.name for one in model._meta.concrete_fields if isinstance(one, Sealed)]
        for bound in rotating._parts(model):
            with business(bound or shops[0].business), transaction.atomic():
                rows = model._default_manager.order_by("pk").values_list("pk", *names)
                values += [[bytes(v) if isinstance(v, memoryview) else v for v in r] for r in rows]
    return values


def opened_by(key: str, found: dict[str, list[str]]) -> tuple[int, int]:
    """How many tokens of a whole dump the key opens, and how many it does not."""
    box, counts = Fernet(key), [0, 0]
    for values in found.values():
        for token in TOKEN.findall("\n".join(values)):
            try:
                box.decrypt(token.encode())
                counts[0] += 1
            except InvalidToken:
                counts[1] += 1
    return counts[0], counts[1]


def command() -> str:
    output = StringIO()
    call_command("rotate_encryption_key", stdout=output)
    return output.getvalue()


def test_the_key_is_changed_and_the_old_one_goes(shops: list[Shop], settings: Any) -> None:
    before, values = plain(dump()), clear(shops)
    assert opened_by(NEW, dump())[0] == 0 and works(shops)
    pieces = 0

    def kill(done: int, total: int) -> None:
        nonlocal pieces
        pieces += 1
        if pieces == 9:
            raise Killed

    with pytest.raises(Killed):
        rotating.rotate(progress=kill)
    new, old = opened_by(NEW, dump())
    assert new and old, "it was in the middle"
    assert works(shops)

    told = command()
    assert "the others may be taken out of APP_ENCRYPTION_KEY" in told
    tables = {line.partition(":")[0]: line for line in told.splitlines() if " written, " in line}
    assert {"accounts_user", "sales_customer", "archive_retainedpart"} <= tables.keys()
    assert all(" 0 written" in line for line in command().splitlines() if " written, " in line)
    settings.APP_ENCRYPTION_KEYS = [OLD]
    with pytest.raises(InvalidToken):
        clear(shops)

    settings.APP_ENCRYPTION_KEYS = [NEW]
    assert works(shops)
    after = dump()
    assert opened_by(NEW, after)[1] == 0, "nothing is left of the old key"
    assert clear(shops) == values and plain(after) == before, "nothing else changed"
    for shop in shops:
        with business(shop.business), transaction.atomic():
            for rule in RULES:
                look = Look(rule, limit=5)
                rule.check(look)
                assert look.outcome.count == 0, rule.name


def test_a_piece_that_breaks_is_as_it_was(
    shops: list[Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(rows: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(rotating, "write_name_hashes", broken)
        with pytest.raises(Killed):
            rotating.rotate()
    with business(shops[0].business), transaction.atomic():
        assert (
            Customer.objects.get().email_index
            == blind_indexes("carla@acme.example", "customer-email")[1]
        )
    assert works(shops)
    assert "may be taken out" in command()


def test_names_stay_one_person_s_while_keys_change(shops: list[Shop]) -> None:
    """A row of the old key keeps its name from everybody else."""
    assert User.objects.named("ACME.cashier").count() == 1
    assert User.objects.with_email("acme.cashier@example.com").count() == 1
    assert not User.objects.named("").exists() and not User.objects.with_email("").exists()
    with transaction.atomic():
        user = User.objects.named("acme.cashier").get()
        user.save(update_fields=["language"])
        assert User.objects.named("acme.cashier").get() == user


def test_who_writes_with_the_old_key_meanwhile_is_noticed(
    shops: list[Shop], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    rotate = rotating.rotate

    def meanwhile(**options: Any) -> Any:
        told = rotate(**options)
        settings.APP_ENCRYPTION_KEYS = [OLD, NEW]
        with business(shops[0].business), transaction.atomic():
            Customer.objects.create(name="Late")
        settings.APP_ENCRYPTION_KEYS = [NEW, OLD]
        return told

    with monkeypatch.context() as patch:
        patch.setattr("pos.management.commands.rotate_encryption_key.rotate", meanwhile)
        with pytest.raises(CommandError, match="1 rows were written with an older key"):
            command()
    assert "may be taken out" in command()


def test_what_no_key_opens_stays_and_keeps_the_keys(shops: list[Shop]) -> None:
    stray = Fernet(Fernet.generate_key()).encrypt(b"lost").decode()
    with business(shops[0].business), transaction.atomic(), connection.cursor() as cursor:
        where: list[Any] = [stray, shops[0].business.pk]
        cursor.execute("UPDATE sales_customer SET note = %s WHERE business_id = %s", where)
    with pytest.raises(CommandError, match="1 rows hold what no key of APP_ENCRYPTION_KEY opens"):
        command()
    assert any(stray in values for values in dump().values())


def test_what_stands_in_clear_is_encrypted_with_the_one_key(
    shops: list[Shop], settings: Any
) -> None:
    """As a release left it that did not encrypt this column yet."""
    settings.APP_ENCRYPTION_KEYS = [OLD]
    with business(shops[0].business), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE sales_customer SET name = 'Zoe Clear', note = 'is early'"
                " WHERE business_id = %s",
                [shops[0].business.pk],
            )
        (zoe,) = Customer.objects.all()
        assert (zoe.name, zoe.note) == ("Zoe Clear", "is early")
    assert "sales_customer: 1 written, 1 as they should be" in command()
    assert "zoe clear" not in "\n".join("\n".join(v) for v in dump().values()).lower()
    with business(shops[0].business), transaction.atomic():
        (zoe,) = Customer.objects.filter(customer_matches("cl zo"))
        assert (zoe.name, zoe.note) == ("Zoe Clear", "is early")


# What makes sure that no column is forgotten


def test_only_fields_encrypt() -> None:
    """Who calls encrypt() elsewhere makes values that nobody knows of."""
    ways = {"encrypt", "seal"}
    guilty = []
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        if place.startswith("backups/") or place == "tenants/encryption.py":
            continue
        called = {
            node.func.id
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        if called & ways:
            guilty.append(place)
    assert sorted(guilty) == [
        "archive/migrations/0002_encrypt_references_and_messages.py",
        "sales/migrations/0004_encrypt_customer_names.py",
        # What a device carries and we do not keep.
        "sync/cursors.py",
    ]


def test_every_encrypted_column_is_gone_through() -> None:
    from django.apps import apps

    sealed = {
        model
        for model in apps.get_models()
        for one in model._meta.get_fields()
        if isinstance(one, Sealed)
    }
    assert set(rotating.encrypted_models()) == sealed
    indexed = [
        (model, one)
        for model in apps.get_models()
        for one in model._meta.concrete_fields
        if one.name.endswith("_index") and one.get_internal_type() == "CharField"
    ]
    assert len(indexed) == 4
    for model, one in indexed:
        assert isinstance(one, BlindIndexField) and one.purpose, one
        assert isinstance(model._meta.get_field(one.of), Sealed), one
