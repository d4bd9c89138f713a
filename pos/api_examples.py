"""Examples for the API's description: requests as they are written here, answers as they were.

The answers in `api_answers.json` are recorded from the requests here: `RECORD_EXAMPLES=1 pytest
tests/contract/test_examples.py`. That test sends each of them and fails where an answer has changed
its shape. What `extend_schema` has examples of keeps those.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

ANSWERS: Final = Path(__file__).with_name("api_answers.json")
JSON: Final = "application/json"

REGISTER: Final = "0199a3c4-7b1e-7d61-9a6e-0d4a35bb2f01"
VARIATION: Final = "0199a3c4-7b1e-7d61-9a6e-0d4a35bb2f02"
PERSON: Final = "0199a3c4-7b1e-7d61-9a6e-0d4a35bb2f03"
LOCATION: Final = "0199a3c4-7b1e-7d61-9a6e-0d4a35bb2f0b"
OWN: Final = "0199a3c4-7b1e-7d61-9a6e-0d4a35bb2f09"

_CASH: Final = [{"method": "cash", "amount": "5.00"}]

REQUESTS: Final[dict[str, Any]] = {
    "pair": {"code": "K7QM-4XTZ", "name": "Sunmi V2", "version": "1.0"},
    "operator_sign_in": {"person": PERSON, "pin": "274951"},
    "approval": {"person": PERSON, "pin": "274951", "permissions": ["sell.void"]},
    "customer_create": {"id": OWN, "name": "Cees de Wit", "phone": "+31 6 5555 0101", "email": ""},
    "customer_change": {"address": "Kade 3\n1011 AB Amsterdam", "note": "Rings twice"},
    "customer_credit_grant": {
        "id": OWN,
        "amount": "10.00",
        "expires_on": "2099-12-31",
        "reason": "Late delivery",
    },
    "customer_credit_correct": {"id": OWN, "amount": "-2.50", "reason": "Typing error"},
    "category_create": {"id": OWN, "name": "Cups", "code": "C"},
    "category_change": {"name": "Cups and mugs"},
    "brand_create": {"id": OWN, "name": "Delft"},
    "brand_change": {"name": "Royal Delft"},
    "unit_create": {"id": OWN, "name": "Litres", "short_name": "l", "allow_decimal": True},
    "unit_change": {"name": "Litre"},
    "tax_rate_create": {"id": OWN, "name": "VAT 9%", "rate": "9"},
    "tax_rate_change": {"rate": "9.5"},
    "supplier_create": {
        "id": OWN,
        "name": "Delft Pottery",
        "contact": "Femke Visser",
        "phone": "+31 15 555 0102",
        "payment_days": 30,
    },
    "supplier_change": {"payment_days": 14},
    "register_create": {"id": OWN, "name": "Garden", "location": LOCATION, "prefix": "GA1"},
    "register_change": {"name": "Garden, by the door"},
    "shift_open": {"register": REGISTER, "opening_float": "50.00"},
    "shift_close": {"counted_cash": "50.00", "note": ""},
    "cash_movement_create": {
        "id": OWN,
        "kind": "out",
        "amount": "12.50",
        "reason": "expense",
        "note": "Window cleaner",
    },
    "cash_movement_correct": {"id": OWN, "note": "Typing error"},
    "z_reading_create": {"id": OWN, "register": REGISTER},
    "series_create": {"id": OWN, "register": REGISTER},
    "sale_create": {
        "id": OWN,
        "register": REGISTER,
        "lines": [{"variation": VARIATION, "quantity": "1"}],
        "payments": _CASH,
        "total": "5.00",
    },
    "sale_batch": {
        "sales": [
            {
                "id": OWN,
                "offline": True,
                "register": REGISTER,
                "sold_at": "2026-11-21T09:41:07+01:00",
                "lines": [
                    {
                        "variation": VARIATION,
                        "quantity": "1",
                        "unit_price": "5.00",
                        "tax_rate": "20",
                        "tax_name": "VAT 20%",
                        "tax_inclusive": True,
                    }
                ],
                "payments": _CASH,
                "total": "5.00",
            }
        ]
    },
    "sale_void": {"id": OWN, "reason": "Wrong size"},
    "sale_refund_quote": {"lines": [{"line": 1, "quantity": "1"}]},
    "sale_refund": {
        "id": OWN,
        "register": REGISTER,
        "reason": "Too small",
        "lines": [{"line": 1, "quantity": "1", "restock": True}],
    },
    "sale_exchange_quote": {
        "register": REGISTER,
        "returns": [{"line": 1, "quantity": "1"}],
        "lines": [{"variation": VARIATION, "quantity": "1"}],
    },
    "sale_exchange": {
        "id": OWN,
        "register": REGISTER,
        "reason": "Another colour",
        "returns": [{"line": 1, "quantity": "1"}],
        "lines": [{"variation": VARIATION, "quantity": "1"}],
        "total": "3.50",
        "payments": [{"method": "cash", "amount": "3.50"}],
    },
}

#: Of parameters of the query that a useful request has, and of parts of the path without an id.
PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "item_lookup": {"code": "5901234123457"},
    "sync_bucket": {"kind": "products", "bucket": "0e"},
}


@cache
def answers() -> dict[str, dict[str, Any]]:
    """By operation and status."""
    found: dict[str, dict[str, Any]] = json.loads(ANSWERS.read_text(encoding="utf-8"))
    return found


def add(operation: dict[str, Any]) -> None:
    """Give the operation examples where it has none of its own."""
    name = operation["operationId"]
    if "requestBody" in operation and name in REQUESTS:
        _put(operation["requestBody"], REQUESTS[name])
    found = dict(answers().get(name, {}))
    # The same request again answers the same.
    found.setdefault("200", found.get("201"))
    for status, value in found.items():
        if value is not None and status in operation["responses"]:
            _put(operation["responses"][status], value)
    for one in operation.get("parameters", ()):
        if one["name"] in PARAMETERS.get(name, {}):
            one.setdefault("example", PARAMETERS[name][one["name"]])


def _put(place: dict[str, Any], value: Any) -> None:
    content = place.get("content", {}).get(JSON)
    if content is not None and "examples" not in content:
        content["examples"] = {"usual": {"value": value}}
