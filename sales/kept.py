"""A sale made offline as it is kept while it is held: plain JSON, and back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sales.checkout import PaymentRequest
from sales.judging import OfflineLine, OfflineSale
from sales.models import Payment
from sales.pricing import Discount, DiscountKind

#: Of a sale that could be read, and of one that could not: then as it came, without what must not
#: be kept.
SALE: Final = "sale"
RAW: Final = "raw"


def kept_sale(request: OfflineSale) -> dict[str, Any]:
    return {SALE: _plain(asdict(request))}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, bool) else str(value)


def sale_of(kept: Mapping[str, Any] | None) -> OfflineSale | None:
    """The sale that is kept; None where it could not be read when it came."""
    data = (kept or {}).get(SALE)
    if data is None:
        return None
    return OfflineSale(
        id=uuid.UUID(data["id"]),
        register_id=uuid.UUID(data["register_id"]),
        lines=[_line(one) for one in data["lines"]],
        payments=[_payment(one) for one in data["payments"]],
        total=Decimal(data["total"]),
        sold_at=data["sold_at"] and datetime.fromisoformat(data["sold_at"]),
        number=data["number"],
        discount=_discount(data["discount"]),
        customer_id=_key(data["customer_id"]),
        operator_id=_key(data["operator_id"]),
        cash_step=None if data["cash_step"] is None else Decimal(data["cash_step"]),
        note=data["note"],
    )


def _line(data: Mapping[str, Any]) -> OfflineLine:
    return OfflineLine(
        variation_id=uuid.UUID(data["variation_id"]),
        quantity=Decimal(data["quantity"]),
        unit_price=Decimal(data["unit_price"]),
        tax_rate=Decimal(data["tax_rate"]),
        tax_inclusive=data["tax_inclusive"],
        tax_name=data["tax_name"],
        discount=_discount(data["discount"]),
        own_price=data["own_price"],
    )


def _payment(data: Mapping[str, Any]) -> PaymentRequest:
    texts = {name: data[name] for name in ("card_brand", "card_last4", "reference")}
    return PaymentRequest(Payment.Method(data["method"]), Decimal(data["amount"]), **texts)


def _discount(data: Mapping[str, Any] | None) -> Discount | None:
    if data is None:
        return None
    return Discount(DiscountKind(data["kind"]), Decimal(data["value"]))


def _key(value: str | None) -> uuid.UUID | None:
    return None if value is None else uuid.UUID(value)
