"""Cash movements and Z readings travel with their shifts and registers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from archive.own_rows import ReadingRow
from archive.validation_cash import nested, reading_of
from archive.verify import check_books
from sales.cash import Kind
from sales.models import CashMovement, Shift, ZReading
from sales.readings import reading_hash
from sales.shifts import close_shift, expected_cash
from tenants.context import business
from tenants.models import Business
from tests.archive.exports import row
from tests.archive.rich import bring, changed, elsewhere, faults, taken
from tests.factories import Shop, make_shift, make_shop
from tests.sales.moving_cash import move, read_z, undo
from tests.sales.selling import sell

pytestmark = pytest.mark.django_db


def worked() -> None:
    """A closed shift with a reading, and an open one; in each a mistake that was corrected."""
    shop = make_shop("acme")
    with business(shop.business):
        for _time in range(2):
            shift = _shift(shop)
            if not ZReading.objects.exists():
                cash = expected_cash(shift)
                close_shift(actor=shop.manager, shift=shift, counted_cash=cash)
                read_z(shop)


def _shift(shop: Shop) -> Shift:
    shift = make_shift(shop)
    sell(shop)
    move(shop, shift, Kind.IN, "20", note="Coins")
    wrong = move(shop, shift, Kind.OUT, "3.30")
    move(shop, shift, Kind.OPEN)
    undo(shop, wrong)
    return shift


_FILE: list[bytes] = []


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "acme.json"
    if not _FILE:
        with elsewhere():
            worked()
            _FILE.append(taken(path))
    path.write_bytes(_FILE[0])
    return path


def arrived() -> Any:
    return business(Business.objects.get(slug="acme"))


def test_they_come_out_again(file: Path, tmp_path: Path) -> None:
    assert faults(file) == []
    bring(file)
    assert taken(tmp_path / "again.json") == file.read_bytes()


def test_the_books_are_right_and_go_on(file: Path) -> None:
    bring(file)
    with arrived() as _bound:
        assert check_books() == []
        assert CashMovement.objects.filter(corrects__kind="out", amount="3.3").count() == 2
        shift = Shift.objects.select_related("register__location").get(closed_at=None)
        assert expected_cash(shift) == 75
        shop_manager = Shift.objects.exclude(closed_at=None).get().closed_by
        assert shop_manager is not None
        close_shift(actor=shop_manager, shift=shift, counted_cash=expected_cash(shift))
        assert check_books() == []
        reading = ZReading.objects.get()
        assert (reading.total, reading.number, reading.last_shift) == (5, 1, 1)


def test_a_file_from_before_has_none(file: Path) -> None:
    def before(data: dict[str, Any]) -> None:
        for register in data["registers"]:
            del register["readings"]
        for shift in data["shifts"]:
            moved = sum(float(one["amount"]) for one in shift.pop("movements"))
            if shift["expectedCash"] is not None:
                for name in ("expectedCash", "countedCash"):
                    shift[name] = f"{float(shift[name]) - moved:.4f}"

    bring(changed(file, before))
    with arrived():
        assert not CashMovement.objects.exists() and not ZReading.objects.exists()
        assert check_books() == []


def moved(at: int, **values: Any) -> Any:
    return lambda data: row(data, "shifts", 1)["movements"][at - 1].update(values)


def read(**values: Any) -> Any:
    return lambda data: row(data, "registers", 1)["readings"][0].update(values)


def figured(change: Any) -> Any:
    return lambda data: change(row(data, "registers", 1)["readings"][0]["figures"])


def signed(change: Any) -> Any:
    """With the hash of what it makes of the reading, as whoever forges one would."""

    def forge(data: dict[str, Any]) -> None:
        change(data)
        raw = row(data, "registers", 1)["readings"][0]
        (reading,) = nested(ReadingRow, [raw])
        raw["hash"] = reading_hash(reading_of(reading, None, "EUR"))

    return forge


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (moved(1, amount="-20.0000"), "shifts 1, movements.1.amount: does not go the way"),
        (moved(1, amount="19.0000"), "shifts 1, expectedCash: is not the float and"),
        (moved(1, kind="gift"), "shifts 1, movements.1.kind: is none of"),
        (moved(1, userId=99), "shifts 1, movements.1.userId: refers to no row of users (99)"),
        (moved(4, corrects=1), "shifts 1, movements.4.corrects: is no movement that it takes back"),
        (moved(4, corrects=9), "shifts 1, movements.4.corrects: is no movement that it takes back"),
        (moved(4, corrects=None), "shifts 1, movements.4.amount: does not go the way"),
        (read(number=2), "registers 1, readings.1.number: is not 1 (2)"),
        (read(firstShift=2, lastShift=2), "registers 1, readings.1.firstShift: is not 1 (2)"),
        (
            signed(read(lastShift=2)),
            "registers 1, readings.1.lastShift: goes beyond the closed shifts",
        ),
        (
            signed(read(lastShift=2**62)),
            "registers 1, readings.1.lastShift: goes beyond the closed",
        ),
        (read(total="6.0000"), "registers 1, readings.1.total: is not that of its figures"),
        (read(grandTotal="6.0000"), "registers 1, readings.1.grandTotal: is not 5.0000"),
        (read(hash="0" * 64), "registers 1, readings.1.hash: is not"),
        (read(userId=99), "registers 1, readings.1.userId: refers to no row of users (99)"),
        (read(figures=[]), "registers 1, readings.1.figures: are not the figures of a reading"),
        (figured(lambda of: of.update(more=1)), "readings.1.figures: are not the figures"),
        (figured(lambda of: of["drawer"].update(expected="1e9999999")), "are not the figures"),
        (figured(lambda of: of["drawer"].update(expected="-0.0000")), "are not the figures"),
        (
            signed(figured(lambda of: of["drawer"].update(expected="1.0000"))),
            "expected is not 75.0000",
        ),
        (figured(lambda of: of["documents"][0].update(kind="gift")), "is none of sale"),
        (figured(lambda of: of["payments"].append({})), "are not the figures of a reading"),
        (lambda data: row(data, "shifts", 1).update(movements=7), "movements: is no list"),
        (lambda data: row(data, "shifts", 1).update(movements=[7]), "movements.1: is no object"),
    ],
)
def test_the_fault_is_named(file: Path, change: Any, told: str) -> None:
    found = faults(changed(file, change))
    assert any(told in one for one in found), found
