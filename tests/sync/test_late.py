"""Transactions that commit out of order: nobody is skipped, nobody holds the others up."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.models import Max

from inventory.models import Product, Variation
from tests.factories import Shop
from tests.sync.conftest import at_work
from tests.sync.copying import Copy, through

pytestmark = pytest.mark.postgres

Connect = Callable[[Shop], "Writer"]


class Writer:
    """A connection of its own, through the pooler, in a transaction that it ends when told."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        params: dict[str, Any] = connection.get_connection_params()
        plain = ("dbname", "user", "password", "host", "port")
        self.connection = psycopg.connect(
            **{key: params[key] for key in plain}, prepare_threshold=None, autocommit=True
        )
        self.open = False

    def run(self, sql: str, *params: object) -> None:
        if not self.open:
            self.connection.execute(
                f"BEGIN; SET LOCAL app.business_id = '{int(self.shop.business.pk)}'"
            )
            self.open = True
        self.connection.execute(sql, params)

    def price(self, variation: Any, price: str) -> None:
        self.run("UPDATE inventory_variation SET price = %s WHERE id = %s", price, variation)

    def commit(self) -> None:
        self._end("COMMIT")

    def rollback(self) -> None:
        self._end("ROLLBACK")

    def _end(self, how: str) -> None:
        if self.open:
            self.connection.execute(how)
            self.open = False


@contextmanager
def writing(shop: Shop) -> Iterator[Writer]:
    writer = Writer(shop)
    try:
        yield writer
    finally:
        writer.connection.close()


def price_in(copy: Copy, variation: Variation) -> str:
    return str(copy.rows["variations"][str(variation.pk)]["price"])


def test_who_begins_first_and_commits_last_is_not_skipped(till: Copy, shop: Shop) -> None:
    till.sync()
    with writing(shop) as slow, writing(shop) as quick:
        slow.price(shop.mug.pk, "1")
        quick.price(shop.tea.pk, "2")
        quick.commit()
        till.sync()
        assert (price_in(till, shop.mug), price_in(till, shop.tea)) == ("5.00", "2.00")
        with at_work(shop):
            # Whoever remembers the highest number that was told will never see the other.
            highest = Variation.objects.aggregate(Max("changed"))["changed__max"]
        slow.commit()
        with at_work(shop):
            assert not Variation.objects.filter(changed__gt=highest).exists()
            assert Variation.objects.get(pk=shop.mug.pk).changed < highest
        till.sync()
        assert price_in(till, shop.mug) == "1.00"
        assert till.holes() == []


def test_who_writes_while_a_round_is_told_comes_with_the_next(shop: Shop, till: Copy) -> None:
    till.sync()
    till.limit = 1
    with writing(shop) as before, writing(shop) as within:
        before.price(shop.mug.pk, "1")
        with at_work(shop):
            Product.objects.update(is_active=False)
        assert till.page(), "the round goes on"
        within.price(shop.tea.pk, "2")
        within.commit()
        before.commit()
        while till.page():
            pass
        till.sync()
    assert (price_in(till, shop.mug), price_in(till, shop.tea)) == ("1.00", "2.00")
    assert till.holes() == []


def test_a_long_transaction_elsewhere_holds_nothing_up_and_tells_nothing_twice(
    till: Copy, shop: Shop, other_shop: Shop
) -> None:
    till.sync()
    with writing(other_shop) as import_of_an_hour, writing(shop) as quick:
        import_of_an_hour.price(other_shop.mug.pk, "9")
        for round_number in range(3):
            quick.price(shop.mug.pk, f"{round_number + 1}")
            quick.commit()
            before = till.received
            till.sync()
            assert price_in(till, shop.mug) == f"{round_number + 1}.00"
            assert till.received == before + 1, "and not what came before it"
        till.sync()
        unchanged = till.unchanged
        till.sync()
        assert till.unchanged == unchanged + 1
    assert till.resets == ["new"]


def test_a_row_that_goes_in_a_late_transaction_goes_from_the_copy(till: Copy, shop: Shop) -> None:
    till.sync()
    with writing(shop) as slow, writing(shop) as quick:
        slow.run("DELETE FROM inventory_barcode")
        quick.price(shop.tea.pk, "2")
        quick.commit()
        till.sync()
        assert len(till.rows["barcodes"]) == 1
        slow.commit()
    till.sync()
    assert till.rows["barcodes"] == {} and till.holes() == []


def test_what_is_rolled_back_is_never_told(till: Copy, shop: Shop) -> None:
    till.sync().sync()
    with writing(shop) as undecided:
        undecided.price(shop.mug.pk, "1")
        undecided.run("DELETE FROM inventory_barcode")
        assert till.sync().unchanged == 1
        undecided.rollback()
    before = till.received
    till.sync()
    assert till.received == before and till.holes() == []


@pytest.mark.parametrize("seed", range(6))
def test_any_order_of_transactions(shop: Shop, terminal: Any, seed: int) -> None:
    """Three writers, as many as the pooler has room for, and three copies, of which one reads row
    by row: after each round a copy has what is committed, and in the end all have the same."""
    dice = random.Random(seed)
    get = through(terminal)
    copies = [Copy(get), Copy(get), Copy(get, limit=1)]
    variations = [shop.mug.pk, shop.tea.pk, shop.wrapping.pk]
    with ExitStack() as stack:
        writers = [stack.enter_context(writing(shop)) for _ in range(3)]
        locked: dict[Any, Writer] = {}
        for step in range(150):
            writer, what = dice.choice(writers), dice.random()
            if what < 0.45:
                _write(dice, writer, dice.choice(variations), locked, step)
            elif what < 0.7:
                (writer.commit if dice.random() < 0.8 else writer.rollback)()
                locked = {row: one for row, one in locked.items() if one is not writer}
            elif what < 0.85:
                copies[2].page()
            else:
                copy = dice.choice(copies[:2]).sync()
                assert copy.holes() == [], f"step {step}"
        for writer in writers:
            writer.commit()
    for copy in copies:
        copy.sync().sync()
        assert copy.holes() == []
        assert copy.rows == copies[0].rows
        assert copy.resets == ["new"]


def _write(
    dice: random.Random, writer: Writer, row: Any, locked: dict[Any, Writer], step: int
) -> None:
    """A change that waits for nobody: no row that another transaction holds."""
    if dice.random() < 0.5 and locked.get(row, writer) is writer:
        writer.price(row, str(step))
        locked[row] = writer
    elif dice.random() < 0.5:
        writer.run(
            "INSERT INTO inventory_barcode (id, business_id, variation_id, code)"
            " VALUES (%s, %s, %s, %s)",
            uuid.UUID(int=dice.getrandbits(128)), writer.shop.business.pk, row, f"{step:08}",
        )  # fmt: skip
    else:
        # Only what is committed, and nobody else is removing.
        writer.run(
            "DELETE FROM inventory_barcode WHERE id = (SELECT id FROM inventory_barcode"
            f" ORDER BY code {dice.choice(('ASC', 'DESC'))} LIMIT 1 FOR UPDATE SKIP LOCKED)"
        )
