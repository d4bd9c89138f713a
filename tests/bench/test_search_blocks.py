"""A small shop's look-up and search touch as many blocks among 200 businesses as among 10.

Counted by EXPLAIN (BUFFERS) under row-level security, so no machine is too slow for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.access import token_hash
from accounts.models import Device
from bench.product import typed_words
from bench.shops import Shop, Till, code, fill, make_shops
from inventory.search import cases, question
from tenants.context import business
from tenants.models import Business
from tests.bench.test_filling import superuser

pytestmark = [pytest.mark.postgres, pytest.mark.slow]

FEW, MANY, EACH = 10, 200, 200
# A tree of twenty times the rows may be one level higher, and each way down it one block longer.
MARGIN = 1.5


@contextmanager
def inside(till: Till) -> Iterator[Any]:
    """A cursor in a transaction of the till's business."""
    company = Business.objects.get(pk=till.business)
    with business(company), transaction.atomic(), connection.cursor() as cursor:
        yield cursor


def blocks(cursor: Any, statement: str, *values: Any) -> int:
    """How many blocks a statement read, of tables and indexes, on its third run in a session."""
    for _ in range(3):
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", values)
        (found,) = cursor.fetchone()
    plan = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def asked(till: Till, **what: Any) -> str:
    who: dict[str, Any] = {
        "token": token_hash(till.token), "operator": None, "now": timezone.now().isoformat(),
        "register": till.register, "needed": ["sell.create"], "digits": {}, "picture": ["", ""],
    }  # fmt: skip
    return json.dumps(who | what)


def found_by(till: Till) -> dict[str, int]:
    """Blocks of each kind of question."""

    def search(text: str) -> str:
        return asked(till, find=question(text, only="sold", limit=50))

    ways = {
        "barcode": asked(till, code=code(7), codes=[code(7)]),
        "SKU": asked(till, code="sku000007", codes=cases("sku000007")),
        "three words": search(" ".join(typed_words(7))),
        "a word": search(typed_words(7)[0]),
        "a letter": search("b"),
        "the beginning of codes": search("SKU00001"),
        "inside words": search(typed_words(7)[0][1:]),
    }
    found = {}
    for name, one in ways.items():
        with inside(till) as cursor:
            cursor.execute("SELECT sales_items_v1(%s) ->> 'content'", [one])
            assert '"sku"' in (cursor.fetchone()[0] or ""), name
            found[name] = blocks(cursor, "SELECT sales_items_v1(%s)", one)
    return found


def whole_table(till: Till) -> int:
    """The control: the same look-up where no index begins with the business."""
    with inside(till) as cursor:
        cursor.execute("SET LOCAL enable_indexscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        return blocks(cursor, "SELECT id FROM inventory_variation WHERE sku = %s", "SKU000007")


def make(count: int, prefix: str) -> list[Shop]:
    shops = make_shops([EACH] * count, [1, *[0] * (count - 1)], prefix=prefix)
    fill(superuser(), shops)
    with business(Business.objects.get(pk=shops[0].business)), transaction.atomic():
        # Otherwise the usual way answers, to note the visit.
        Device.objects.update(last_seen_at=timezone.now())
    return shops


def test_others_catalogues_cost_a_small_shop_nothing(committed_db: None) -> None:
    (till,) = make(FEW, "few")[0].tills
    few, table_of_few = found_by(till), whole_table(till)
    make(MANY - FEW, "more")
    many, table_of_many = found_by(till), whole_table(till)
    assert all(many[name] <= few[name] * MARGIN for name in few), (few, many)
    assert table_of_many >= table_of_few * MANY / FEW / 2, (table_of_few, table_of_many)
