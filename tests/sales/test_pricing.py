"""The golden vectors, and what they cannot say: types, purity, texts."""

from __future__ import annotations

import ast
import dataclasses
import decimal
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sales import exact, pricing, settlement
from sales.pricing import (
    Discount,
    DiscountKind,
    LineInput,
    PricedSale,
    PricingError,
    Problem,
    price_sale,
    refund_share,
    summarise,
)
from tests.sales.calls import answer

VECTORS = Path(__file__).parent.parent / "vectors/pricing"


def vectors() -> list[Any]:
    return [
        pytest.param(vector, id=f"{path.stem}: {vector['name']}")
        for path in sorted(VECTORS.glob("*.json"))
        for vector in json.loads(path.read_text())
    ]


def covers(expected: Any, actual: Any) -> bool:
    """Everything that the vector names is there; lists have the same length."""
    if isinstance(expected, dict):
        return all(key in actual and covers(expected[key], actual[key]) for key in expected)
    if isinstance(expected, list):
        return len(expected) == len(actual) and all(map(covers, expected, actual))
    return bool(expected == actual)


def line(**changes: Any) -> LineInput:
    values: dict[str, Any] = {
        "key": "a",
        "quantity": Decimal(3),
        "unit_price": Decimal("3.35"),
        "tax_rate": Decimal(20),
        "tax_inclusive": True,
    }
    return LineInput(**(values | changes))


def priced() -> PricedSale:
    return price_sale([line()], digits=2)


@pytest.mark.parametrize("vector", vectors())
def test_vector(vector: dict[str, Any]) -> None:
    got = answer(vector["call"], vector["args"])
    if "error" in vector:
        assert covers(vector["error"], got.get("error", {})), got
    else:
        assert covers(vector["expect"], got.get("result")), got


def test_every_vector_file_is_known_and_large_enough() -> None:
    counts = {path.stem: len(json.loads(path.read_text())) for path in VECTORS.glob("*.json")}
    assert counts.keys() >= {"pricing", "allocation", "change", "refunds"}
    assert sum(counts.values()) >= 150


def test_a_vector_that_differs_is_noticed() -> None:
    assert not covers({"lines": [{"tax": "0.01"}]}, {"lines": [{"tax": "0.02"}]})
    assert not covers([{"tax": "0.01"}], [{"tax": "0.01"}, {"tax": "0.01"}])
    assert not covers({"tax": "0.01"}, {})


@pytest.mark.parametrize("wrong", [1, 1.5, "1.50", True, None])
@pytest.mark.parametrize("field", ["quantity", "unit_price", "tax_rate"])
def test_only_decimals_are_money(field: str, wrong: object) -> None:
    with pytest.raises(TypeError, match=field):
        price_sale([line(**{field: wrong})], digits=2)


def test_a_kind_read_from_a_column_is_understood_and_a_wrong_one_refused() -> None:
    percent = Discount("percent", Decimal(10))  # type: ignore[arg-type]
    assert price_sale([line(discount=percent)], digits=2).total == Decimal("9.04")
    with pytest.raises(ValueError, match="half_price"):
        price_sale([line(discount=Discount("half_price", Decimal(1)))], digits=2)  # type: ignore[arg-type]


@pytest.mark.parametrize("digits", [-1, 5])
def test_no_currency_has_so_many_digits(digits: int) -> None:
    with pytest.raises(ValueError, match="digits"):
        price_sale([line()], digits=digits)


def test_amounts_have_exactly_the_digits_of_the_currency() -> None:
    sale = price_sale([line(quantity=Decimal("3.0000"), unit_price=Decimal(5))], digits=3)
    assert [str(sale.total), str(sale.tax), str(sale.rounding)] == ["15.000", "2.500", "0.000"]


def test_the_callers_rounding_mode_changes_nothing() -> None:
    lines = [line(quantity=Decimal("0.5"), unit_price=Decimal("0.25"))]
    with decimal.localcontext(rounding=decimal.ROUND_DOWN):
        assert price_sale(lines, digits=2).total == Decimal("0.13")


def test_an_absurd_exponent_is_refused_without_computing_it() -> None:
    for value in ("1E-999999", "1E+999999"):
        with pytest.raises(PricingError):
            price_sale([line(unit_price=Decimal(value))], digits=2)


def test_payable_includes_the_rounding() -> None:
    sale = dataclasses.replace(priced(), rounding=Decimal("-0.05"))
    assert (sale.total, sale.payable) == (Decimal("10.05"), Decimal("10.00"))


def test_refund_of_everything_adds_up_to_the_sale() -> None:
    sale = price_sale(
        [line(), line(key="b", tax_inclusive=False, tax_rate=Decimal(7))],
        discount=Discount(DiscountKind.FIXED, Decimal("0.99")),
        digits=2,
    )
    back = [
        refund_share(sold, refunded=Decimal(0), quantity=sold.quantity, digits=2, key=sold.key)
        for sold in sale.lines
    ]
    assert summarise(back, digits=2) == sale


def test_results_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        priced().total = Decimal(0)  # type: ignore[misc]


def test_every_problem_has_a_text_that_its_values_fill() -> None:
    values = dict.fromkeys(("limit", "places", "discount", "missing", "excess", "step"), "1.23")
    assert set(pricing.MESSAGES) == set(Problem)
    for problem in Problem:
        assert "%(" not in str(PricingError(problem, "field", **values))


def test_a_refusal_says_what_and_why() -> None:
    free = Discount(DiscountKind.FIXED, Decimal("10.06"))
    with pytest.raises(PricingError) as caught:
        price_sale([line(), line(discount=free)], digits=2)
    assert caught.value.params == {"discount": "10.06", "limit": "10.05"}
    assert str(caught.value) == (
        "lines.1.discount: The discount of 10.06 is more than the 10.05 that it applies to."
    )


@pytest.mark.parametrize("module", [exact, pricing, settlement])
def test_the_engine_is_pure(module: Any) -> None:
    """No Django, no clock, no input or output: only these modules are imported."""
    tree = ast.parse(Path(module.__file__).read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    plain = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    assert not plain
    assert imported <= {
        "__future__",
        "collections.abc",
        "dataclasses",
        "decimal",
        "enum",
        "typing",
        "sales.exact",
        "sales.settlement",
    }
