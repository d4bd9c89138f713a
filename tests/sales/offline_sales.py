"""Sales as a device makes them offline: what it sends, for the tests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from inventory.models import Variation
from sales.models import NumberSeries, Register
from sales.series import make_series
from tenants.ids import uuid7
from tests.factories import Shop


def offline_line(variation: Variation, quantity: str = "1", **fields: Any) -> dict[str, Any]:
    """At its price and 20% tax, included."""
    return {
        "variation": str(variation.pk),
        "quantity": quantity,
        "unit_price": f"{variation.price:.2f}",
        "tax_rate": "20",
        "tax_name": "VAT 20%",
        "tax_inclusive": True,
        **fields,
    }


def offline_body(
    shop: Shop, *lines: dict[str, Any], total: str = "5.00", at: datetime | None = None, **more: Any
) -> dict[str, Any]:
    """One mug for 5.00 in cash at the shop's register, made now, unless told otherwise."""
    return {
        "id": str(uuid7()),
        "offline": True,
        "register": str(shop.register.pk),
        "sold_at": (at or timezone.now()).isoformat(),
        "lines": list(lines) or [offline_line(shop.mug)],
        "payments": [{"method": "cash", "amount": total}],
        "total": total,
        **more,
    }


def online_body(body: dict[str, Any]) -> dict[str, Any]:
    """The same sale as it would be sent with a line."""
    kept = ("id", "register", "payments", "total", "discount", "customer", "note")
    lines = [
        {
            "variation": one["variation"],
            "quantity": one["quantity"],
            "discount": one.get("discount"),
            "unit_price": one["unit_price"] if one.get("own_price") else None,
        }
        for one in body["lines"]
    ]
    return {**{name: body[name] for name in kept if name in body}, "lines": lines}


def numbers(shop: Shop, register: Register | None = None) -> NumberSeries:
    return make_series(register=register or shop.register)


def number(shop: Shop, series: NumberSeries, counter: int) -> str:
    return f"{shop.register.prefix}-{series.code}{counter:06d}"
