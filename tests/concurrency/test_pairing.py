"""One code, ten terminals; one approval, ten voids; a PIN guessed from ten hands at once."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from accounts.models import Approval, Device, Membership, PinTries
from sales.models import Sale
from sales.terminals import invite
from tenants.context import business
from tenants.ids import uuid7
from tests.api.calls import post
from tests.api.operating import PIN, approving, counter, give_pin, member, sign_in, working
from tests.api.test_product_writers import at_once
from tests.factories import Shop, make_shift, make_shop
from tests.sales.selling import sell

TIMES = 10


@pytest.fixture
def live_shop(committed_db: None) -> Shop:
    """A shop with an open shift that other threads see."""
    with transaction.atomic():
        shop = make_shop("acme")
    with business(shop.business), transaction.atomic():
        make_shift(shop)
    return shop


def test_of_ten_terminals_with_one_code_exactly_one_is_paired(live_shop: Shop) -> None:
    with business(live_shop.business), transaction.atomic():
        maker = Membership.objects.get(user=live_shop.manager)
        _pairing, code = invite(
            actor=maker, register=live_shop.register, membership=maker, name="Tablet"
        )
    answers = at_once(lambda number: post(Client(), "/api/v1/pair", {"code": code}), TIMES)
    assert sorted(one.status_code for one in answers) == [201] + [404] * (TIMES - 1)
    with business(live_shop.business), transaction.atomic():
        assert Device.objects.count() == 1


def test_one_approval_is_used_once_however_many_ask(live_shop: Shop) -> None:
    _device, terminal = counter(live_shop)
    give_pin(live_shop, "Manager")
    client = working(terminal, give_pin(live_shop, "Cashier"))
    with business(live_shop.business), transaction.atomic():
        sales = [sell(live_shop) for _number in range(TIMES)]
    body = {
        "person": str(member(live_shop, "Manager").pk),
        "pin": PIN,
        "permissions": ["sell.void"],
    }
    token = post(client, "/api/v1/approvals", body).json()["approval"]

    def void(number: int) -> Any:
        request = {"id": str(uuid7()), "reason": "wrong"}
        url = f"/api/v1/sales/{sales[number].pk}/void"
        return post(approving(client, token), url, request)

    answers = at_once(void, TIMES)
    assert sorted(one.status_code for one in answers) == [201] + [403] * (TIMES - 1)
    with business(live_shop.business), transaction.atomic():
        assert Sale.objects.filter(kind=Sale.Kind.VOID).count() == 1
        assert Approval.objects.get().used_at is not None


def test_ten_guesses_at_once_are_ten_guesses(live_shop: Shop) -> None:
    _device, terminal = counter(live_shop)
    cashier = give_pin(live_shop, "Cashier")
    answers = at_once(lambda number: sign_in(terminal, cashier, f"000{number}"), TIMES)
    codes = sorted(one.json()["code"] for one in answers)
    assert codes == ["pin_locked"] * (TIMES - 4) + ["wrong_pin"] * 4
    with business(live_shop.business), transaction.atomic():
        assert PinTries.objects.get().failures == 5
