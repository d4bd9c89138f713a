"""What comes back, in any order: steps of the state machine in `test_state_machine.py`."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, multiple, rule

from inventory.ledger import OutOfStock
from sales.checkout import LineRequest
from sales.exchanges import ExchangeRequest, exchange, plan_exchange
from sales.models import Payment, Sale, SaleLine
from sales.refundable import refundable
from sales.refunds import RefundRequest, plan_refund, refund_sale
from sales.returning import ReturnRequest
from tenants.errors import Refused
from tenants.ids import uuid7

SALES, EXCHANGES = Bundle("sales"), Bundle("exchanges")
# Which of the lines, how much of it, and whether it goes back on the shelf.
returns_of = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 3), st.booleans()), min_size=1, max_size=3
)


class Returning:
    """Refunds and exchanges of what a machine has sold; it keeps what must come of them."""

    # -- what comes back --------------------------------------------------------------------------

    @rule(
        sold=st.one_of(SALES, EXCHANGES),
        till=st.integers(0, 1),
        picks=returns_of,
        way=st.sampled_from([None, None, Payment.Method.CASH, Payment.Method.CREDIT]),
        twice=st.booleans(),
    )
    def refund(self: Any, sold: Any, till: int, picks: Any, way: Any, twice: bool) -> None:
        sale = Sale.objects.select_related("register").get(pk=sold[0])
        lines, returns = self._returns(sale, picks)
        request = RefundRequest(
            uuid7(), sale.pk, self.registers[till].pk, returns, "Broken", method=way
        )
        if not self._can_return(sale, till, lines, returns):
            with pytest.raises(Refused), transaction.atomic():
                refund_sale(actor=self.member, request=request)
            return
        # By which ways it may go back is decided in one place, which its own tests look at.
        plan, code = None, ""
        try:
            plan = plan_refund(refundable(sale), request)
        except Refused as refused:
            code = refused.code
        if plan is None:
            assert way is not None and code == "credit_only"
            with pytest.raises(Refused), transaction.atomic():
                refund_sale(actor=self.member, request=request)
            return
        vouchers = self._vouchers(plan.returns)
        given = self._by(plan.ways, Payment.Method.CREDIT)
        if self.credit + given < vouchers:
            with pytest.raises(Refused), transaction.atomic():
                refund_sale(actor=self.member, request=request)
            return
        for _time in range(1 + twice):
            with transaction.atomic():
                document = refund_sale(actor=self.member, request=request)
        self._came_back(sale, lines, returns)
        self.drawer[till] -= self._by(plan.ways, Payment.Method.CASH)
        self.credit += given - vouchers
        self.posted[till, "refund"] += 1
        assert document.total == -plan.value
        self._all_is_exact(sale)

    @rule(
        target=EXCHANGES,
        sold=st.one_of(SALES, EXCHANGES),
        till=st.integers(0, 1),
        picks=returns_of,
        new=st.sampled_from(["mug", "tea", "wrapping"]),
        many=st.integers(1, 3),
        twice=st.booleans(),
    )
    def exchange(
        self: Any, sold: Any, till: int, picks: Any, new: str, many: int, twice: bool
    ) -> Any:
        sale = Sale.objects.select_related("register").get(pk=sold[0])
        lines, returns = self._returns(sale, picks)
        quantity = self._quantity(new, many)
        request = ExchangeRequest(
            uuid7(), sale.pk, self.registers[till].pk, returns,
            [LineRequest(self.products[new].pk, quantity)], "Other", None,
        )  # fmt: skip
        ask: dict[str, Any] = {"actor": self.member}
        if not self._can_return(sale, till, lines, returns):
            with pytest.raises(Refused), transaction.atomic():
                exchange(**ask, request=replace(request, total=Decimal(0)))
            return multiple()
        plan = plan_exchange(refundable(sale), request, self.shop.high_street)
        way = Payment.Method.CASH if plan.total > 0 else None
        request = replace(request, total=plan.total, method=way)
        plan = plan_exchange(refundable(sale), request, self.shop.high_street)
        vouchers = self._vouchers(plan.returns)
        moved = self._shelf(lines, returns)
        moved[new] -= quantity
        given = -self._by(plan.payments, Payment.Method.CREDIT)
        short = any(moved[one] < 0 > self.stock[one] + moved[one] for one in ("mug", "tea"))
        if short or self.credit + given < vouchers:
            with pytest.raises((Refused, OutOfStock)), transaction.atomic():
                exchange(**ask, request=request)
            return multiple()
        for _time in range(1 + twice):
            with transaction.atomic():
                document = exchange(**ask, request=request)
        self._came_back(sale, lines, returns)
        self.exchanged.add(sale.pk)
        if new in ("mug", "tea"):
            self.stock.subtract({new: quantity})
        self.drawer[till] += self._by(plan.payments, Payment.Method.CASH)
        self.credit += given - vouchers
        self.posted[till, "exchange"] += 1
        assert document.total == plan.total == price_of(document) + price_of(document, back=True)
        return (document.pk,)

    def _returns(
        self: Any, sale: Sale, picks: Any
    ) -> tuple[dict[int, SaleLine], list[ReturnRequest]]:
        lines = {one.line: one for one in sale.lines.filter(refunds=None)}
        numbers = sorted(lines)
        returns = []
        for at, many, restock in picks:
            number = numbers[at % len(numbers)]
            name = self._name(lines[number])
            returns.append(ReturnRequest(number, self._quantity(name, many), restock))
        return lines, returns

    def _name(self: Any, line: SaleLine) -> str:
        (name,) = (key for key, one in self.products.items() if one.pk == line.variation_id)
        return name

    def _can_return(
        self: Any, sale: Sale, till: int, lines: dict[int, SaleLine], returns: list[ReturnRequest]
    ) -> bool:
        asked: dict[int, Decimal] = {}
        for one in returns:
            asked[one.line] = asked.get(one.line, Decimal(0)) + one.quantity
        enough = all(
            lines[line].quantity - self.back[sale.pk, line] >= quantity
            for line, quantity in asked.items()
        )
        return enough and till in self.open and sale.pk not in self.voided

    def _shelf(self: Any, lines: dict[int, SaleLine], returns: list[ReturnRequest]) -> Any:
        moved: dict[str, Decimal] = defaultdict(Decimal)
        for one in returns:
            if one.restock:
                moved[self._name(lines[one.line])] += one.quantity
        return moved

    def _came_back(
        self: Any, sale: Sale, lines: dict[int, SaleLine], returns: list[ReturnRequest]
    ) -> None:
        for one in returns:
            self.back[sale.pk, one.line] += one.quantity
        moved = self._shelf(lines, returns)
        self.stock.update({name: moved[name] for name in ("mug", "tea")})

    def _vouchers(self: Any, returns: Any) -> Decimal:
        mine = (one for one in returns if self._name(one.line) == "voucher")
        return sum((one.part.total for one in mine), Decimal(0))

    def _by(self: Any, ways: Any, method: Payment.Method) -> Decimal:
        return sum((way.amount for way in ways if way.method == method), Decimal(0))

    def _all_is_exact(self: Any, sale: Sale) -> None:
        """When the last of it is refunded, all that was given back is all that was paid."""
        left = sale.lines.filter(refunds=None)
        if any(line.quantity != self.back[sale.pk, line.line] for line in left):
            return
        if sale.kind == Sale.Kind.SALE and sale.pk not in self.exchanged:
            refunds = list(sale.reversals.all())
            assert -sum(one.total for one in refunds) == sale.total
            assert -sum(one.tax for one in refunds) == sale.tax
            paid = sum(p.amount for p in sale.payments.all())
            given = -sum(p.amount for one in refunds for p in one.payments.all())
            # Less than a coin of what was not paid in cash may remain where it goes back in coins.
            assert abs(given - paid) < Decimal("0.05")
            if {p.method for p in sale.payments.all()} <= {Payment.Method.CASH}:
                methods = {p.method for one in refunds for p in one.payments.all()}
                assert given == paid or methods != {Payment.Method.CASH}


def price_of(document: Sale, *, back: bool = False) -> Decimal:
    lines = document.lines.filter(refunds__isnull=not back)
    return sum((line.total for line in lines), Decimal(0))
