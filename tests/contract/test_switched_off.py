"""What is taken away is gone at the next request, whatever was taken away.

Of approvals, `tests/api/test_approvals.py` shows the same.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.devices import revoke_device
from accounts.models import Device, Membership, OperatorSession, User
from accounts.operators import sign_out
from accounts.pins import set_pin
from sales.models import Register
from tenants.context import business
from tenants.models import Business, Location
from tests.api.calls import ROOT
from tests.contract.places import Spot, here
from tests.factories import Shop


def _owner(spot: Spot) -> Membership:
    member: Membership = Membership.objects.select_related("role", "user").get(user=spot.shop.owner)
    return member


def _revoke(spot: Spot) -> None:
    revoke_device(actor=_owner(spot), device=spot.device[0])


def _expire(spot: Spot) -> None:
    Device.objects.filter(pk=spot.device[0].pk).update(expires_at=timezone.now())


def _register(spot: Spot) -> None:
    Register.objects.filter(pk=spot.register.pk).update(is_active=False)


def _location(spot: Spot) -> None:
    Location.objects.filter(pk=spot.location.pk).update(is_active=False)


def _business(spot: Spot) -> None:
    Business.objects.filter(pk=spot.shop.business.pk).update(is_active=False)


def _signed_out(spot: Spot) -> None:
    sign_out(session=OperatorSession.objects.get(membership=spot.person))


def _new_pin(spot: Spot) -> None:
    set_pin(actor=_owner(spot), member=spot.person, pin="903817")


def _removed(spot: Spot) -> None:
    Membership.objects.filter(pk=spot.person.pk).update(is_active=False)


def _no_user(spot: Spot) -> None:
    User.objects.filter(pk=spot.person.user_id).update(is_active=False)


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (_revoke, "not_authenticated"),
        (_expire, "not_authenticated"),
        (_register, "not_authenticated"),
        (_location, "not_authenticated"),
        (_business, "not_authenticated"),
        (_signed_out, "operator_signed_out"),
        (_new_pin, "operator_signed_out"),
        (_removed, "operator_signed_out"),
        (_no_user, "operator_signed_out"),
    ],
)
def test_it_is_refused_at_the_next_request(
    shop: Shop, act: Callable[[Spot], None], code: str
) -> None:
    spot = here(shop)
    terminal = spot.client()
    assert terminal.get(f"{ROOT}me").status_code == 200
    with business(shop.business), transaction.atomic():
        act(spot)
    for url in ("me", "customers", "sync"):
        answer = terminal.get(f"{ROOT}{url}")
        assert (answer.status_code, answer.json()["code"]) == (401, code)
