"""Ways to reach the rows of another business, each tried by a function.

A probe gets our shop, which is bound, and theirs. It says whether it reached a row or an effect of
theirs; an exception means that it did not. What `test_27_ways.py` does with the walls taken away
proves for each of them that it would say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from accounts.models import Membership
from inventory.models import Brand, Category
from tenants import context
from tenants.ids import uuid7
from tenants.models import Business
from tests.factories import Shop, make_person, make_shop


@dataclass
class Target(Shop):
    """A shop with two more rows: one that can be deleted, and a member confined to a location."""

    brand: Any = None
    confined: Any = None


Probe = Callable[[Target, Target], bool]
PROBES: dict[str, Probe] = {}

# Where a wall is the only one: what SQLite does not stop, because it has no row-level security.
# There the lint of test_allow_lists.py is the control.
RAW = "raw"
POSTGRES = "postgres"
MARKS: dict[str, set[str]] = {}


def probe(*marks: str) -> Callable[[Probe], Probe]:
    def register(function: Probe) -> Probe:
        PROBES[function.__name__] = function
        MARKS[function.__name__] = set(marks)
        return function

    return register


def theirs_among(rows: Iterable[Any], theirs: Shop) -> bool:
    return any(row.business_id == theirs.business.pk for row in rows)


def product_of(shop: Shop) -> Any:
    return shop.mug.product_id


def execute(sql: str, *params: Any) -> bool:
    """Whether the statement counted or changed anything."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        if sql.startswith("SELECT"):
            return cursor.fetchone()[0] > 0
        return cursor.rowcount > 0


def plant(business: Business, parent: Any) -> bool:
    key = Category._meta.get_field("id").get_db_prep_value
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inventory_category"
            " (id, business_id, name, code, description, parent_id, is_active)"
            " VALUES (%s, %s, 'planted', '', '', %s, %s)",
            [
                key(uuid7(), connection),
                business.pk,
                parent and key(parent, connection),
                True,
            ],
        )
        return cursor.rowcount > 0


def make_target(slug: str) -> Target:
    with transaction.atomic():
        shop = make_shop(slug)
    with context.business(shop.business), transaction.atomic():
        brand = Brand.objects.create(name=f"Brand of {slug}")
        person = make_person(f"{slug}.confined", shop.roles["Cashier"], locations=[shop.market])
        confined = Membership.objects.get(user=person)
    return Target(**vars(shop), brand=brand, confined=confined)


def reached(probe: Probe, mine: Target, theirs: Target) -> bool:
    """Whether the probe got through; it is tried as our business and undone."""
    got = False
    with context.business(mine.business):
        try:
            with transaction.atomic():
                got = probe(mine, theirs)
                raise _Undo
        except _Undo:
            pass
        except Exception:
            got = False
    return got


class _Undo(Exception):
    pass
