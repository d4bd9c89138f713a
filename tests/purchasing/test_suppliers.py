"""Suppliers: the list, adding one, changing one."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry
from accounts.permissions import Permission
from purchasing.models import Supplier
from tests.factories import Shop, signed_in
from tests.sales.selling import counted


@pytest.fixture
def supplier(inside: Shop) -> Supplier:
    Supplier.objects.create(name="Old mill", is_active=False)
    supplier: Supplier = Supplier.objects.create(name="Tea & Co", phone="020 777", payment_days=30)
    return supplier


def names(client: Client, shop: Shop, **query: str) -> list[str]:
    response = client.get(shop.url("suppliers/"), query)
    assert response.status_code == 200
    return [supplier.name for supplier in response.context["page"]]


def edit(client: Client, shop: Shop, supplier: Supplier, **data: object):
    values = {"name": supplier.name, "phone": supplier.phone, "payment_days": "30"}
    return client.post(shop.url(f"suppliers/{supplier.pk}/"), {**values, "is_active": "on", **data})


def test_the_list_and_what_narrows_it(owner: Client, inside: Shop, supplier: Supplier) -> None:
    assert names(owner, inside) == ["Tea & Co"]
    assert names(owner, inside, state="all") == ["Old mill", "Tea & Co"]
    assert names(owner, inside, q="tea") == ["Tea & Co"]
    assert names(owner, inside, q="nothing") == []
    assert b"020 777" in owner.get(inside.url("suppliers/")).content


def test_a_colleague_adds_and_changes(manager: Client, inside: Shop, supplier: Supplier) -> None:
    response: Any = manager.post(inside.url("suppliers/new/"), {"name": "Mugs Ltd", "phone": "1"})
    assert response.url == inside.url("suppliers/")
    assert Supplier.objects.get(name="Mugs Ltd").is_active
    edit(manager, inside, supplier, phone="020 888", payment_days="14")
    supplier.refresh_from_db()
    assert (supplier.phone, supplier.payment_days) == ("020 888", 14)
    assert AuditEntry.objects.get(action="supplier.update").changes == {
        "phone": ["***", "***"],
        "payment_days": [30, 14],
    }


@pytest.mark.parametrize(("field", "value"), [("name", ""), ("email", "x"), ("payment_days", "-1")])
def test_what_cannot_be(
    owner: Client, inside: Shop, supplier: Supplier, field: str, value: str
) -> None:
    assert field in edit(owner, inside, supplier, **{field: value}).context["form"].errors


def test_a_stranger_is_told_nothing(
    stranger: Client, inside: Shop, other_shop: Shop, supplier: Supplier
) -> None:
    assert stranger.get(inside.url("suppliers/")).status_code == 404
    assert edit(stranger, inside, supplier, name="Theirs").status_code == 404
    assert edit(stranger, other_shop, supplier, name="Theirs").status_code == 404
    assert names(stranger, other_shop) == []


def test_without_the_permission(cashier: Client, inside: Shop, supplier: Supplier) -> None:
    assert cashier.get(inside.url("suppliers/")).status_code == 403
    assert cashier.post(inside.url("suppliers/new/"), {"name": "Mine"}).status_code == 403
    assert edit(cashier, inside, supplier, name="Mine").status_code == 403


def test_seeing_is_not_changing(inside: Shop, supplier: Supplier) -> None:
    viewer = signed_in(inside.people["Viewer"])
    assert names(viewer, inside) == ["Tea & Co"]
    assert f"suppliers/{supplier.pk}" not in viewer.get(inside.url("suppliers/")).content.decode()
    assert edit(viewer, inside, supplier, name="Mine").status_code == 403


def test_changing_needs_the_right_to_see(inside: Shop, supplier: Supplier) -> None:
    role = inside.roles["Viewer"]
    role.permissions = [Permission.SUPPLIER_UPDATE]
    role.save()
    client = signed_in(inside.people["Viewer"])
    assert client.get(inside.url(f"suppliers/{supplier.pk}/")).status_code == 403


def test_only_these_verbs(owner: Client, inside: Shop, supplier: Supplier) -> None:
    assert owner.post(inside.url("suppliers/")).status_code == 405
    assert owner.put(inside.url("suppliers/new/")).status_code == 405
    assert owner.delete(inside.url(f"suppliers/{supplier.pk}/")).status_code == 405


def test_an_empty_list_says_what_to_do(owner: Client, shop: Shop) -> None:
    assert b"No suppliers yet" in owner.get(shop.url("suppliers/")).content


def test_the_statements_do_not_grow_with_the_list(owner: Client, inside: Shop) -> None:
    counts = []
    for _round in range(2):
        for number in range(30):
            Supplier.objects.create(name=f"Firm {number}")
        with counted() as queries:
            names(owner, inside)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12
