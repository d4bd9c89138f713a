"""Cursors that cannot go on begin anew and say why; whatever happened, the copy ends right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from inventory.models import Barcode, Variation
from sync import cursors, horizon, pruning, triggers
from sync.cursors import FRESH, KEPT, Cursor
from sync.horizon import MOST_RUNNING, Seen, limited
from sync.models import Epoch, Mark
from tests.factories import Shop, make_product
from tests.sync.conftest import at_work
from tests.sync.copying import Copy


@pytest.mark.parametrize("cursor", ["x", "gAAAAA", "é" * 9, "A" * 5000, "gAAAAABn" + "A" * 200])
def test_what_is_no_cursor_begins_anew(till: Copy, cursor: str) -> None:
    till.sync()
    till.cursor = cursor
    till.sync()
    assert till.resets == ["new", "unknown"] and till.holes() == []


def test_a_cursor_tells_nothing_of_the_installation(till: Copy) -> None:
    till.sync()
    read = cursors.read(till.cursor)
    assert read is not None and read.seen is not None
    # A number so long that no ciphertext has it by chance.
    number = 7_391_648_205_173_946
    far = replace(read, seen=Seen(number))
    assert cursors.read(cursors.written(far)) == far
    assert str(number) not in cursors.written(far)
    assert cursors.written(read) != cursors.written(read), "the same reads otherwise each time"


def test_an_old_cursor_begins_anew(till: Copy, shop: Shop) -> None:
    till.sync()
    with time_machine.travel(timezone.now() + KEPT - timedelta(minutes=5), tick=True):
        till.sync()
        assert till.resets == ["new"]
    cursor = till.cursor
    with time_machine.travel(timezone.now() + 2 * KEPT, tick=True):
        till.sync()
    assert till.resets == ["new", "expired"] and till.cursor != cursor


def test_a_copy_that_does_nothing_does_not_grow_old(till: Copy) -> None:
    till.sync()
    cursor = till.cursor
    with time_machine.travel(timezone.now() + FRESH + timedelta(minutes=1), tick=True):
        till.sync()
    assert till.cursor != cursor and till.resets == ["new"]


def test_a_round_that_is_left_for_long_begins_anew(till: Copy) -> None:
    till.limit = 1
    till.page()
    with time_machine.travel(timezone.now() + KEPT + timedelta(days=1), tick=True):
        till.sync()
        assert till.resets == ["new", "expired"] and till.holes() == []


def test_marks_go_when_no_cursor_can_ask_for_them(till: Copy, shop: Shop) -> None:
    till.sync()
    with at_work(shop):
        Barcode.objects.all().delete()
        before = Mark.objects.count()
        assert before
    pruning.prune()
    with at_work(shop):
        assert Mark.objects.count() == before
    with time_machine.travel(timezone.now() + KEPT + timedelta(days=2), tick=True):
        assert pruning.prune() == before
        till.sync()
        assert till.resets == ["new", "expired"]
        assert not till.rows.get("barcodes")
        assert till.holes() == []


def test_a_database_that_went_back_is_noticed(till: Copy, shop: Shop) -> None:
    """Its numbers are lower than those that the cursor has."""
    till.sync()
    read = cursors.read(till.cursor)
    assert read is not None and read.seen is not None
    ahead = Seen(read.seen.end + 1_000_000)
    till.cursor = cursors.written(
        Cursor(read.scope, read.history, ahead, read.taken, read.settings)
    )
    till.sync()
    assert till.resets == ["new", "restored"] and till.holes() == []


def test_another_epoch_is_noticed(till: Copy) -> None:
    till.sync()
    triggers.new_epoch()
    till.sync()
    assert till.resets == ["new", "restored"] and till.holes() == []
    assert Epoch.objects.count() == 1


def test_rows_of_a_restored_database_with_numbers_of_another(
    till: Copy, shop: Shop, restored: Callable[[Any], None]
) -> None:
    """They may lie far above all that this server gives: the copy has them from its beginning, and
    what changes since is told as ever."""
    with at_work(shop):
        plate = make_product("Plate", sku="PL", barcode="4006381333931")
    restored(plate.pk)
    till.sync()
    assert str(plate.pk) in till.rows["variations"] and till.holes() == []
    before = till.received
    till.sync()
    assert till.received == before, "and not again and again"
    with at_work(shop):
        Variation.objects.filter(pk=plate.pk).update(price=Decimal(3))
    till.sync()
    assert till.rows["variations"][str(plate.pk)]["price"] == "3.00"
    with at_work(shop):
        plate.product.delete()
    till.sync()
    assert str(plate.pk) not in till.rows["variations"] and till.holes() == []


def test_more_running_transactions_than_a_cursor_names() -> None:
    running = tuple(range(1000, 1000 + 3 * MOST_RUNNING, 3))
    assert limited(9000, running) == Seen(9000, running)
    seen = limited(9000, (*running, 8000))
    assert seen == Seen(8000, running), "what began after the last that is named is told again"


def test_this_moment_never_goes_back(shop: Shop) -> None:
    first = horizon.now()
    with at_work(shop):
        Variation.objects.update(price=Decimal(3))
    second = horizon.now()
    assert second.seen.end > first.seen.end and second.history == first.history
