"""The business that simulated terminals sell in: one of their own, or one that is there."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts.models import Membership
from archive.demo import Person, Place, make_person, make_place
from archive.demo_catalogue import make_catalogue
from inventory.ledger import set_opening
from inventory.models import Barcode, StockLevel
from sales.models import Register
from sales.terminals import invite
from tenants.context import business
from tenants.models import Business, Location

#: Enough of everything for any run; of the scarce ones so few that some sales are refused.
PLENTY: Final = Decimal(1_000_000)
SCARCE: Final = Decimal(4)
ITEMS: Final = 120


class NotPossible(Exception):
    """Terminals cannot sell there; the text says why."""


@dataclass(slots=True)
class Market:
    """Where they sell. `codes` are barcodes, `opening` the stock by variation before the first sale."""

    business: Business
    registers: list[Register]
    codes: list[str]
    opening: dict[UUID, Decimal]
    scarce: set[UUID] = field(default_factory=set)


def make_market(terminals: int, *, seed: int) -> Market:
    """A business of its own, with products of the demo and a register for each terminal."""
    name = f"simulated-{secrets.token_hex(4)}"
    rng = Random(seed)  # noqa: S311 - chance for show, not for secrets
    with transaction.atomic():
        company = Business.objects.create(
            slug=name, name="Simulated", currency="EUR", time_zone="Europe/Dublin",
            cash_step=Decimal("0.05"),
        )  # fmt: skip
    with business(company), transaction.atomic():
        prefixes = tuple(f"T{n:03d}" for n in range(1, terminals + 1))
        location = make_place(
            Place("SIM", "Simulated", "", registers=prefixes, carries=1.0, sales_a_day=1.0)
        )
        owner = make_person(
            Person(f"{name}-owner", "Olive Owner", "Owner"), {}, secrets.token_hex()
        )
        items = [one for one in make_catalogue("groceries.json.gz", rng) if one.weight]
        sold = sorted(items, key=lambda one: -one.weight)[:ITEMS]
        keys = [one.variation.pk for one in sold]
        scarce = set(keys[::12])
        quantities = {key: SCARCE if key in scarce else PLENTY for key in keys}
        set_opening(actor=owner.user, location=location, quantities=quantities)
        registers = list(Register.objects.filter(location=location).order_by("prefix"))
        codes = _codes(keys)
    return Market(company, registers, codes, quantities, scarce)


def market_in(company: Business, terminals: int) -> Market:
    """New registers in a business that is there, and whatever it has in stock. Raises NotPossible."""
    with business(company), transaction.atomic():
        location = Location.objects.filter(is_active=True).order_by("pk").first()
        if location is None:
            raise NotPossible("This business has no location in use.")
        levels = StockLevel.objects.filter(location=location, quantity__gt=0).filter(
            variation__is_active=True,
            variation__product__is_active=True,
            variation__product__is_for_sale=True,
        )
        opening = dict(levels.values_list("variation", "quantity")[:ITEMS])
        codes = _codes(list(opening))
        if not codes:
            raise NotPossible(f"Nothing with a barcode is in stock at {location}.")
        mark = secrets.token_hex(2).upper()
        registers = [
            Register.objects.create(
                name=f"Simulated {mark} {n}", location=location, prefix=f"Z{mark}{n:03d}"
            )
            for n in range(1, terminals + 1)
        ]
    return Market(company, registers, codes, opening)


def _codes(variations: Sequence[UUID]) -> list[str]:
    rows = Barcode.objects.filter(variation__in=variations).order_by("variation", "code")
    return list(dict(rows.values_list("variation", "code")).values())


def pairing_code(market: Market, register: Register) -> str:
    """For one terminal, in the owner's name."""
    with business(market.business), transaction.atomic():
        owners = Membership.objects.select_related("user", "role")
        owner = owners.filter(is_owner=True, is_active=True).first()
        if owner is None:
            raise NotPossible("This business has no owner.")
        return invite(actor=owner, register=register, membership=owner, name=register.name)[1]
