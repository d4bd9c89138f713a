"""What holds for every sale, payment and refund, and that the browser computes the same."""

from __future__ import annotations

import dataclasses
import itertools
import json
import random
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sales.pricing import (
    Discount,
    DiscountKind,
    LineInput,
    PricedSale,
    PricingError,
    Tender,
    TenderKind,
    allocate,
    cash_round,
    change_due,
    price_sale,
    refund_share,
    settle,
)
from tests.sales.calls import CALLS, answer

ROOT = Path(__file__).parent.parent.parent
CALLS_JS = ROOT / "tests/js/calls.cjs"
PRICING_JS = ROOT / "sales/static/sales/till/pricing.js"
AMOUNTS = ("gross", "discount", "sale_discount", "net", "tax", "total")
RATES = ["0", "5", "5.5", "7.7", "8", "9.975", "10", "20", "21", "100", "150"]

digits_of_currencies = st.sampled_from([0, 2, 3])


def decimals(low: int, high: int, places: int) -> st.SearchStrategy[Decimal]:
    """Every decimal of so many places between two counts of its smallest unit."""
    return st.integers(low, high).map(lambda units: Decimal(units).scaleb(-places))


percent_discounts = st.builds(Discount, st.just(DiscountKind.PERCENT), decimals(0, 1_000_000, 4))
quantities = st.one_of(
    st.integers(1, 12).map(Decimal), decimals(1, 50_000, 4), decimals(1, 9_999, 3)
)
line_inputs = st.builds(
    LineInput,
    key=st.uuids().map(str),
    quantity=quantities,
    unit_price=st.one_of(decimals(0, 20_000, 2), decimals(0, 3_000_000, 4)),
    tax_rate=st.sampled_from(RATES).map(Decimal),
    tax_inclusive=st.booleans(),
    discount=st.none() | percent_discounts,
)


@st.composite
def sales(draw: st.DrawFn) -> tuple[list[LineInput], Discount | None, int]:
    """Lines, a discount on the sale that fits it, and the digits of the currency."""
    digits = draw(digits_of_currencies)
    lines = draw(st.lists(line_inputs, min_size=1, max_size=8))
    if draw(st.booleans()):
        return lines, draw(st.none() | percent_discounts), digits
    subtotal = price_sale(lines, digits=digits).subtotal
    fixed = draw(decimals(0, int(subtotal.scaleb(digits)), digits))
    return lines, Discount(DiscountKind.FIXED, fixed), digits


def totals(sale: PricedSale) -> tuple[object, ...]:
    """All that must not depend on the order of the lines."""
    amounts = [getattr(sale, f.name) for f in dataclasses.fields(sale) if f.name != "lines"]
    return tuple(amounts)


@given(sales())
def test_every_amount_adds_up(sale_input: Any) -> None:
    lines, discount, digits = sale_input
    sale = price_sale(lines, discount=discount, digits=digits)
    for line in sale.lines:
        assert line.net + line.tax == line.total
        displayed = line.total if line.tax_inclusive else line.net
        assert line.gross - line.discount - line.sale_discount == displayed
        assert min(getattr(line, name) for name in AMOUNTS) >= 0
        assert all(getattr(line, name).as_tuple().exponent == -digits for name in AMOUNTS)
    assert sale.net + sale.tax == sale.total == sum(line.total for line in sale.lines)
    assert sale.gross - sale.line_discount == sale.subtotal
    assert sale.discount == sum(line.sale_discount for line in sale.lines)
    assert sum(tax.tax for tax in sale.taxes) == sale.tax
    assert sum(tax.net for tax in sale.taxes) == sale.net
    for tax in sale.taxes:
        assert tax.tax == sum(line.tax for line in sale.lines if line.tax_rate == tax.rate)


@given(sales())
def test_the_discount_takes_exactly_what_it_says(sale_input: Any) -> None:
    lines, discount, digits = sale_input
    before = price_sale(lines, digits=digits)
    after = price_sale(lines, discount=discount, digits=digits)
    if discount is not None and discount.kind is DiscountKind.FIXED:
        assert after.discount == discount.value
    if all(line.tax_inclusive for line in lines):
        assert before.total - after.total == after.discount
    if not any(line.tax_inclusive for line in lines):
        assert before.net - after.net == after.discount


@given(sales())
def test_shares_are_within_one_unit_of_the_exact_proportion(sale_input: Any) -> None:
    lines, discount, digits = sale_input
    sale = price_sale(lines, discount=discount, digits=digits)
    for line in sale.lines:
        if sale.subtotal:
            exact = sale.discount * (line.gross - line.discount) / sale.subtotal
            assert abs(line.sale_discount - exact) < Decimal(1).scaleb(-digits)


@given(sales(), st.randoms(use_true_random=False))
def test_the_order_of_scanning_changes_no_total(sale_input: Any, shuffler: random.Random) -> None:
    lines, discount, digits = sale_input
    shuffled = list(lines)
    shuffler.shuffle(shuffled)
    assert totals(price_sale(lines, discount=discount, digits=digits)) == totals(
        price_sale(shuffled, discount=discount, digits=digits)
    )


@given(st.lists(st.sampled_from(["0.05", "0.10"]), min_size=2, max_size=6), st.data())
def test_nor_does_it_among_ties(prices: list[str], data: st.DataObject) -> None:
    """Few prices, two rates and a cent or two of discount: nearly every remainder is a tie."""
    lines = [
        LineInput(
            key=str(index),
            quantity=Decimal(1),
            unit_price=Decimal(price),
            tax_rate=Decimal(data.draw(st.sampled_from(["20", "100"]))),
            tax_inclusive=data.draw(st.booleans()),
        )
        for index, price in enumerate(prices)
    ]
    discount = Discount(DiscountKind.FIXED, data.draw(decimals(1, 5, 2)))
    one = price_sale(lines, discount=discount, digits=2)
    other = price_sale(data.draw(st.permutations(lines)), discount=discount, digits=2)
    assert totals(one) == totals(other)


@given(sales(), st.data())
def test_any_split_of_refunds_sums_to_the_line(sale_input: Any, data: st.DataObject) -> None:
    lines, discount, digits = sale_input
    for line in price_sale(lines, discount=discount, digits=digits).lines:
        units = int(line.quantity.scaleb(4))
        cuts = data.draw(st.lists(st.integers(0, units), max_size=5).map(set))
        marks = sorted(cuts | {0, units})
        parts = [
            refund_share(
                line,
                refunded=Decimal(start).scaleb(-4),
                quantity=Decimal(end - start).scaleb(-4),
                digits=digits,
            )
            for start, end in itertools.pairwise(marks)
        ]
        for name in AMOUNTS:
            assert sum(getattr(part, name) for part in parts) == getattr(line, name), name
            assert min(getattr(part, name) for part in parts) >= 0, name
        for part in parts:
            assert part.net + part.tax == part.total
            displayed = part.total if part.tax_inclusive else part.net
            assert part.gross - part.discount - part.sale_discount == displayed


@given(decimals(-(10**9), 10**9, 2), st.lists(decimals(0, 10**8, 4), min_size=1, max_size=30))
def test_allocation_is_exact_and_fair(amount: Decimal, weights: list[Decimal]) -> None:
    whole = sum(weights)
    if not whole:
        if amount:
            with pytest.raises(PricingError):
                allocate(amount, weights, digits=2)
        return
    parts = allocate(amount, weights, digits=2)
    assert sum(parts) == amount
    assert allocate(-amount, weights, digits=2) == tuple(-part for part in parts)
    for part, weight in zip(parts, weights, strict=True):
        # Whole numbers: a division of decimals would be rounded itself.
        assert abs((part * whole - amount * weight) * 100) < whole
        assert weight or not part


@given(decimals(-100_000, 100_000, 2), st.sampled_from(["0.05", "0.10", "0.50", "1.00"]))
def test_cash_rounding_is_the_nearest_step(total: Decimal, step: str) -> None:
    rounded = cash_round(total, Decimal(step), digits=2)
    assert rounded % Decimal(step) == 0
    assert abs(rounded - total) <= Decimal(step) / 2
    assert cash_round(rounded, Decimal(step), digits=2) == rounded
    assert cash_round(-total, Decimal(step), digits=2) == -rounded


@given(
    decimals(0, 100_000, 2),
    st.lists(decimals(1, 50_000, 2), max_size=3),
    st.lists(decimals(0, 4_000, 2).map(lambda amount: amount * 5), max_size=3),
    st.sampled_from(["0", "0.05"]),
)
def test_what_is_paid_is_what_is_due(
    total: Decimal, other: list[Decimal], cash: list[Decimal], step: str
) -> None:
    tenders = [Tender(TenderKind.OTHER, amount) for amount in other]
    tenders += [Tender(TenderKind.CASH, amount) for amount in cash]
    paid = sum((tender.amount for tender in tenders), Decimal(0))
    due = total
    if cash and sum(other) <= total:
        rest = cash_round(total - sum(other), Decimal(step), digits=2)
        due = sum(other, Decimal(0)) + rest
    if sum(other) > total or paid < due:
        with pytest.raises(PricingError):
            settle(total, tenders, digits=2, cash_step=Decimal(step))
        return
    settled = settle(total, tenders, digits=2, cash_step=Decimal(step))
    assert settled.due == total + settled.rounding == sum(settled.applied, Decimal(0)) == due
    assert paid == settled.due + settled.change
    for tender, applied in zip(tenders, settled.applied, strict=True):
        assert 0 <= applied <= tender.amount
        assert applied == tender.amount or tender.kind is TenderKind.CASH


@given(decimals(0, 100_000, 2), decimals(0, 200_000, 2))
def test_cash_is_missing_or_comes_back_but_not_both(total: Decimal, cash: Decimal) -> None:
    balance = change_due(total, cash=cash, digits=2)
    assert not (balance.missing and balance.change)
    assert cash + balance.missing == total + balance.change


def cents(dice: random.Random, top: int) -> str:
    """An amount of two decimals, up to so many cents."""
    return format(Decimal(dice.randint(0, top)).scaleb(-2), "f")


def random_discount(dice: random.Random, top: int, digits: int) -> dict[str, str] | None:
    kind = dice.choice([None, None, "percent", "fixed"])
    if kind is None:
        return None
    if kind == "percent":
        value = dice.choice(["5", "10", "33.3333", "100", "100.5", "-1", "96.019", "12.34567"])
        return {"kind": kind, "value": value}
    return {"kind": kind, "value": str(Decimal(dice.randint(-1, top)).scaleb(-digits))}


def random_sale(dice: random.Random) -> dict[str, Any]:
    """A sale as JSON; about one in ten is refused, and both must refuse it alike."""
    digits = dice.choice([0, 2, 2, 2, 3])
    lines = []
    for index in range(dice.randint(1, 12)):
        quantity = dice.choice(["1", "2", "3.0000", "0.125", "1.2345", f"{dice.randint(1, 10**6)}"])
        price = str(Decimal(dice.randint(0, 10 ** dice.randint(1, 9))).scaleb(-4))
        broken = dice.random()
        if broken < 0.002:
            quantity = dice.choice(["0", "-1", "1.00001", "NaN", "10000000000000"])
        elif broken < 0.004:
            price = dice.choice(["-0.01", "0.00001", "Infinity", "1" + "0" * 13])
        lines.append(
            {
                "key": str(index),
                "quantity": quantity,
                "unit_price": format(Decimal(price), "f"),
                "tax_rate": dice.choice([*RATES, "20.0000"]),
                "tax_inclusive": dice.random() < 0.5,
                "discount": random_discount(dice, 30, digits) if dice.random() < 0.3 else None,
            }
        )
    return {"lines": lines, "discount": random_discount(dice, 500, digits), "digits": digits}


def random_call(dice: random.Random) -> dict[str, Any]:
    call = dice.choice(["allocate", "cash_round", "change_due", "settle"])
    step = dice.choice(["0", "0.05", "0.10"])
    args: dict[str, Any] = {"digits": 2}
    if call == "allocate":
        weights = [cents(dice, 10 ** dice.randint(0, 6)) for _ in range(dice.randint(0, 9))]
        args |= {"amount": dice.choice(["", "-"]) + cents(dice, 99999), "weights": weights}
    elif call == "cash_round":
        args |= {"total": dice.choice(["", "-"]) + cents(dice, 99999), "step": step}
    elif call == "change_due":
        cash = dice.choice([None, cents(dice, 9999), "20", "50.00"])
        args |= {
            "total": cents(dice, 5000),
            "cash": cash,
            "other": cents(dice, 2500),
            "cash_step": step,
        }
    else:
        tenders = [
            {
                "kind": dice.choice(["cash", "other"]),
                "amount": dice.choice([cents(dice, 3000), "20"]),
            }
            for _ in range(dice.randint(0, 4))
        ]
        args |= {"total": cents(dice, 5000), "tenders": tenders, "cash_step": step}
    return {"call": call, "args": args}


def refund_of(dice: random.Random, sale: dict[str, Any], digits: int) -> dict[str, Any]:
    """Refund a random line of a priced sale in random parts, now and then one too many."""
    line = dice.choice(sale["lines"])
    left = int(Decimal(line["quantity"]).scaleb(4))
    parts: list[int] = []
    while left > 0 and len(parts) < 4:
        part = left if dice.random() < 0.3 else dice.randint(1, left)
        parts.append(part)
        left -= part
    if dice.random() < 0.1:
        parts.append(left + 1)
    texts = [format(Decimal(part).scaleb(-4), "f") for part in parts]
    return {"call": "refund_split", "args": {"line": line, "parts": texts, "digits": digits}}


def in_javascript(calls: list[dict[str, Any]], source: Path = PRICING_JS) -> list[dict[str, Any]]:
    node = shutil.which("node")
    assert node, "node is needed: the till's prices are JavaScript (Debian: apt-get install nodejs)"
    done = subprocess.run(
        [node, str(CALLS_JS), str(source)],
        input=json.dumps(calls),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def random_calls(sales_wanted: int) -> list[dict[str, Any]]:
    """Sales, each followed by a refund of it or some other call, and by one more other call."""
    dice = random.Random(20260101)
    calls: list[dict[str, Any]] = []
    for _ in range(sales_wanted):
        args = random_sale(dice)
        calls.append({"call": "price_sale", "args": args})
        sale = answer("price_sale", args).get("result")
        calls.append(refund_of(dice, sale, args["digits"]) if sale else random_call(dice))
        calls.append(random_call(dice))
    return calls


def test_the_browser_computes_the_same() -> None:
    calls = random_calls(2000)
    ours = [answer(call["call"], call["args"]) for call in calls]
    assert 500 < sum("error" in one for one in ours) < 3000, "both must be there: sales, refusals"
    assert {call["call"] for call in calls} == set(CALLS)
    for call, one, other in zip(calls, ours, in_javascript(calls), strict=True):
        assert one == other, json.dumps(call)


def test_the_comparison_notices_other_rounding(tmp_path: Path) -> None:
    """The control: the same engine that rounds down must not pass for equal."""
    source = PRICING_JS.read_text()
    half = "(2n * magnitude(numerator) + denominator)"
    assert source.count(half) == 1
    wrong = tmp_path / "pricing.js"
    wrong.write_text(source.replace(half, "(2n * magnitude(numerator))"))
    calls = random_calls(100)
    assert in_javascript(calls, wrong) != [answer(call["call"], call["args"]) for call in calls]
