"""The client comes to the same cent as the server: the server's golden vectors."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from tillbook_client.exact import exact, read, written
from tillbook_client.pricing import Discount, Priced, in_coins, total_of

from tests.conftest import ROOT

VECTORS = ROOT / "tests/vectors/pricing"


def vectors(file: str, call: str) -> list[Any]:
    found = json.loads((VECTORS / f"{file}.json").read_text())
    return [pytest.param(one, id=one["name"]) for one in found if one["call"] == call]


def discount(told: dict[str, Any] | None) -> Discount | None:
    return None if told is None else Discount(told["kind"], told["value"])


def came_to(args: dict[str, Any]) -> dict[str, str]:
    lines = [
        Priced(
            Decimal(one["quantity"]),
            Decimal(one["unit_price"]),
            Decimal(one["tax_rate"]),
            one["tax_inclusive"],
            discount(one.get("discount")),
        )
        for one in args["lines"]
    ]
    found = total_of(lines, discount=discount(args.get("discount")), digits=args["digits"])
    return {name: format(getattr(found, name), "f") for name in ("net", "tax", "total")}


@pytest.mark.parametrize("vector", vectors("pricing", "price_sale"))
def test_sums_of_a_sale(vector: dict[str, Any]) -> None:
    if "error" in vector:
        if vector["error"]["code"] not in {"too_large", "percent_range"}:
            with pytest.raises(ValueError):
                came_to(vector["args"])
        return
    wanted = {
        name: vector["expect"][name] for name in ("net", "tax", "total") if name in vector["expect"]
    }
    got = came_to(vector["args"])
    assert {name: got[name] for name in wanted} == wanted


@pytest.mark.parametrize("vector", vectors("change", "cash_round"))
def test_coins(vector: dict[str, Any]) -> None:
    if "error" not in vector:
        args = vector["args"]
        got = in_coins(Decimal(args["total"]), Decimal(args["step"]), digits=args["digits"])
        assert format(got, "f") == vector["expect"]


def test_no_float_goes_in_or_out() -> None:
    for value in (0.1, {"amount": 0.1}, [[0.1]]):
        with pytest.raises(TypeError):
            written(value)
    with pytest.raises(TypeError):
        exact(0.1)  # type: ignore[arg-type]
    with pytest.raises(ValueError):
        exact("NaN")
    assert read(b'{"a": 0.1}') == {"a": Decimal("0.1")}
    assert written({"a": Decimal("1E+2")}) == b'{"a":"100"}'
