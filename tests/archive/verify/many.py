"""A business with very many sales, to see what checking it costs.

    python scripts/postgres.py run -- python -m tests.archive.verify.many --lines 500000
    python scripts/postgres.py run -- python -m tests.archive.verify.many --lines 1000000 --copies 8

makes the database, writes the sales with the product's own writers, and checks them in a process of
its own: time, and the most memory that it took. The books are honest, so every rule reads all of
them. What was sold on the first register, half of the lines, is copied as often as `--copies` says:
five million lines are one million and eight copies.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

LINES = 5
A_SHIFT = 500
BEGIN = datetime(2020, 1, 6, 8, tzinfo=UTC)
CENT = Decimal("0.01")


def make_many(lines: int, *, products: int = 2000, slug: str = "many") -> Any:
    """A business with at least so many lines on two registers, and its stock; nothing is bound."""
    from inventory.ledger import set_opening
    from tenants.bulk import long_work
    from tenants.context import business
    from tests.factories import make_product, make_shop

    # PostgreSQL knows the business from the transaction.
    with long_work():
        shop = make_shop(slug)
    with business(shop.business), long_work():
        goods = [
            make_product(
                f"Product {number}",
                sku=f"P{number:05d}",
                price=str(CENT * (100 + number % 900)),
                tax_rate=shop.tax,
                unit=shop.piece,
            )
            for number in range(products)
        ]
        set_opening(
            actor=shop.owner,
            location=shop.high_street,
            quantities={one.pk: Decimal(lines) for one in goods},
        )
    with business(shop.business):
        for register in _registers(shop):
            _sell(shop, register, goods, lines // 2)
    return shop


def _registers(shop: Any) -> list[Any]:
    from sales.models import Register
    from tenants.bulk import long_work

    with long_work():
        second = Register.objects.create(name="Till 2", location=shop.high_street, prefix="MANY2")
    return [shop.register, second]


def _sell(shop: Any, register: Any, goods: list[Any], lines: int) -> None:
    from tenants.bulk import long_work

    for number in range(0, lines // LINES, A_SHIFT):
        # A transaction for each shift: levels that one transaction changes very often get slow.
        with long_work():
            _sell_for_a_shift(shop, register, goods, number)


def _sell_for_a_shift(shop: Any, register: Any, goods: list[Any], number: int) -> None:
    from inventory.ledger_history import PastMovement, record_history
    from inventory.models import StockMovement
    from sales.history import post_history
    from sales.models import Shift

    shift = Shift.objects.create(
        register=register,
        number=number // A_SHIFT + 1,
        opened_by=shop.cashier,
        opened_at=BEGIN + timedelta(minutes=number),
        opening_float=Decimal(50),
    )
    documents = list(_documents(shop, register, shift, goods, number))
    post_history(documents, register=register)
    record_history(
        PastMovement(
            shop.high_street.pk,
            line.variation_id,
            StockMovement.Kind.SALE,
            -line.quantity,
            one.id,
            one.number,
            line.line,
            one.sold_at,
        )
        for one in documents
        for line in one.lines
    )
    cash = sum((one.total for one in documents), Decimal(0))
    _close(shop, shift, cash, BEGIN + timedelta(minutes=number + A_SHIFT))


def _close(shop: Any, shift: Any, cash: Decimal, at: datetime) -> None:
    shift.expected_cash = shift.counted_cash = shift.opening_float + cash
    shift.difference = Decimal(0)
    shift.closed_by, shift.closed_at = shop.cashier, at
    shift.save()


def _documents(shop: Any, register: Any, shift: Any, goods: list[Any], first: int) -> Iterator[Any]:
    from sales.history import PastDocument, PastPayment

    for number in range(first, first + A_SHIFT):
        lines = [_line(shop, goods[(number * 7 + at * 13) % len(goods)], at) for at in range(LINES)]
        total, tax = (
            sum((getattr(x, name) for x in lines), Decimal(0)) for name in ("total", "tax")
        )
        sold_at = BEGIN + timedelta(minutes=number)
        yield PastDocument(
            number=f"{register.prefix}-{number + 1:06d}",
            kind="sale",
            shift_id=shift.pk,
            operator_id=shop.cashier.pk,
            sold_at=sold_at,
            business_date=sold_at.astimezone(shop.business.zone).date(),
            currency=shop.business.currency,
            item_count=sum((line.quantity for line in lines), Decimal(0)),
            subtotal=total,
            discount=Decimal(0),
            net=total - tax,
            tax=tax,
            total=total,
            lines=lines,
            payments=[PastPayment(1, "cash", total, total)],
        )


def _line(shop: Any, variation: Any, at: int) -> Any:
    from sales.history import PastLine
    from sales.pricing import LineInput, price_sale

    quantity = Decimal(at % 3 + 1)
    (priced,) = price_sale(
        [LineInput("", quantity, variation.price, Decimal(20), True)], digits=2
    ).lines
    return PastLine(
        at + 1, variation.pk, variation.full_name, variation.sku, quantity, variation.price,
        priced.gross, priced.net, priced.tax, priced.total, tax_name=shop.tax.name,
        tax_rate=shop.tax.rate, is_stocked=True,
    )  # fmt: skip


def peak_memory() -> int:
    """The most that this process has had, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    raise LookupError("no VmHWM: this is measured on Linux")


def check(slug: str, *, rules: bool = False) -> None:
    """Check the business and print the time, the memory and (`rules`) what each rule took."""
    from archive.verify import RULES, verify
    from tenants.context import business
    from tenants.models import Business

    with business(Business.objects.get(slug=slug)):
        before = peak_memory()
        begun, worked = time.monotonic(), time.process_time()
        report = verify()
        took, worked = time.monotonic() - begun, time.process_time() - worked
        told = f"{peak_memory()} MB at most ({before} MB before), {report.faults} faults"
        print(f"verify: {took:.1f} s, {worked:.1f} s of it this process, {told}")
        if rules:
            for one in RULES:
                begun = time.monotonic()
                verify(rules=[one])
                print(f"{time.monotonic() - begun:8.2f} s  {one.name}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=500_000)
    parser.add_argument("--copies", type=int, default=0, help="of the first register, at most 8")
    parser.add_argument("--check", metavar="SLUG", help="only check this business")
    parser.add_argument("--rules", action="store_true", help="what each rule takes")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pos.settings")
    import django

    django.setup()
    if options.check:
        check(options.check, rules=options.rules)
        return
    direct = os.environ.get("DIRECT_URL")
    for command in [["migrate", "-v0"], *([["setup_roles"]] if direct else [])]:
        subprocess.run(
            [sys.executable, "manage.py", *command], check=True, stdout=subprocess.DEVNULL
        )
    lines = options.lines + options.lines // 2 * options.copies
    begun = time.monotonic()
    shop = make_many(options.lines)
    if options.copies:
        from tenants.context import business
        from tests.archive.verify.copies import copy_register

        with business(shop.business):
            for number in range(1, options.copies + 1):
                copy_register(shop.register, number)
    print(f"made {lines} lines in {time.monotonic() - begun:.1f} s")
    if direct:
        import psycopg

        with psycopg.connect(direct, autocommit=True) as owner:
            owner.execute("VACUUM ANALYZE")
    again = [sys.executable, "-m", "tests.archive.verify.many", "--check", "many"]
    subprocess.run([*again, *(["--rules"] if options.rules else [])], check=True)


if __name__ == "__main__":
    main()
