"""Some weeks of plausible sales for the demo, made through checkout as a till would."""

from __future__ import annotations

import uuid
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import accumulate
from random import Random
from typing import Any, Final

from accounts.models import AuditEntry, Membership
from archive.demo_catalogue import Item
from inventory.models import LocationPrice
from sales.cash import MovementRequest, move_cash
from sales.checkout import LineRequest, PaymentRequest, SaleRequest, checkout
from sales.exchanges import ExchangeRequest, exchange, plan_exchange
from sales.models import CashMovement, Customer, Payment, Register, Sale, Shift, ZReading
from sales.pricing import Discount, DiscountKind, LineInput, price_sale
from sales.readings import take_z
from sales.refundable import refundable
from sales.refunds import RefundRequest, refund_sale
from sales.returning import ReturnRequest
from sales.settlement import cash_round
from sales.shifts import close_shift, expected_cash, open_shift
from sales.voids import void_sale
from tenants.context import current

CashKind, CashReason = CashMovement.Kind, CashMovement.Reason
FLOAT: Final = Decimal(100)
NOTES: Final = tuple(map(Decimal, (5, 10, 20, 50, 100, 200)))
PETTY: Final = ("Milk and sugar", "Stamps", "Window cleaner", "Paper rolls", "Flowers")
RETURNS: Final = ("Changed their mind", "Not the right size", "Bought twice")
BROKEN: Final = ("Broken when unpacked", "Does not work")
REASONS: Final = ("Wrong item scanned", "Customer changed their mind", "Charged twice")


@dataclass(slots=True)
class Till:
    """A register with who stands at it, when, and how busy it is."""

    register: Register
    staff: Sequence[Membership]
    supervisor: Membership
    opens: int
    closes: int
    sales_a_day: float


class History:
    """What one location sells; keeps count of what is left on its shelves."""

    def __init__(
        self,
        items: list[Item],
        left: dict[Any, Decimal],
        customers: list[Customer],
        tills: list[Till],
        rng: Random,
    ) -> None:
        self.items = [item for item in items if item.variation.pk in left]
        self.totals = list(accumulate(item.weight for item in self.items))
        self.left = left
        self.customers = customers
        self.tills = tills
        self.rng = rng
        location = tills[0].register.location
        # Chance of its own, so that the sales of a demo stay what they are.
        begins = f"{current().slug} {location.code} {hash(rng.getstate()[1])}"
        self.small = Random(begins)  # noqa: S311 - chance for show, not for secrets
        self.zone = location.zone
        self.prices = dict(
            LocationPrice.objects.filter(location=location).values_list("variation", "price")
        )

    def write(self, days: int, now: datetime) -> None:
        """The shifts and sales of the last `days` days and of today until `now`."""
        today = now.astimezone(self.zone).date()
        for back in range(days, -1, -1):
            self.day(today - timedelta(days=back), now, back)

    def day(self, day: date, now: datetime, back: int) -> None:
        """One day of all tills, sale by sale in the order of time."""
        opens, closes = self.tills[0].opens, self.tills[0].closes
        # In UTC, where a day on which the clocks are changed adds up.
        starts, ends = (
            datetime.combine(day, time(hour), self.zone).astimezone(UTC) for hour in (opens, closes)
        )
        if back == 0:
            # Whenever the demo is made, today has something to show.
            if now < starts + timedelta(hours=2):
                starts = datetime.combine(day, time(0), self.zone).astimezone(UTC)
            ends = min(ends, now)
        seconds = (ends - starts).total_seconds()
        if seconds < 120:
            return
        shifts, moments = [], []
        for index, till in enumerate(self.tills):
            clerk = self.rng.choice(till.staff)
            shift = open_shift(
                actor=clerk.user, register=till.register, opening_float=FLOAT, at=starts
            )
            shifts.append((shift, clerk))
            busy = till.sales_a_day * (1.5 if day.weekday() >= 5 else 1.0) * (1.15 - back / 100)
            for _ in range(max(1, round(self.rng.gauss(busy, busy / 4)))):
                after = timedelta(seconds=round(seconds * self.rng.uniform(0.02, 0.97)))
                moments.append((starts + after, index))
        sold: list[Sale] = []
        for moment, index in sorted(moments):
            till, clerk = self.tills[index], shifts[index][1]
            sale = self.sell(till, clerk, moment)
            if sale is None:
                continue
            if self.rng.random() < 0.015:
                self.void(till, sale, moment + timedelta(seconds=1))
                continue
            if sold and self.rng.random() < 0.012:
                earlier = sold.pop(self.rng.randrange(len(sold)))
                self.give_back(till, earlier, moment + timedelta(seconds=1))
            sold.append(sale)
        for till, (shift, clerk) in zip(self.tills, shifts, strict=True):
            self.move_cash(shift, clerk, starts, ends)
            self.close(shift, clerk, ends)
            # Today's is left to whoever tries the demo.
            if back:
                key = self.small_id(ends)
                take_z(actor=till.supervisor, reading_id=key, register=till.register, at=ends)

    def move_cash(self, shift: Shift, clerk: Membership, starts: datetime, ends: datetime) -> None:
        """Now and then something is paid out of the drawer; what is too much goes to the safe."""
        moves = []
        if self.small.random() < 0.3:
            cents, note = self.small.randrange(450, 2800), self.small.choice(PETTY)
            at = starts + (ends - starts) * self.small.uniform(0.2, 0.8)
            moves.append((at, CashKind.OUT, Decimal(cents) / 100, CashReason.EXPENSE, note))
        spare = (expected_cash(shift) - FLOAT) // 10 * 10
        if spare > 0:
            at = ends - timedelta(minutes=1)
            moves.append((at, CashKind.DROP, spare, CashReason.SAFE, ""))
        for at, kind, amount, reason, note in moves:
            request = MovementRequest(self.small_id(at), shift.pk, kind, amount, reason, note)
            move_cash(actor=clerk, request=request, at=at)

    def close(self, shift: Shift, clerk: Membership, at: datetime) -> None:
        off = Decimal(self.rng.choice((0, 0, 0, 0, 0, 0, -100, -50, 20, 5))) / 100
        counted = max(Decimal(0), expected_cash(shift) + off)
        note = "Counted twice." if off else ""
        close_shift(actor=clerk.user, shift=shift, counted_cash=counted, note=note, at=at)

    def void(self, till: Till, sale: Sale, at: datetime) -> None:
        reason = self.rng.choice(REASONS)
        void_sale(actor=till.supervisor, sale=sale, reason=reason, void_id=self.new_id(at), at=at)

    def give_back(self, till: Till, sale: Sale, at: datetime) -> None:
        """One of a line comes back, mostly to the shelf; sometimes for another of the same."""
        line = self.rng.choice(list(sale.lines.all()))
        quantity = line.quantity if line.quantity % 1 else Decimal(1)
        restock = self.rng.random() < 0.7
        reason = self.rng.choice(RETURNS if restock else BROKEN)
        key, returns = line.variation_id, [ReturnRequest(line.line, quantity, restock)]
        ask: dict[str, Any] = {"id": self.new_id(at), "sale_id": sale.pk, "reason": reason}
        ask["register_id"] = till.register.pk
        if restock or self.left[key] <= quantity:
            refund = RefundRequest(**ask, lines=returns)
            refund_sale(actor=till.supervisor, request=refund, at=at)
            self.left[key] += quantity if restock else 0
            return
        swap = ExchangeRequest(
            **ask, returns=returns, lines=[LineRequest(key, quantity)], total=None
        )
        total = plan_exchange(refundable(sale), swap, till.register.location).total
        way = Payment.Method.CASH if total > 0 else None
        exchange(actor=till.supervisor, request=replace(swap, total=total, method=way), at=at)
        self.left[key] -= quantity

    def small_id(self, at: datetime) -> uuid.UUID:
        return self.new_id(at, self.small)

    def new_id(self, at: datetime, rng: Random | None = None) -> uuid.UUID:
        """A UUID of version 7 for that moment, from the demo's own chance."""
        value = int(at.timestamp() * 1000) << 80 | (rng or self.rng).getrandbits(80)
        value = value & ~(0xF << 76) | 0x7 << 76
        value = value & ~(0x3 << 62) | 0x2 << 62
        return uuid.UUID(int=value)

    def sell(self, till: Till, clerk: Membership, moment: datetime) -> Sale | None:
        basket = self.basket()
        if not basket:
            return None
        discount = self.percent(5) if self.rng.random() < 0.03 else None
        lines, inputs = [], []
        for item, quantity in basket:
            off = self.percent(10) if self.rng.random() < 0.05 else None
            lines.append(LineRequest(item.variation.pk, quantity, off))
            price = self.prices.get(item.variation.pk, item.variation.price)
            inputs.append(LineInput("", quantity, price, item.rate, True, off))
        total = price_sale(inputs, discount=discount, digits=current().digits).total
        customer = self.rng.choice(self.customers).pk if self.rng.random() < 0.12 else None
        request = SaleRequest(
            id=self.new_id(moment),
            register_id=till.register.pk,
            lines=lines,
            payments=self.payments(total),
            total=total,
            discount=discount,
            customer_id=customer,
        )
        return checkout(actor=clerk, request=request, sold_at=moment)

    def basket(self) -> list[tuple[Item, Decimal]]:
        found: dict[Any, tuple[Item, Decimal]] = {}
        for _ in range(self.rng.choice((1, 1, 2, 2, 3, 3, 4, 5, 7))):
            item = self.items[bisect(self.totals, self.rng.randrange(self.totals[-1]))]
            if item.weighed:
                quantity = Decimal(self.rng.randrange(150, 2200, 5)) / 1000
            else:
                quantity = Decimal(self.rng.choice((1, 1, 1, 1, 2, 2, 3)))
            key = item.variation.pk
            if key not in found and self.left[key] > quantity:
                self.left[key] -= quantity
                found[key] = (item, quantity)
        return list(found.values())

    def percent(self, value: int) -> Discount:
        return Discount(DiscountKind.PERCENT, Decimal(value))

    def payments(self, total: Decimal) -> list[PaymentRequest]:
        step, digits = current().cash_step, current().digits
        chance = self.rng.random()
        if total == 0:
            return []
        if chance < 0.5:
            return [self.card(total)]
        voucher = Decimal(5)
        if chance < 0.54 and total > voucher:
            rest = total - voucher
            return [
                PaymentRequest(Payment.Method.OTHER, voucher, reference="Voucher"),
                self.card(rest),
            ]
        due = cash_round(total, step, digits=digits)
        given = due if chance < 0.7 else next((note for note in NOTES if note >= due), due)
        return [PaymentRequest(Payment.Method.CASH, given)]

    def card(self, amount: Decimal) -> PaymentRequest:
        brand = self.rng.choice(("Visa", "Visa", "Mastercard"))
        last4 = f"{self.rng.randrange(10000):04d}"
        reference = f"{self.rng.randrange(10**6):06d}"
        return PaymentRequest(Payment.Method.CARD, amount, brand, last4, reference)


def date_audit_entries() -> None:
    """Give the entries of the history the times of what they tell about."""
    opened = {str(s.pk): s for s in Shift.objects.all()}
    # Of the demo's sales each comes back once at most.
    came_back = {str(s.reverses_id): s.sold_at for s in Sale.objects.exclude(reverses=None)}
    backward = ["sale.void", "sale.refund", "sale.exchange"]
    moved = {str(one.pk): one.moved_at for one in CashMovement.objects.all()}
    taken = {str(one.pk): one.taken_at for one in ZReading.objects.all()}
    cash = [f"cash.{kind}" for kind in CashKind]
    actions = ["shift.open", "shift.close", "reading.z", *cash, *backward]
    asked = AuditEntry.objects.filter(action__in=actions)
    entries = list(asked)
    for entry in entries:
        if entry.action in backward:
            entry.created_at = came_back[entry.object_id]
        elif entry.action in cash:
            entry.created_at = moved[entry.object_id]
        elif entry.action == "reading.z":
            entry.created_at = taken[entry.object_id]
        elif entry.action == "shift.open":
            entry.created_at = opened[entry.object_id].opened_at
        else:
            entry.created_at = opened[entry.object_id].closed_at or entry.created_at
    AuditEntry.objects.bulk_update(entries, ["created_at"], batch_size=200)
