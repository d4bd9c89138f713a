"""Column types that several packages share."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import models


def amount_field(label: Any = None, **kwargs: Any) -> models.DecimalField[Any, Any]:
    """numeric(18,4): money, unit prices, costs and quantities, exact to four places."""
    if "default" in kwargs:
        # A fresh row must hold what a stored one does: a Decimal.
        kwargs["default"] = Decimal(kwargs["default"])
    return models.DecimalField(label, max_digits=18, decimal_places=4, **kwargs)
