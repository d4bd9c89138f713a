"""Adding and changing customers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client

from accounts.models import AuditEntry
from accounts.permissions import Permission
from sales.models import Customer
from tests.factories import Shop, customer_named, customers_named, signed_in


def create(client: Client, shop: Shop, **data: object):
    return client.post(shop.url("customers/new/"), {"name": "Ömer", **data})


def change(client: Client, shop: Shop, **data: object):
    customer = shop.customer
    values = {"name": customer.name, "phone": customer.phone, "email": customer.email}
    return client.post(
        shop.url(f"customers/{customer.pk}/edit/"), {**values, "is_active": "on", **data}
    )


def test_a_new_customer_is_found_by_phone(owner: Client, inside: Shop) -> None:
    response = create(owner, inside, phone="020 555", email="o@mail.example", credit_limit="50")
    customer = customer_named("Ömer")
    assert response.url == inside.url(f"customers/{customer.pk}/")
    assert (customer.phone, customer.credit_limit) == ("020 555", 50)
    assert customer.phone_index
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, note, phone, email FROM sales_customer")
        stored = " ".join(" ".join(row) for row in cursor.fetchall())
    # With a sign that no ciphertext has.
    for word in ("Ömer", "020 555", "mail.example"):
        assert word not in stored, word


def test_a_change_moves_the_index_and_says_nothing_private(owner: Client, inside: Shop) -> None:
    before = inside.customer.phone_index
    assert change(owner, inside, phone="+31 6 9999 9999").status_code == 302
    inside.customer.refresh_from_db()
    assert inside.customer.phone == "+31 6 9999 9999"
    assert inside.customer.phone_index != before
    entry = AuditEntry.objects.get(action="customer.update")
    assert entry.changes == {"phone": ["***", "***"]}
    assert entry.object_text == ""
    told = owner.get(inside.url("audit/")).content.decode()
    assert "Carla of acme" in told, "who can read the log reads whom it is about"


def test_a_customer_is_switched_off_and_not_deleted(owner: Client, inside: Shop) -> None:
    change(owner, inside, is_active="")
    inside.customer.refresh_from_db()
    assert not inside.customer.is_active


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("email", "not one"), ("credit_limit", "-1"), ("phone", "1" * 41)],
)
def test_what_cannot_be(owner: Client, inside: Shop, field: str, value: str) -> None:
    assert field in create(owner, inside, **{field: value}).context["form"].errors
    assert Customer.objects.count() == 1


def test_a_colleague_may(manager: Client, inside: Shop) -> None:
    assert create(manager, inside).status_code == 302
    assert change(manager, inside, name="Carla B").status_code == 302


def test_the_cashier_adds_without_credit_and_changes_nothing(cashier: Client, inside: Shop) -> None:
    assert create(cashier, inside, credit_limit="1000").status_code == 302
    assert customer_named("Ömer").credit_limit is None
    assert change(cashier, inside, name="Mine").status_code == 403
    assert len(customers_named("Mine")) == 0


def test_a_credit_limit_survives_who_may_not_set_it(inside: Shop) -> None:
    inside.customer.credit_limit = Decimal(70)
    inside.customer.save()
    role = inside.roles["Viewer"]
    role.permissions = [Permission.CUSTOMER_VIEW, Permission.CUSTOMER_UPDATE]
    role.save()
    change(signed_in(inside.people["Viewer"]), inside, name="Carla B", credit_limit="9999")
    inside.customer.refresh_from_db()
    assert (inside.customer.name, inside.customer.credit_limit) == ("Carla B", 70)


def test_changing_needs_the_right_to_see(inside: Shop) -> None:
    role = inside.roles["Viewer"]
    role.permissions = [Permission.CUSTOMER_UPDATE]
    role.save()
    client = signed_in(inside.people["Viewer"])
    response = client.get(inside.url(f"customers/{inside.customer.pk}/edit/"))
    assert response.status_code == 403
    assert b"1234 5678" not in response.content


def test_a_stranger_is_told_nothing(stranger: Client, inside: Shop, other_shop: Shop) -> None:
    assert create(stranger, inside).status_code == 404
    assert change(stranger, inside, name="Theirs").status_code == 404
    url = other_shop.url(f"customers/{inside.customer.pk}/edit/")
    assert stranger.post(url, {"name": "Theirs"}).status_code == 404
    inside.customer.refresh_from_db()
    assert inside.customer.name == "Carla of acme"


def test_without_the_permission(inside: Shop) -> None:
    assert create(signed_in(inside.people["Viewer"]), inside).status_code == 403


def test_only_these_verbs(owner: Client, inside: Shop) -> None:
    assert owner.put(inside.url("customers/new/")).status_code == 405
    assert owner.delete(inside.url(f"customers/{inside.customer.pk}/edit/")).status_code == 405
