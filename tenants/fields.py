"""Column types that several packages share."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.deconstruct import deconstructible


@deconstructible(path="tenants.fields.WritingTransaction")
class WritingTransaction(models.Func):
    """The number of the transaction that writes the row; 0 on SQLite, where triggers number rows.

    Called stable by PostgreSQL, so a column with this default is added without touching its rows.
    """

    output_field = models.BigIntegerField()

    def as_sql(self, *args: Any, **kwargs: Any) -> Any:
        return "0", []

    def as_postgresql(self, *args: Any, **kwargs: Any) -> Any:
        return "pg_current_xact_id()::text::bigint", []


def changed_field() -> models.BigIntegerField[Any, Any]:
    """Which transaction wrote the row last, by which copies elsewhere find what is new (`sync/`).

    The database fills it: by this default, and at updates by triggers. Nobody else writes it.
    """
    return models.BigIntegerField(db_default=WritingTransaction(), editable=False)


def amount_field(label: Any = None, **kwargs: Any) -> models.DecimalField[Any, Any]:
    """numeric(18,4): money, unit prices, costs and quantities, exact to four places."""
    if "default" in kwargs:
        # A fresh row must hold what a stored one does: a Decimal.
        kwargs["default"] = Decimal(kwargs["default"])
    return models.DecimalField(label, max_digits=18, decimal_places=4, **kwargs)
