"""How the tests use keys and look at what was counted."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts.devices import Reach, create_program
from accounts.models import Device, Membership
from accounts.permissions import Permission
from metering import ledger, storing
from metering.ledger import Kind
from metering.models import ApiAccount, ApiEntry, KeyDay, KeyLimit
from tenants.context import business
from tests.factories import Shop, with_token

RIGHTS = frozenset({Permission.CUSTOMER_VIEW, Permission.API_USE_VIEW})


@dataclass
class Key:
    """A key for a program, with its client."""

    shop: Shop
    device: Device
    client: Client

    def ask(self, path: str = "customers") -> Any:
        return self.client.get(f"/api/v1/{path}")

    def status(self, path: str = "customers") -> int:
        return int(self.ask(path).status_code)


def make_key(shop: Shop, name: str = "Web shop") -> Key:
    with business(shop.business), transaction.atomic():
        actor = Membership.objects.select_related("role").get(user=shop.owner)
        device, token = create_program(actor=actor, name=name, reach=Reach(RIGHTS))
    return Key(shop, device, with_token(token))


def limit(key: Key, per_day: int | None = None, per_month: int | None = None) -> None:
    with business(key.shop.business), transaction.atomic():
        KeyLimit.objects.update_or_create(
            device=key.device, defaults={"per_day": per_day, "per_month": per_month}
        )


def metering(**fields: Any) -> None:
    """Other settings, until the end of the test (its fixture `settings` puts them back)."""
    settings.METERING = replace(settings.METERING, **fields)


def days(shop: Shop) -> list[tuple[str, int, int, int, int]]:
    """(key, requests, charged, folded, refused) of each day of each key."""
    with business(shop.business), transaction.atomic():
        rows = KeyDay.objects.order_by("day", "device__name")
        return list(rows.values_list("device__name", "count", "charged", "folded", "refused"))


def account(shop: Shop) -> tuple[int, int]:
    """(in the ledger, pending)"""
    with business(shop.business), transaction.atomic():
        return ApiAccount.objects.values_list("balance", "pending").get()


def entries(shop: Shop) -> list[tuple[str, int, int]]:
    with business(shop.business), transaction.atomic():
        rows = ApiEntry.objects.order_by("number")
        return list(rows.values_list("kind", "amount", "balance"))


def left(response: Any) -> dict[str, int]:
    """What the header RateLimit says remains, by window."""
    return {name: int(r) for name, r in re.findall(r'"(\w+)";r=(\d+)', response["RateLimit"])}


def use(shop: Shop, device: Device, *, day: date, requests: int, charged: int) -> None:
    """Count for a key as a process does that writes what it has counted; the business is bound."""
    storing.add({(shop.business.pk, device.pk, day): [requests, charged, 0]})


def keep_credits(shop: Shop, device: Device) -> None:
    """Credits granted and bought, used on a day that is booked and on one that is not."""
    ledger.post(kind=Kind.GRANTED, amount=100, reason=f"Welcome, {shop.business.slug}")
    ledger.post(kind=Kind.BOUGHT, amount=50, reason="Invoice 7", reference="invoice-7")
    KeyLimit.objects.create(device=device, per_day=1000)
    today = timezone.now().astimezone(UTC).date()
    use(shop, device, day=today - timedelta(days=1), requests=9, charged=7)
    use(shop, device, day=today, requests=3, charged=3)
    ledger.fold()
