"""What a document's hash is made of never changes: what was hashed before would look forged."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import cycle
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from sales.canonical import canonical
from sales.checkout import LineRequest, PaymentRequest, SaleRequest
from sales.models import Payment, Sale
from sales.posting import (
    LINE_FIELDS,
    PAYMENT_FIELDS,
    SALE_FIELDS,
    document_hash,
    hash_of_values,
)
from sales.pricing import Discount, DiscountKind

PARIS = ZoneInfo("Europe/Paris")
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from(Sale.Kind)
    | st.decimals(-(10**9), 10**9, places=4)
    | st.decimals(-(10**12), 10**12)
    | st.uuids()
    | st.dates()
    | st.datetimes(timezones=st.just(PARIS)).filter(lambda one: one.year > 1)
)


def rows(fields: tuple[str, ...], values: list[Any], count: int) -> list[dict[str, Any]]:
    """So many rows that are filled with these values, over and over."""
    endless = cycle(values)
    return [{field: next(endless) for field in fields} for _row in range(count)]


def first_form(value: Any) -> Any:
    """Values as the first version wrote them, one by one."""
    if isinstance(value, Decimal):
        return f"{value:.4f}" if value else "0.0000"
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value)


@given(
    values=st.lists(VALUES, min_size=1, max_size=30),
    counts=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    previous=st.text("0123456789abcdef", max_size=64),
)
def test_it_is_that_of_the_first_version(
    values: list[Any], counts: tuple[int, int], previous: str
) -> None:
    (sale,) = rows(SALE_FIELDS, values, 1)
    lines, payments = rows(LINE_FIELDS, values, counts[0]), rows(PAYMENT_FIELDS, values, counts[1])
    plain = {
        "sale": {name: first_form(value) for name, value in sale.items()},
        "lines": [{name: first_form(value) for name, value in row.items()} for row in lines],
        "payments": [{name: first_form(value) for name, value in row.items()} for row in payments],
    }
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    expected = hashlib.sha256((previous + text).encode()).hexdigest()
    row = SimpleNamespace(previous_hash=previous, **sale)
    found = document_hash(
        row, [SimpleNamespace(**one) for one in lines], [SimpleNamespace(**one) for one in payments]
    )
    assert found == expected
    assert found == hash_of_values(
        previous,
        (*sale.values(), "beyond"),
        [tuple(one.values()) for one in lines],
        [tuple(one.values()) for one in payments],
    )


def test_a_certain_document_has_a_certain_hash() -> None:
    key = uuid.UUID(int=7)
    sale: dict[str, Any] = dict.fromkeys(SALE_FIELDS, "")
    sale |= {
        "id": key,
        "kind": Sale.Kind.SALE,
        "customer_id": None,
        "note": 'Tee "für" \u2028 zwei',
    }
    sale |= {"sold_at": datetime(2026, 3, 1, 10, tzinfo=timezone(timedelta(hours=2)))}
    sale |= {"business_date": date(2026, 3, 1), "total": Decimal("12.5"), "rounding": Decimal("-0")}
    line: dict[str, Any] = dict.fromkeys(LINE_FIELDS, Decimal("0.12345")) | {
        "line": 1,
        "tax_inclusive": True,
    }
    payment: dict[str, Any] = dict.fromkeys(PAYMENT_FIELDS, "x") | {"line": 1}
    found = document_hash(
        SimpleNamespace(previous_hash="ab", **sale),
        [SimpleNamespace(**line)],
        [SimpleNamespace(**payment)],
    )
    assert found == "33d0661d5d767464d4645a3388cecb02f039ee8fb69a9cc0366707f9d70fab2d"


def test_a_certain_request_has_a_certain_hash() -> None:
    """By it a till that sends a sale again is known, after a new release too."""
    request = SaleRequest(
        id=uuid.UUID(int=1),
        register_id=uuid.UUID(int=2),
        lines=[
            LineRequest(
                uuid.UUID(int=3), Decimal("1.50"), Discount(DiscountKind.PERCENT, Decimal(10))
            ),
            LineRequest(uuid.UUID(int=4), Decimal(2), unit_price=Decimal("0.125")),
        ],
        payments=[
            PaymentRequest(Payment.Method.CASH, Decimal(5)),
            PaymentRequest(Payment.Method.CARD, Decimal("1.2"), "Visa", "4242", "Ü-7"),
        ],
        total=Decimal("6.20"),
        discount=Discount(DiscountKind.FIXED, Decimal("0.1")),
        customer_id=uuid.UUID(int=5),
        note="für Ann",
    )
    found = "376155ceaa0fae4dfe684ddd764158fdbd0bf953cd57f5ec4fd03fa5c17df7db"
    assert request.hash() == found


def test_the_form() -> None:
    values = [Decimal("-0"), Decimal("1.5"), True, None, "é", date(2026, 3, 1), uuid.UUID(int=7)]
    assert canonical({"b": values, "a": 1}) == (
        '{"a":1,"b":["0.0000","1.5000",true,null,"é","2026-03-01",'
        '"00000000-0000-0000-0000-000000000007"]}'
    )
