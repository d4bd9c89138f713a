"""Shops with one of everything."""

from __future__ import annotations

import pytest

from tests.admin.cast import (
    fill,
)
from tests.factories import Shop


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """One of everything in the shop, also a sale."""
    fill(shop)
    return shop


@pytest.fixture
def other_stocked(other_shop: Shop) -> Shop:
    fill(other_shop)
    return other_shop
