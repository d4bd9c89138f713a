"""Finding customers, of whom everything that names them is encrypted."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from django.db.models import Q, QuerySet

from sales.models import Customer, CustomerNameHash
from sales.models.customer import phone_digits
from sales.names import asked_hashes, asked_words, folded
from tenants.context import require_id
from tenants.encryption import blind_columns

FEWEST_DIGITS: Final = 5
#: So many of those who match are put in order by name; of more than that the newest.
MOST_FOUND: Final = 500


@dataclass(frozen=True, slots=True)
class Found:
    """The keys of customers in the order of their names; `is_cut` when more match."""

    keys: list[uuid.UUID]
    is_cut: bool


def customer_matches(text: str) -> Q:
    """Customers whose name has words that begin with each word of `text`, in any letter case and
    without accents, or whose whole phone number or e-mail it is."""
    found = _named(text)
    typed = {"email": "@" in text, "phone": len(phone_digits(text)) >= FEWEST_DIGITS}
    for column in blind_columns(Customer):
        if typed[column.of]:
            found |= Q(**{f"{column.name}__in": column.all_made(text)})
    return found


def _named(text: str) -> Q:
    words = asked_words(text)
    if not words:
        return Q(pk__in=[])
    found = Q()
    for word in words:
        hashes = asked_hashes(word, require_id())
        found &= Q(pk__in=CustomerNameHash.objects.filter(hash__in=hashes).values("customer"))
    return found


def find_customers(customers: QuerySet[Customer], text: str) -> Found:
    """Who of `customers` matches, by name; in one statement."""
    rows = customers.filter(customer_matches(text)).order_by("-created_at", "-pk")
    named = list(rows.values_list("pk", "name")[: MOST_FOUND + 1])
    ordered = sorted(named[:MOST_FOUND], key=lambda one: (folded(one[1]), one[0]))
    return Found([pk for pk, _name in ordered], len(named) > MOST_FOUND)


def in_this_order(keys: list[uuid.UUID]) -> list[Customer]:
    """The customers themselves, in one statement."""
    rows: dict[uuid.UUID, Customer] = Customer.objects.in_bulk(keys)
    return [rows[key] for key in keys if key in rows]
