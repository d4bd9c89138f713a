"""Sales, voids, refunds, exchanges, credit, corrections and shifts in any order: the books hold after
every step.

A small model in Python says what stock, drawers and credit must come to; `archive/verify` says that
the rows agree with each other. `STATE_MACHINE_EXAMPLES=200` runs more than the few of every day.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.models import Membership
from archive.verify import BOOKS, check_books, verify
from archive.verify import refunds as refund_rules
from inventory.ledger import OutOfStock, correct
from inventory.models import StockDocument, StockLevel
from sales.checkout import LineRequest, PaymentRequest, SaleRequest, checkout
from sales.credit import NotEnoughCredit
from sales.credit import correct as correct_credit
from sales.models import Payment, Register, Sale, Shift
from sales.pricing import Discount, DiscountKind, LineInput, price_sale
from sales.shifts import close_shift, expected_cash, open_shift
from sales.standings import standing
from sales.voids import void_sale
from tenants.context import business
from tenants.errors import Refused
from tenants.ids import uuid7
from tests.factories import make_shop
from tests.sales.crediting import grant, voucher
from tests.sales.returning_rules import EXCHANGES, SALES, Returning

EXAMPLES = int(os.environ.get("STATE_MACHINE_EXAMPLES", "3"))
STEPS = 25
CENT = Decimal("0.01")
# The rules that a step can break most easily; all of them are asked at the end.
AFTER_A_STEP = [
    rule
    for rule in BOOKS
    if rule.area in ("stock", "credit")
    or rule.name in {
        "line_adds_up", "sale_is_the_sum_of_its_lines", "payments_pay_the_sale",
        "void_nets_to_zero", "drawer_is_float_and_cash", "numbers_have_no_gaps", "chain_is_whole",
    }
    or rule in refund_rules.RULES
]  # fmt: skip

EXPIRIES = [date(2098, 1, 1), date(2099, 1, 1)]

percentages = st.one_of(
    st.none(),
    st.integers(0, 100).map(lambda value: Discount(DiscountKind.PERCENT, Decimal(value))),
)
lines_of = st.lists(
    st.tuples(
        st.sampled_from(["mug", "tea", "wrapping", "voucher"]), st.integers(1, 3), percentages
    ),
    min_size=1,
    max_size=4,
)


class Shopkeeping(Returning, RuleBasedStateMachine):
    """Two registers at one location, one member of staff, one customer, four products."""

    sales, exchanges = SALES, EXCHANGES

    def __init__(self) -> None:
        super().__init__()
        self.transaction = transaction.atomic()
        self.transaction.__enter__()
        self.shop = make_shop("acme")
        self.bound = business(self.shop.business)
        self.bound.__enter__()

    def teardown(self) -> None:
        try:
            assert verify().found == [], "what the daily rules do not look at"
        finally:
            self.bound.__exit__(None, None, None)
            transaction.set_rollback(True)
            self.transaction.__exit__(None, None, None)

    @initialize(step=st.sampled_from(["0", "0.05"]))
    def begin(self, step: str) -> None:
        shop = self.shop
        shop.business.cash_step = Decimal(step)
        shop.business.save()
        second = Register.objects.create(name="Till 2", location=shop.high_street, prefix="ACM2")
        self.registers = [shop.register, second]
        self.member = Membership.objects.select_related("role", "user").get(user=shop.manager)
        self.products = {"mug": shop.mug, "tea": shop.tea, "wrapping": shop.wrapping}
        self.products["voucher"] = voucher(shop, "4.00")
        self.credit = Decimal(0)
        self.stock = Counter({"mug": Decimal(10), "tea": Decimal("4.5")})
        # By register: the open shift and the cash that its drawer must hold.
        self.open: dict[int, Shift] = {}
        self.drawer: dict[int, Decimal] = {}
        self.posted: Counter[tuple[int, str]] = Counter()
        self.voided: set[Any] = set()
        # By document and line: how much came back. And of which documents only refunds took.
        self.back: dict[tuple[Any, int], Decimal] = defaultdict(Decimal)
        self.exchanged: set[Any] = set()
        self.open_a_shift(0, 5000)

    # -- shifts -----------------------------------------------------------------------------------

    @precondition(lambda self: len(self.open) < 2)
    @rule(till=st.integers(0, 1), cents=st.integers(0, 20000))
    def open_a_shift(self, till: int, cents: int) -> None:
        ask: dict[str, Any] = {"actor": self.shop.cashier, "register": self.registers[till]}
        if till in self.open:
            with pytest.raises(Refused):
                open_shift(**ask, opening_float=Decimal(cents) * CENT)
            return
        self.open[till] = open_shift(**ask, opening_float=Decimal(cents) * CENT)
        self.drawer[till] = Decimal(cents) * CENT

    @precondition(lambda self: self.open and self.posted.total() % 3 == 2)
    @rule(data=st.data(), cents=st.integers(0, 50000))
    def close_a_shift(self, data: Any, cents: int) -> None:
        till = data.draw(st.sampled_from(sorted(self.open)))
        counted = Decimal(cents) * CENT
        shift = close_shift(
            actor=self.shop.cashier, shift=self.open.pop(till), counted_cash=counted
        )
        assert shift.expected_cash == self.drawer.pop(till)
        assert shift.difference == counted - shift.expected_cash
        with pytest.raises(Refused):
            close_shift(actor=self.shop.cashier, shift=shift, counted_cash=counted)

    # -- sales ------------------------------------------------------------------------------------

    @rule(
        target=sales,
        till=st.integers(0, 1),
        lines=lines_of,
        discount=percentages,
        card=st.integers(0, 100),
        over=st.integers(0, 400),
        credit=st.sampled_from([0, 0, 25, 50, 100]),
        twice=st.booleans(),
    )
    def sell(
        self,
        till: int,
        lines: list[Any],
        discount: Discount | None,
        card: int,
        over: int,
        credit: int,
        twice: bool,
    ) -> Any:
        if till not in self.open and self.open:
            till = 1 - till
        request, added = self._request(till, lines, discount, card, over, credit)
        spent = sum(
            (p.amount for p in request.payments if p.method == Payment.Method.CREDIT), Decimal(0)
        )
        wanted: dict[str, Decimal] = defaultdict(Decimal)
        for name, quantity, _discount in lines:
            wanted[name] += self._quantity(name, quantity)
        enough = all(self.stock[name] >= wanted[name] for name in ("mug", "tea"))
        # Credit is not bought with credit.
        enough &= spent <= self.credit and (not spent or spent <= request.total - added)
        if till not in self.open or not enough:
            with pytest.raises((Refused, OutOfStock)), transaction.atomic():
                checkout(actor=self.member, request=request)
            return multiple()
        for _time in range(1 + twice):
            with transaction.atomic():
                sale = checkout(actor=self.member, request=request)
        self.stock.subtract({name: wanted[name] for name in ("mug", "tea")})
        cash = sum(
            (p.amount for p in sale.payments.all() if p.method == Payment.Method.CASH), Decimal(0)
        )
        given = sum(p.amount for p in request.payments if p.method == Payment.Method.CASH)
        change = sum(p.change for p in sale.payments.all())
        assert cash == given - change
        self.drawer[till] += given - change
        self.posted[till, "sale"] += 1
        self.credit += added - spent
        return (sale.pk, till, wanted, cash, added - spent)

    def _quantity(self, name: str, quantity: int) -> Decimal:
        return Decimal(quantity) * Decimal("0.125") if name == "tea" else Decimal(quantity)

    def _request(
        self,
        till: int,
        lines: list[Any],
        discount: Discount | None,
        card: int,
        over: int,
        credit: int,
    ) -> tuple[SaleRequest, Decimal]:
        """The request, and what it adds to the customer's credit."""
        asked = [
            LineRequest(self.products[name].pk, self._quantity(name, quantity), own)
            for name, quantity, own in lines
        ]
        priced = price_sale(
            [
                LineInput(
                    str(index),
                    self._quantity(name, quantity),
                    self.products[name].price,
                    Decimal(0 if name == "voucher" else 20),
                    True,
                    own,
                )
                for index, (name, quantity, own) in enumerate(lines)
            ],
            discount=discount,
            digits=2,
        )
        by_credit = (priced.total * credit / 100).quantize(CENT)
        by_card = ((priced.total - by_credit) * card / 100).quantize(CENT)
        payments = [PaymentRequest(Payment.Method.CARD, by_card)] if by_card else []
        if by_credit:
            payments.append(PaymentRequest(Payment.Method.CREDIT, by_credit))
        # In steps of 0.05, which both roundings of cash take; mostly more than is due.
        rest = priced.total - by_card - by_credit
        notes = (rest / Decimal("0.05")).to_integral_value() + 1 + over
        payments.append(PaymentRequest(Payment.Method.CASH, notes * Decimal("0.05")))
        request = SaleRequest(
            id=uuid7(),
            register_id=self.registers[till].pk,
            lines=asked,
            payments=payments,
            total=priced.total,
            discount=discount,
            customer_id=self.shop.customer.pk,
        )
        totals = zip(lines, priced.lines, strict=True)
        added = sum((one.total for line, one in totals if line[0] == "voucher"), Decimal(0))
        return request, added

    @rule(sold=sales, twice=st.booleans())
    def void(self, sold: Any, twice: bool) -> None:
        pk, till, wanted, cash, credited = sold
        ask: dict[str, Any] = {
            "actor": self.member,
            "sale": Sale.objects.get(pk=pk),
            "reason": "Wrong",
        }
        # Credit that was bought and has been spent since cannot be taken back.
        came_back = any(key == pk and many for (key, _line), many in self.back.items())
        if came_back or pk in self.voided or till not in self.open or self.credit < credited:
            with pytest.raises(Refused), transaction.atomic():
                void_sale(**ask, void_id=uuid7())
            return
        void_id = uuid7()
        for _time in range(1 + twice):
            with transaction.atomic():
                void_sale(**ask, void_id=void_id)
        self.voided.add(pk)
        self.credit -= credited
        self.stock.update({name: wanted[name] for name in ("mug", "tea")})
        self.drawer[till] -= cash
        self.posted[till, "void"] += 1

    # -- credit -----------------------------------------------------------------------------------

    @rule(cents=st.integers(1, 3000), until=st.sampled_from([None, *EXPIRIES]))
    def grant_credit(self, cents: int, until: date | None) -> None:
        grant(self.shop, f"{Decimal(cents) * CENT}", until=until)
        self.credit += Decimal(cents) * CENT

    @rule(cents=st.integers(1, 3000))
    def take_credit(self, cents: int) -> None:
        amount = Decimal(cents) * CENT
        ask: dict[str, Any] = {"actor": self.shop.owner, "customer": self.shop.customer}
        ask |= {"amount": -amount, "reason": "Counted", "request_id": uuid7()}
        if amount > self.credit:
            with pytest.raises(NotEnoughCredit), transaction.atomic():
                correct_credit(**ask)
            return
        correct_credit(**ask)
        self.credit -= amount

    # -- stock ------------------------------------------------------------------------------------

    @rule(name=st.sampled_from(["mug", "tea"]), change=st.integers(-6, 12).filter(bool))
    def correct_stock(self, name: str, change: int) -> None:
        ask: dict[str, Any] = {
            "actor": self.shop.owner,
            "location": self.shop.high_street,
            "reason": StockDocument.Reason.OTHER,
            "changes": {self.products[name].pk: Decimal(change)},
        }
        if self.stock[name] + change < 0:
            with pytest.raises(OutOfStock), transaction.atomic():
                correct(**ask)
            return
        correct(**ask)
        self.stock[name] += change

    # -- after every step -------------------------------------------------------------------------

    @invariant()
    def the_books_hold(self) -> None:
        assert check_books(AFTER_A_STEP) == []

    @invariant()
    def the_rows_say_what_happened(self) -> None:
        levels = dict(
            StockLevel.objects.filter(location=self.shop.high_street).values_list(
                "variation", "quantity"
            )
        )
        assert levels == {self.products[name].pk: self.stock[name] for name in ("mug", "tea")}
        for till, register in enumerate(self.registers):
            register.refresh_from_db()
            for kind in ("sale", "void", "refund", "exchange"):
                assert getattr(register, f"{kind}_counter") == self.posted[till, kind]
            if till in self.open:
                assert expected_cash(self.open[till]) == self.drawer[till]
        assert standing(self.shop.customer.pk).balance == self.credit


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("number", range(5))
def test_the_books_hold_after_every_step(number: int) -> None:
    machine = seed(number)(type("Seeded", (Shopkeeping,), {}))
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
