"""No writer can forget the log: each table, each way, and SQLite's triggers across migrations."""

from __future__ import annotations

import importlib
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from archive.leaving.deleting import delete_business
from archive.models import Departure
from inventory.models import Barcode, Brand, StockLevel, StockMovement, Variation
from sync import triggers
from sync.kinds import KINDS
from sync.models import Epoch, Mark
from tenants.bulk import insert_rows, update_rows
from tenants.ids import uuid7
from tests.factories import Shop
from tests.sync.changing import Changes
from tests.sync.conftest import at_work
from tests.sync.copying import Copy
from tests.sync.large import fill

POSTGRESQL = importlib.import_module("sync.migrations.0002_triggers")


def test_both_databases_watch_the_same_tables() -> None:
    stamped = {model._meta.db_table for model in triggers.STAMPED} - {"sync_mark"}
    assert stamped == set(POSTGRESQL.STAMPED)
    marked = {model._meta.db_table: kind for model, kind in triggers.MARKED.items()}
    assert marked == POSTGRESQL.MARKED
    gone = {model._meta.db_table: kind for model, kind in triggers.GONE.items()}
    assert gone == {table: kind for table, kind in POSTGRESQL.STAMPED.items() if kind}


def test_every_kind_is_watched() -> None:
    watched = {*triggers.MARKED, *triggers.GONE, *triggers.PLACED}
    assert {kind.model for kind in KINDS} == watched
    for kind in KINDS:
        assert kind.log is None or kind.log in triggers.STAMPED, kind.name


def test_rows_written_set_by_set_are_told(till: Copy, shop: Shop) -> None:
    till.sync()
    fill(shop, 50)
    till.sync()
    assert len(till.rows["variations"]) == 53 and len(till.rows["stock"]) == 52
    with at_work(shop):
        rows = list(Variation.objects.values_list("pk", flat=True))
        update_rows(Variation, ("price",), [(pk, Decimal(8)) for pk in rows])
        insert_rows(Barcode, ("id", "variation_id", "code"), [(uuid7(), shop.tea.pk, "00123457")])
    till.sync()
    assert {row["price"] for row in till.rows["variations"].values()} == {"8.00"}
    assert "00123457" in {row["code"] for row in till.rows["barcodes"].values()}
    assert till.holes() == []


@pytest.mark.postgres
def test_nothing_runs_while_something_is_sold(shop: Shop) -> None:
    """A movement carries its number by a default: not one trigger on the rows of a checkout."""
    with at_work(shop), connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal"
            " AND tgrelid::regclass::text IN ('inventory_stocklevel', 'inventory_stockmovement')"
            # Bits 2 and 4: for inserts, for updates; those of levels ask whether one moved.
            " AND (tgtype & 4 > 0 OR (tgtype & 16 > 0 AND tgqual IS NULL))"
        )
        assert cursor.fetchall() == [("inventory_stockmovement", "sync_stamp")]


def test_a_product_that_is_written_back_unchanged_by_an_old_copy_of_it(
    till: Copy, shop: Shop
) -> None:
    """Two people edit: the later save carries the number that the row had before the first."""
    till.sync()
    with at_work(shop):
        first, second = (Variation.objects.get(pk=shop.mug.pk) for _ in range(2))
    for row, price in ((first, "6"), (second, "7")):
        with at_work(shop):
            row.price = Decimal(price)
            row.save()
        till.sync()
        assert till.rows["variations"][str(shop.mug.pk)]["price"] == f"{price}.00"


def test_levels_and_movements_that_go(till: Copy, shop: Shop) -> None:
    till.sync()
    with at_work(shop):
        levels = StockLevel.objects.filter(variation=shop.mug)
        StockMovement.objects.filter(level__in=levels).delete()
        levels.update(quantity=Decimal(3))
    till.sync()
    assert till.rows["stock"][str(shop.mug.pk)]["quantity"] == "3"
    with at_work(shop):
        levels.delete()
    till.sync()
    assert str(shop.mug.pk) not in till.rows["stock"] and till.holes() == []


def test_random_changes_by_the_ways_of_the_product(till: Copy, shop: Shop) -> None:
    fill(shop, 30)
    changes = Changes(shop, seed=3)
    till.sync()
    for _ in range(8):
        assert changes.make(13).total() == 13
        assert till.sync().holes() == []
    assert till.resets == ["new"]


def test_a_business_that_leaves_leaves_no_marks(shop: Shop, till: Copy) -> None:
    with at_work(shop):
        Brand.objects.create(name="Nord")
        Departure.objects.create(keep_months=0, asked_by=shop.owner, delete_after=timezone.now())
        assert Mark.objects.exists()
    delete_business(shop.business, now=timezone.now())
    with at_work(shop):
        assert not Mark.objects.exists()


@pytest.mark.sqlite
def test_sqlite_has_its_triggers_after_migrations_and_copies_begin_anew(
    till: Copy, shop: Shop
) -> None:
    """PostgreSQL keeps its triggers."""
    till.sync()
    token = Epoch.objects.get().token
    triggers.remove("default")
    with at_work(shop):
        Variation.objects.update(price=Decimal(9))
    call_command("migrate", verbosity=0)
    assert Epoch.objects.get().token != token
    till.sync()
    assert till.resets == ["new", "restored"] and till.holes() == []
    token = Epoch.objects.get().token
    triggers.install("default")
    assert Epoch.objects.get().token == token, "nothing was missing"
    with connection.cursor() as cursor:
        assert triggers._present(cursor) == {name for name, _sql in triggers.statements()}
