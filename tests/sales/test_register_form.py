"""Adding and changing registers: prefixes stay unique, and stay for ever once they were printed."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import audit
from accounts.models import AuditEntry
from sales.models import Register
from tests.factories import Shop, make_shift, signed_in
from tests.sales.selling import market_manager, sell


def create(client: Client, shop: Shop, **data: object):
    values = {"name": "Till 2", "location": shop.high_street.pk, "prefix": "hs2", "is_active": "on"}
    return client.post(shop.url("registers/new/"), {**values, **data})


def change(client: Client, shop: Shop, **data: object):
    register = shop.register
    values = {"name": register.name, "location": register.location_id, "prefix": register.prefix}
    return client.post(shop.url(f"registers/{register.pk}/"), {**values, "is_active": "on", **data})


def test_a_new_register_with_its_prefix_in_capitals(owner: Client, inside: Shop) -> None:
    assert create(owner, inside).url == inside.url("registers/")
    register = Register.objects.get(name="Till 2")
    assert (register.prefix, register.location, register.is_active) == (
        "HS2",
        inside.high_street,
        True,
    )
    assert AuditEntry.objects.get(action="register.create").object_id == str(register.pk)


@pytest.mark.parametrize("prefix", ["acm1", "ACM1", "A-1", "", "É1", "A" * 13])
def test_a_prefix_that_cannot_be(owner: Client, inside: Shop, prefix: str) -> None:
    assert "prefix" in create(owner, inside, prefix=prefix).context["form"].errors
    assert Register.objects.count() == 1


def test_another_business_may_have_the_same_prefix(
    owner: Client, inside: Shop, other_shop: Shop
) -> None:
    assert create(owner, inside, prefix=other_shop.register.prefix).status_code == 302


def test_all_of_it_can_change_before_the_first_sale(owner: Client, inside: Shop) -> None:
    change(owner, inside, name="Front", prefix="front", location=inside.market.pk)
    inside.register.refresh_from_db()
    assert (inside.register.name, inside.register.prefix) == ("Front", "FRONT")
    assert inside.register.location == inside.market
    assert set(AuditEntry.objects.get(action="register.update").changes) == {
        "name",
        "prefix",
        "location",
    }


def test_prefix_and_location_stay_after_the_first_sale(owner: Client, inside: Shop) -> None:
    make_shift(inside)
    sell(inside)
    change(owner, inside, name="Front", prefix="OTHER", location=inside.market.pk)
    inside.register.refresh_from_db()
    assert (inside.register.name, inside.register.prefix) == ("Front", "ACM1")
    assert inside.register.location == inside.high_street


def test_a_sale_made_meanwhile_keeps_its_number(inside: Shop) -> None:
    """Only what the form changed is written: counters are not set back."""
    make_shift(inside)
    stale = Register.objects.get(pk=inside.register.pk)
    first = sell(inside)
    stale.name = "Front"
    audit.save(actor=inside.owner, target=stale, fields=["name"])
    inside.register.refresh_from_db()
    assert (inside.register.name, inside.register.sale_counter) == ("Front", 1)
    assert inside.register.chain_hash == first.content_hash


def test_without_a_change_nothing_is_written(owner: Client, inside: Shop) -> None:
    assert change(owner, inside).status_code == 302
    assert not AuditEntry.objects.filter(action="register.update").exists()


def test_a_colleague_may(manager: Client, inside: Shop) -> None:
    assert create(manager, inside).status_code == 302
    assert change(manager, inside, name="Front").status_code == 302


def test_the_cashier_may_not(cashier: Client, inside: Shop) -> None:
    assert create(cashier, inside).status_code == 403
    assert change(cashier, inside, name="Mine").status_code == 403
    assert Register.objects.get().name == "Till 1"


def test_who_is_confined_adds_and_changes_there_alone(inside: Shop) -> None:
    confined = market_manager(inside)
    assert "location" in create(confined, inside).context["form"].errors
    assert create(confined, inside, location=inside.market.pk).status_code == 302
    assert change(confined, inside, name="Front").status_code == 404


def test_a_stranger_is_told_nothing(stranger: Client, inside: Shop) -> None:
    assert create(stranger, inside).status_code == 404
    assert change(stranger, inside, name="Theirs").status_code == 404


def test_a_location_of_another_business(owner: Client, inside: Shop, other_shop: Shop) -> None:
    response = create(owner, inside, location=other_shop.market.pk)
    assert "location" in response.context["form"].errors


def test_only_these_verbs(owner: Client, inside: Shop) -> None:
    assert owner.put(inside.url("registers/new/")).status_code == 405
    assert owner.delete(inside.url(f"registers/{inside.register.pk}/")).status_code == 405
    assert signed_in(inside.owner).get(inside.url("registers/new/")).status_code == 200
