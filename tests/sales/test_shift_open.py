"""Opening a shift from its page."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from sales.models import Register, Shift
from tests.factories import Shop, make_shift, signed_in
from tests.sales.selling import market_manager, market_register


def post(client: Client, shop: Shop, **data: object):
    return client.post(
        shop.url("shifts/open/"), {"register": shop.register.pk, "opening_float": "50.00", **data}
    )


def test_it_opens_in_the_persons_name(cashier: Client, inside: Shop) -> None:
    response = post(cashier, inside)
    shift = Shift.objects.get()
    assert response.url == inside.url(f"shifts/{shift.pk}/")
    assert (shift.opened_by, shift.opening_float, shift.number) == (inside.cashier, 50, 1)


def test_a_colleague_may(manager: Client, inside: Shop) -> None:
    post(manager, inside)
    assert Shift.objects.get().opened_by == inside.manager


def test_the_register_of_the_link_is_chosen(owner: Client, inside: Shop) -> None:
    other = market_register(inside)
    text = owner.get(inside.url(f"shifts/open/?register={other.pk}")).content.decode()
    assert f'<option value="{other.pk}" selected>' in text


@pytest.mark.parametrize("value", ["-1", "", "1.234", "lots"])
def test_a_float_that_cannot_be(cashier: Client, inside: Shop, value: str) -> None:
    response = post(cashier, inside, opening_float=value)
    assert response.status_code == 200
    assert "opening_float" in response.context["form"].errors
    assert not Shift.objects.exists()


def test_one_shift_at_a_time(owner: Client, inside: Shop) -> None:
    make_shift(inside)
    assert "register" in post(owner, inside).context["form"].errors
    assert b"No register is free" in owner.get(inside.url("shifts/open/")).content
    assert Shift.objects.count() == 1


def test_not_on_a_register_that_is_off(owner: Client, inside: Shop) -> None:
    Register.objects.update(is_active=False)
    assert post(owner, inside).status_code == 200
    assert not Shift.objects.exists()


def test_not_at_another_location(inside: Shop) -> None:
    confined = market_manager(inside)
    assert "register" in post(confined, inside).context["form"].errors
    assert b"Till 1" not in confined.get(inside.url("shifts/open/")).content
    assert not Shift.objects.exists()


def test_a_register_of_another_business(owner: Client, inside: Shop, other_shop: Shop) -> None:
    response = post(owner, inside, register=other_shop.register.pk)
    assert "register" in response.context["form"].errors


def test_a_stranger_is_told_nothing(stranger: Client, inside: Shop) -> None:
    assert post(stranger, inside).status_code == 404


def test_without_the_permission(inside: Shop) -> None:
    assert post(signed_in(inside.people["Viewer"]), inside).status_code == 403
    assert not Shift.objects.exists()


def test_only_these_verbs(owner: Client, inside: Shop) -> None:
    assert owner.put(inside.url("shifts/open/")).status_code == 405


def test_who_may_see_no_shifts_goes_on_to_the_till(inside: Shop) -> None:
    role = inside.roles["Cashier"]
    role.permissions = ["shift.open", "sell.create"]
    role.save()
    assert post(signed_in(inside.cashier), inside).url == inside.url("till/")
    assert Shift.objects.get().opening_float == Decimal(50)
