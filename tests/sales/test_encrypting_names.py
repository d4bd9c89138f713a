"""The migrations that encrypt what earlier releases wrote in clear, and their way back."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from accounts.audit import record
from accounts.models import AuditEntry
from archive.models import Job
from archive.remembered import known_customers
from sales.customers import customer_matches
from sales.models import Customer, CustomerNameHash
from tenants.models import ExternalReference
from tests.factories import Shop

NAMES = import_module("sales.migrations.0004_encrypt_customer_names")
REFERENCES = import_module("archive.migrations.0002_encrypt_references_and_messages")
PEOPLE = ("Carla of acme", "Ömer Can", "Zoe Clear")


def at(app: str, name: str) -> tuple[Any, Any]:
    """The models as that migration knows them, and what it writes with."""
    state = MigrationLoader(connection).project_state((app, name))
    return state.apps, SimpleNamespace(connection=connection, collect_sql=False)


def stored(table: str, *columns: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY id")
        return list(cursor.fetchall())


@pytest.fixture
def clear(inside: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """The shop as the release before left it, more than one piece of it."""
    monkeypatch.setattr(NAMES, "BATCH", 2)
    monkeypatch.setattr(REFERENCES, "BATCH", 2)
    Customer.objects.create(name="Ömer Can", note="Pays late")
    Customer.objects.create(name="Zoe Clear")
    for one in Customer.objects.order_by("pk"):
        entry = record(
            actor=inside.owner, action="customer.update", target=one,
            changes={"name": ["", one.name], "is_active": [False, True]},
        )  # fmt: skip
        AuditEntry.objects.filter(pk=entry.pk).update(object_text=one.name)
        with connection.cursor() as cursor:
            key = one.pk if connection.vendor == "postgresql" else one.pk.hex
            cursor.execute(
                "UPDATE sales_customer SET name = %s, note = %s WHERE id = %s",
                [one.name, one.note, key],
            )
        ExternalReference.objects.create(
            source="shop", table="customers", external_id=one.name, object_id=str(one.pk)
        )
        job = Job.objects.create(kind="x")
        with connection.cursor() as cursor:
            key = job.pk if connection.vendor == "postgresql" else job.pk.hex
            cursor.execute("UPDATE archive_job SET message = %s WHERE id = %s", [one.name, key])
    ExternalReference.objects.create(
        source="export", table="customers", external_id="7", object_id="x"
    )
    CustomerNameHash.objects.all().delete()
    return inside


def test_names_are_encrypted_and_come_back(clear: Shop) -> None:
    before = stored("sales_customer", "name", "note")
    assert before[1] == ("Ömer Can", "Pays late")
    models, editor = at("sales", "0004_encrypt_customer_names")
    for _round in range(2):
        NAMES.encrypt_names(models, editor)
        first = stored("sales_customer", "name", "note")
        assert all(name.startswith("gAAAAA") for name, _note in first)
        assert [(one.name, one.note) for one in Customer.objects.order_by("pk")] == before
        for name, text in zip(PEOPLE, ("car", "omer", "cl z"), strict=True):
            assert Customer.objects.get(customer_matches(text)).name == name
        log = AuditEntry.objects.filter(object_type="customer").order_by("pk")
        assert [one.object_text for one in log] == [""] * 3
        assert [one.changes for one in log] == [
            {"name": ["", "***"], "is_active": [False, True]}
        ] * 3
        assert stored("sales_customer", "name", "note") == first, "the second round finds nothing"
    NAMES.decrypt_names(models, editor)
    assert stored("sales_customer", "name", "note") == before


def test_what_older_systems_call_customers(clear: Shop) -> None:
    columns = ("source", "external_id", "sealed_id")
    before = stored("tenants_externalreference", *columns)
    messages = stored("archive_job", "message")
    models, editor = at("archive", "0002_encrypt_references_and_messages")
    for _round in range(2):
        REFERENCES.encrypt_rows(models, editor)
        now = [*stored("tenants_externalreference", *columns), *stored("archive_job", "message")]
        assert not any(name in str(now) for name in PEOPLE)
        assert ("export", "7", "") in now
        assert known_customers("shop", PEOPLE).keys() == set(PEOPLE)
        assert [one.message for one in Job.objects.order_by("pk")] == list(PEOPLE)
    REFERENCES.decrypt_rows(models, editor)
    assert stored("tenants_externalreference", *columns) == before
    assert stored("archive_job", "message") == messages
