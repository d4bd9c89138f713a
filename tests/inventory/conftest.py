"""Two more people for the tests of catalogue and stock, and counted statements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from accounts.permissions import Permission
from tenants.context import business
from tests.factories import Shop, make_person, signed_in

P = Permission
MOST_STATEMENTS = 12  # Beside BEGIN and COMMIT.


@pytest.fixture
def member(shop: Shop) -> Callable[..., Client]:
    """Sign in as a new member with just these permissions, at all locations or at some."""

    def make(*permissions: P, locations=None, name: str = "somebody") -> Client:
        with business(shop.business):
            role = Role.objects.create(name=name, permissions=[p.value for p in permissions])
            return signed_in(make_person(f"{name}.here", role, locations=locations))

    return make


@pytest.fixture
def nobody(member: Callable[..., Client]) -> Client:
    """A member whose role permits nothing."""
    return member(name="nobody")


@pytest.fixture
def market_only(shop: Shop, member: Callable[..., Client]) -> Client:
    """Works at the market alone, with every right but those for other locations."""
    everything = set(P) - {P.PRODUCT_VIEW_ALL_BRANCH_STOCK, P.PRODUCT_PRICE_EDIT_ALL}
    return member(*everything, locations=[shop.market], name="market")


@pytest.fixture
def within_budget() -> Callable[..., object]:
    """A context that fails when more statements ran than a list page may take."""

    @contextmanager
    def counting() -> Iterator[None]:
        with CaptureQueriesContext(connection) as queries:
            yield
        # A test runs inside a transaction, so BEGIN and COMMIT are savepoints here, and the setting of
        # the business, which is part of BEGIN, shows as statements of its own.
        ran = [q["sql"] for q in queries]
        ran = [sql for sql in ran if "app.business_id" not in sql and "SAVEPOINT" not in sql]
        assert len(ran) <= MOST_STATEMENTS, "\n".join(sql[:200] for sql in ran)

    return counting
