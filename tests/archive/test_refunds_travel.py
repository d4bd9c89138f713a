"""Refunds and exchanges travel with their sales, also with those of a register that comes later."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from archive.importing import ImportRefused
from archive.verify import check_books
from sales.models import Register, Sale, SaleLine
from sales.shifts import open_shift
from tenants.context import business
from tenants.models import Business
from tests.archive.exports import row
from tests.archive.rich import bring, changed, elsewhere, faults, taken
from tests.factories import Shop, make_shift, make_shop
from tests.sales.refunding import back, refund, second_till, swap
from tests.sales.selling import percent, sell, void

pytestmark = pytest.mark.django_db

# In the file: 1 and 2 of the first register take back from 5 of the second; 3 is a sale there, 4 its
# void. Of 5 also 6 takes something, an exchange.


def stalls() -> Shop:
    shop = make_shop("acme")
    with business(shop.business):
        make_shift(shop)
        second = second_till(shop)
        open_shift(actor=shop.cashier, register=second, opening_float=Decimal(20))
        sale = sell(
            shop, (shop.mug, "3", percent(10)), (shop.tea, "0.5"), register=second, customer=True
        )
        refund(shop, sale, back(1))
        refund(shop, sale, back(1, restock=False), back(2, "0.125"))
        swap(
            shop, sale, [back(2, "0.125")], (shop.mug, "1"), total="3.38",
            ways=[("cash", "5.00")], register_id=second.pk,
        )  # fmt: skip
        other = sell(shop)
        void(shop, other)
    return shop


_FILE: list[bytes] = []


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "acme.json"
    if not _FILE:
        with elsewhere():
            stalls()
            _FILE.append(taken(path))
    path.write_bytes(_FILE[0])
    return path


def arrived() -> Any:
    return business(Business.objects.get(slug="acme"))


def test_they_come_out_again(file: Path, tmp_path: Path) -> None:
    assert faults(file) == []
    bring(file)
    assert taken(tmp_path / "again.json") == file.read_bytes()


def test_the_books_are_right_and_refunding_goes_on(file: Path) -> None:
    bring(file)
    with arrived():
        assert check_books() == []
        first, second = Register.objects.order_by("prefix")
        assert (first.refund_counter, first.exchange_counter) == (2, 0)
        assert (second.refund_counter, second.exchange_counter) == (0, 1)
        sale = Sale.objects.get(number="ACM2-000001")
        returned = SaleLine.objects.filter(refunds=sale).order_by("sale__number", "line")
        assert list(returned.values_list("refunds_line", "quantity")) == [
            (1, -1), (1, -1), (2, Decimal("-0.125")), (2, Decimal("-0.125")),
        ]  # fmt: skip
        assert {one.kind for one in sale.reversals.all()} == {"refund", "exchange"}


def put(row_id: int, **values: Any) -> Any:
    return lambda data: row(data, "sales", row_id).update(values)


def line(row_id: int, at: int, **values: Any) -> Any:
    return lambda data: row(data, "sales", row_id)["lines"][at - 1].update(values)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (put(1, reversesId=99), "sales 1, reversesId: refers to no row of sales (99)"),
        (put(1, reversesId=None), "sales 1, kind: does not fit the rest of the sale (refund)"),
        (put(1, reversesId=4), "sales 1, reversesId: is voided, or nothing can come back of it"),
        (put(2, reversesId=1), "sales 2, reversesId: is voided, or nothing can come back of it"),
        (put(4, reversesId=6), "sales 4, reversesId: refers to no sale before it"),
        (line(1, 1, refundsLine=None), "sales 1, lines.1.refundsLine: belongs to what comes back"),
        (line(6, 2, refundsLine=1), "sales 6, lines.2.refundsLine: belongs to what comes back"),
        (line(3, 1, refundsLine=1), "sales 3, lines: take something back, and the sale does not"),
        (line(1, 1, refundsLine=0), "sales 1, lines.1.refundsLine:"),
        (put(1, number="ACM1-000009"), "sales 1, number: is not made of the register's prefix"),
        (
            lambda data: row(data, "registers", 1).update(refundCounter=3),
            "registers 1, refundCounter: is not 2 (3)",
        ),
        (
            lambda data: row(data, "registers", 2).update(exchangeCounter=0),
            "registers 2, exchangeCounter: is not 1 (0)",
        ),
    ],
)
def test_what_is_wrong_is_named(file: Path, change: Any, told: str) -> None:
    assert any(one.startswith(told) for one in faults(changed(file, change))), faults(file)


def test_a_sale_is_not_voided_that_was_refunded(file: Path) -> None:
    def swap_registers(data: dict[str, Any]) -> None:
        row(data, "sales", 1).update(reversesId=3)

    told = faults(changed(file, swap_registers))
    assert any("sales 4, reversesId" in one or "sales 1, reversesId" in one for one in told)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (line(1, 1, refundsLine=2), "nothing_comes_back_that_was_not_sold"),
        # PostgreSQL says it by the key, before the rule does.
        (line(2, 1, refundsLine=9), "sale"),
        (line(2, 1, quantity="-3.0000"), "nothing_comes_back_that_was_not_sold"),
    ],
)
def test_what_only_all_of_it_shows_keeps_it_out(file: Path, change: Any, said: str) -> None:
    path = changed(file, change)
    if faults(path):
        pytest.fail(str(faults(path)))
    with pytest.raises(ImportRefused) as refused:
        bring(path)
    assert said in str(refused.value)
    assert not Business.objects.filter(slug="acme").exists()
