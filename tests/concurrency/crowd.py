"""Many people at once: threads that start together, each with a connection of its own."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

from django.db import connection, transaction
from django.db.utils import InterfaceError, OperationalError

from accounts.models import Membership
from inventory.ledger import correct
from inventory.models import StockDocument, StockLevel, StockMovement, Variation
from sales.checkout import LineRequest, PaymentRequest, SaleRequest, checkout
from sales.models import Payment, Register, Sale
from sales.shifts import open_shift
from tenants.context import business
from tenants.errors import Refused
from tenants.ids import uuid7
from tests.factories import Shop, make_shop

Result = TypeVar("Result")
PRICE = Decimal(5)
# Whether another session waits for this one.
WAITED_FOR = (
    "SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
)


@dataclass
class Market:
    """A shop with several tills open, and a person who sells at all of them."""

    shop: Shop
    member: Membership
    registers: Sequence[Register]

    def bound(self) -> Any:
        return business(self.shop.business)

    def request(self, till: int = 0, *lines: tuple[Variation, int], **fields: Any) -> SaleRequest:
        """One mug, where no lines are given."""
        asked = lines or ((self.shop.mug, 1),)
        total = sum((one.price * count for one, count in asked), Decimal(0))
        values: dict[str, Any] = {
            "id": uuid7(),
            "register_id": self.registers[till % len(self.registers)].pk,
            "lines": [LineRequest(one.pk, Decimal(count)) for one, count in asked],
            "payments": [PaymentRequest(Payment.Method.CASH, total)],
            "total": total,
        }
        return SaleRequest(**{**values, **fields})

    def sell(self, request: SaleRequest) -> Sale:
        with self.bound(), transaction.atomic():
            return checkout(actor=self.member, request=request)

    def stock(self, variation: Variation | None = None) -> Decimal:
        with self.bound(), transaction.atomic():
            level = StockLevel.objects.get(
                variation=variation or self.shop.mug, location=self.shop.high_street
            )
            moved = sum(level.movements.values_list("quantity", flat=True), Decimal(0))
            assert moved == level.quantity, "a level is the sum of its movements"
            quantity: Decimal = level.quantity
            return quantity

    def count(self, rows: Any) -> int:
        with self.bound(), transaction.atomic():
            return int(rows.count())

    def check_numbers(self) -> None:
        """Receipt numbers without gaps, and a chain without forks, on every register."""
        with self.bound(), transaction.atomic():
            for register in Register.objects.all():
                sales = Sale.objects.filter(register=register, kind=Sale.Kind.SALE)
                counters = sorted(sales.values_list("counter", flat=True))
                assert counters == list(range(1, register.sale_counter + 1))
                chain = sorted(
                    Sale.objects.filter(register=register).values_list("chain_index", flat=True)
                )
                assert chain == list(range(1, register.chain_length + 1))
            assert not StockMovement.objects.exclude(
                document_id__in=[*Sale.objects.values_list("pk", flat=True)]
            ).filter(kind=StockMovement.Kind.SALE)


def make_market(*, tills: int, stock: int) -> Market:
    """A committed shop with `stock` mugs at the high street."""
    with transaction.atomic():
        shop = make_shop("acme")
    with business(shop.business), transaction.atomic():
        if stock != 10:
            correct(
                actor=shop.owner,
                location=shop.high_street,
                reason=StockDocument.Reason.FOUND,
                changes={shop.mug.pk: Decimal(stock - 10)},
            )
        registers = [
            Register.objects.create(name=f"Till {n}", location=shop.high_street, prefix=f"T{n:02d}")
            for n in range(tills)
        ]
        for register in registers:
            open_shift(actor=shop.cashier, register=register, opening_float=Decimal(0))
        member = Membership.objects.select_related("role", "user").get(user=shop.cashier)
    return Market(shop, member, registers)


def together(work: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run each in a thread of its own, all starting at once: what they return, or raise."""
    barrier = threading.Barrier(len(work))

    def run(one: Callable[[], Any]) -> Any:
        try:
            barrier.wait(300)
            return one()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


def meeting(count: int) -> Callable[[], None]:
    """A place where `count` threads wait for each other, so that a race is run and not hoped for.

    On PostgreSQL, within a transaction of each. Who waits there for long goes on alone.
    """
    place = threading.Barrier(count)

    def meet() -> None:
        # Otherwise it ends who waits for somebody slow.
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        with suppress(threading.BrokenBarrierError):
            place.wait(300)

    return meet


def patiently(work: Callable[[], Result], *, seconds: float = 300) -> Result:
    """What a till does: say it again when no answer came. A deadlock is no excuse."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return work()
        except (OperationalError, InterfaceError) as error:
            if is_deadlock(error) or time.monotonic() > deadline:
                raise
            connection.close()
            time.sleep(random.uniform(0.02, 0.1))


def is_deadlock(error: object) -> bool:
    cause = getattr(error, "__cause__", None)
    return getattr(cause, "sqlstate", None) == "40P01"


def refusals(results: Sequence[object]) -> list[str]:
    """The codes of what was refused; anything that is neither an answer nor a refusal is raised."""
    codes = []
    for result in results:
        if isinstance(result, Refused):
            codes.append(result.code)
        elif isinstance(result, BaseException):
            raise result
    return codes
