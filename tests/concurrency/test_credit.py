"""Many tills and one customer's credit: what is spent is what was there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction

from sales import credit
from sales.checkout import PaymentRequest, SaleRequest
from sales.models import CreditAccount, CreditEntry, Payment, Sale
from sales.voids import void_sale
from tenants.ids import uuid7
from tests.concurrency.crowd import Market, make_market, meeting, patiently, refusals, together
from tests.conftest import ON_POSTGRES
from tests.factories import make_product
from tests.sales.crediting import grant, ledger, voucher

pytestmark = pytest.mark.usefixtures("committed_db")
CROWD = 50 if ON_POSTGRES else 8


def within(market: Market, work: Callable[[], Any]) -> Any:
    with market.bound(), transaction.atomic():
        return work()


def give(market: Market, amount: str, **fields: Any) -> None:
    within(market, partial(grant, market.shop, amount, **fields))


def by_credit(market: Market, till: int, **fields: Any) -> SaleRequest:
    """A mug for 5.00 at that till, to the one customer."""
    pay = [PaymentRequest(Payment.Method.CREDIT, Decimal(5))]
    return market.request(till, payments=pay, customer_id=market.shop.customer.pk, **fields)


def rush(market: Market, requests: list[SaleRequest]) -> list[str]:
    """The codes of the sales that were refused."""
    return refusals(together([partial(patiently, partial(market.sell, one)) for one in requests]))


def entries(market: Market) -> list[tuple[Any, ...]]:
    """The customer's ledger, after looking that it adds up."""
    found: list[tuple[Any, ...]] = within(market, partial(ledger, market.shop))
    return found


def spent(market: Market) -> Decimal:
    return -sum((amount for kind, amount, _ in entries(market) if kind == "spent"), Decimal(0))


def test_a_crowd_of_tills_spends_what_was_there() -> None:
    market = make_market(tills=8, stock=CROWD)
    fits = CROWD * 2 // 5
    give(market, f"{5 * fits + 4}.99")
    refused = rush(market, [by_credit(market, till) for till in range(CROWD)])
    assert refused == ["not_enough_credit"] * (CROWD - fits)
    assert spent(market) == 5 * fits
    assert entries(market)[-1][2] == Decimal("4.99")
    assert market.count(Sale.objects.all()) == fits
    assert market.count(Payment.objects.filter(method="credit")) == fits
    # Who was refused took nothing from the shelf.
    assert market.stock() == CROWD - fits
    market.check_numbers()


def test_two_tills_and_the_last_of_it() -> None:
    market = make_market(tills=2, stock=10)
    give(market, "5")
    assert rush(market, [by_credit(market, till) for till in range(2)]) == ["not_enough_credit"]
    assert entries(market)[-1] == ("spent", Decimal(-5), Decimal(0))


def test_the_same_sale_from_everywhere_spends_once() -> None:
    market = make_market(tills=2, stock=10)
    give(market, "50")
    assert rush(market, [by_credit(market, 0)] * 5) == []
    assert spent(market) == 5


def test_the_first_credit_of_a_customer_may_come_from_many_at_once() -> None:
    """Nobody's account is there yet: it is made once, and holds everything."""
    market = make_market(tills=4, stock=10)
    card = within(market, partial(voucher, market.shop, "5.00"))
    cash = {"customer_id": market.shop.customer.pk}
    buying = [market.request(till, (card, 1), **cash) for till in range(4)]
    giving = [partial(give, market, "5") for _one in range(4)]
    work = [partial(market.sell, one) for one in buying] + giving
    assert refusals(together([partial(patiently, one) for one in work])) == []
    assert market.count(CreditAccount.objects.all()) == 1
    assert entries(market)[-1][2] == 40


def test_spending_granting_voiding_and_expiring_at_once() -> None:
    """Whatever the order, nothing is below zero, and no two wait for each other for ever."""
    market = make_market(tills=4, stock=30)
    # With a day, so that each change reads the entries and writes the account once more.
    give(market, "10", until=date(2099, 1, 1))
    give(market, "15", until=date(2099, 2, 1))
    sold = [market.sell(by_credit(market, till)) for till in range(3)]

    def undo(sale: Sale) -> Sale:
        with market.bound(), transaction.atomic():
            return void_sale(actor=boss, sale=sale, reason="Wrong", void_id=uuid7())

    boss = within(market, lambda: type(market.member).objects.get(user=market.shop.manager))
    work: list[Callable[[], Any]] = [
        *(partial(market.sell, by_credit(market, till)) for till in range(6)),
        *(partial(undo, sale) for sale in sold),
        *(partial(give, market, "1") for _one in range(3)),
        expire,
    ]
    refused = refusals(together([partial(patiently, one) for one in work]))
    assert set(refused) <= {"not_enough_credit"}
    kinds = [kind for kind, _amount, _balance in entries(market)]
    assert kinds.count("refunded") == 3
    assert kinds.count("spent") == 3 + 6 - len(refused)
    assert entries(market)[-1][2] == 25 + 3 - 5 * (6 - len(refused))


def expire() -> None:
    """As it is run every day, outside of any transaction."""
    call_command("expire_credit", stdout=StringIO())


def read_then_write(meet: Callable[[], None], customer_id: Any, amount: Decimal) -> Any:
    """What the ledger must not do: look first and write what it has computed."""
    account = CreditAccount.objects.get(customer=customer_id)
    meet()
    if account.balance + amount < 0:
        return None
    CreditAccount.objects.filter(pk=account.pk).update(balance=account.balance + amount)
    return account.pk, account.balance + amount, account.next_expiry


@pytest.mark.postgres
def test_the_race_is_real(monkeypatch: pytest.MonkeyPatch) -> None:
    market = make_market(tills=2, stock=10)
    # Without stock: its levels would make the tills wait for each other before.
    service = within(
        market, partial(make_product, "Repair", sku="REPAIR", price="5.00", is_stocked=False)
    )
    give(market, "5")
    monkeypatch.setattr(credit, "_add", partial(read_then_write, meeting(2)))
    pay = {
        "payments": [PaymentRequest(Payment.Method.CREDIT, Decimal(5))],
        "customer_id": market.shop.customer.pk,
    }
    requests = [market.request(till, (service, 1), **pay) for till in range(2)]
    assert rush(market, requests) == []
    assert market.count(CreditEntry.objects.filter(kind="spent")) > 1
