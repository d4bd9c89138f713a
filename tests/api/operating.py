"""People at terminals, as tests have them: PINs, sign-ins, approvals."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.test import Client

from accounts.models import Device, Membership
from accounts.pins import set_pin
from sales.models import Register
from tenants.context import business
from tests.api.calls import post
from tests.factories import Shop, make_device, with_token

PIN = "274951"


def member(shop: Shop, person: str) -> Membership:
    with business(shop.business), transaction.atomic():
        found: Membership = Membership.objects.select_related("user", "role").get(
            user=shop.people[person]
        )
        return found


def give_pin(shop: Shop, person: str, pin: str = PIN) -> Membership:
    one = member(shop, person)
    with business(shop.business), transaction.atomic():
        set_pin(actor=one, member=one, pin=pin)
    return one


def counter(shop: Shop, name: str = "Counter") -> tuple[Device, Client]:
    """A terminal at the shop's register at which people sign in."""
    device, token = make_device(shop, user=shop.owner, name=name)
    with business(shop.business), transaction.atomic():
        Device.objects.filter(pk=device.pk).update(needs_operator=True)
        Register.objects.filter(pk=shop.register.pk).update(device=device)
    return device, with_token(token)


def sign_in(terminal: Client, person: Membership, pin: str = PIN) -> Any:
    return post(terminal, "/api/v1/operators/sign-in", {"person": str(person.pk), "pin": pin})


def as_operator(terminal: Client, token: str) -> Client:
    return Client(headers={**_headers(terminal), "X-Operator": token})


def working(terminal: Client, person: Membership, pin: str = PIN) -> Client:
    """The terminal with this person signed in."""
    answer = sign_in(terminal, person, pin)
    assert answer.status_code == 201, answer.content
    return as_operator(terminal, answer.json()["operator_token"])


def approving(client: Client, approval: str) -> Client:
    """The same client, with a supervisor's approval."""
    copy = Client(headers={**_headers(client), "X-Approval": approval})
    copy.cookies = client.cookies
    return copy


def _headers(client: Client) -> dict[str, str]:
    names = {"HTTP_AUTHORIZATION": "Authorization", "HTTP_X_OPERATOR": "X-Operator"}
    return {name: client.defaults[key] for key, name in names.items() if key in client.defaults}
