"""Reaching the pages of one person in a test."""

from __future__ import annotations

from django.db import transaction
from django.test import Client

from accounts.models import AuditEntry, Membership, Role, User
from accounts.permissions import Permission
from tenants.context import business
from tests.factories import Shop, make_person


def member(shop: Shop, person: str) -> Membership:
    with business(shop.business), transaction.atomic():
        return Membership.objects.select_related("role", "user").get(user=shop.people[person])


def url(shop: Shop, person: str, act: str = "") -> str:
    return shop.url(f"people/{member(shop, person).pk}/{act}")


def place(shop: Shop, role: str, **fields) -> dict:
    return {"role": str(shop.roles[role].pk), "all_locations": "on", **fields}


def acts(shop: Shop) -> list[str]:
    with business(shop.business):
        return [entry.action for entry in AuditEntry.objects.exclude(action__startswith="stock")]


def limited(shop: Shop, *names: str) -> User:
    """Somebody at the market only, with the rights named and those of a cashier."""
    with business(shop.business):
        granted = {*shop.roles["Cashier"].granted, *(Permission(n) for n in names)}
        role = Role.objects.create(name=f"Limited {len(names)}", permissions=sorted(granted))
        return make_person("market.lead", role, locations=[shop.market])


def add(client: Client, shop: Shop, username: str = "new.person", role: str = "Cashier", **fields):
    data = {"username": username, "name": "Nora New", "email": "", **place(shop, role, **fields)}
    return client.post(shop.url("people/new/"), data)
