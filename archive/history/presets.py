"""Maps of files that we know."""

from __future__ import annotations

from typing import Any, Final

# UCI Online Retail: a wholesaler of gifts in the United Kingdom (Chen, Sain and Guo, 2012).
ONLINE_RETAIL: Final[dict[str, Any]] = {
    "source": "online-retail",
    "columns": {
        "number": "InvoiceNo",
        "code": "StockCode",
        "name": "Description",
        "quantity": "Quantity",
        "time": "InvoiceDate",
        "price": "UnitPrice",
        "customer": "CustomerID",
    },
    "time": "%Y-%m-%d %H:%M:%S",
    "zone": "Europe/London",
    "kinds": [
        {"kind": "return", "column": "InvoiceNo", "starts_with": "C"},
        {"kind": "adjustment", "column": "InvoiceNo", "starts_with": "A"},
    ],
    # Postage, carriage, discounts, manual entries, samples, fees: nothing that lies on a shelf.
    "services": [
        "POST", "DOT", "C2", "C3", "D", "M", "S", "B", "CRUK", "BANK CHARGES",
        "AMAZONFEE", "ADJUST", "ADJUST2", "TEST001", "TEST002",
    ],
    "vouchers": ["gift_*"],
    "customers": {"source": "online-retail", "name": "Customer {}", "drop_ending": ".0"},
}  # fmt: skip

PRESETS: Final[dict[str, dict[str, Any]]] = {"online-retail": ONLINE_RETAIL}
