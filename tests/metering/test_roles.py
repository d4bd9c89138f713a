"""Roles that a shop had before: who makes keys may see and limit what they use."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.db import connection, transaction

from accounts.models import Role
from tenants.context import business
from tests.factories import make_shop

migration: Any = import_module("metering.migrations.0001_metering")


def make_roles(*permissions: list[str]) -> Any:
    with transaction.atomic():
        shop = make_shop("acme")
    with business(shop.business), transaction.atomic():
        for number, held in enumerate(permissions):
            Role.objects.create(name=f"Of before {number}", permissions=held)
    return shop


def found(shop: Any) -> list[list[str]]:
    with business(shop.business), transaction.atomic():
        rows = Role.objects.filter(name__startswith="Of before").order_by("name")
        return [sorted(one) for one in rows.values_list("permissions", flat=True)]


BEFORE = (["device.create", "sell.create"], ["sell.create"], ["api_use.view", "device.create"])
AFTER = [
    ["api_use.limit", "api_use.view", "device.create", "sell.create"],
    ["sell.create"],
    ["api_use.view", "device.create"],
]


@pytest.mark.sqlite
def test_roles_get_what_they_need(committed_db: None) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("the next one")
    shop = make_roles(*BEFORE)
    editor = SimpleNamespace(connection=connection)
    with business(shop.business):
        migration.grant(apps, editor)
        migration.grant(apps, editor)
    assert found(shop) == AFTER


@pytest.mark.postgres
def test_roles_get_what_they_need_in_one_statement(
    committed_db: None, owner_connection: psycopg.Connection
) -> None:
    shop = make_roles(*BEFORE)
    for _again in range(2):
        owner_connection.execute(migration.GRANT)
    assert found(shop) == AFTER
