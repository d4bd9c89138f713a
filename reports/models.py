"""Sums of what was sold, which `reports/folding.py` alone writes, after sales and out of their way.

All of it is derived: it can be dropped and made again at any time, and is never exported. A row is the
sum of the documents of every register up to that register's mark.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory.models import Variation
from sales.models import Register
from tenants.constraints import walls
from tenants.models import Location, TenantForeignKey, TenantRow


def sum_field() -> models.DecimalField[Any, Any]:
    """The sum of amounts, to four places, with room for as many as there will ever be."""
    return models.DecimalField(max_digits=30, decimal_places=4)


class RegisterMark(TenantRow):
    """How far a register's chain of documents is in the sums: to its place `upto`, and with it.

    A register's documents are committed in the order of their chain, whatever their dates, so nothing
    comes in behind the mark. The row is the lock of whoever adds to it.
    """

    register = TenantForeignKey(Register, related_name="+")
    upto = models.PositiveBigIntegerField()

    class Meta(TenantRow.Meta):
        verbose_name = _("mark of summaries")
        verbose_name_plural = _("marks of summaries")
        constraints = [
            *walls("register_mark", "register"),
            models.UniqueConstraint(fields=["business", "register"], name="register_mark_once"),
        ]

    def __str__(self) -> str:
        return str(self.upto)


class DaySummary(TenantRow):
    """What all documents of a location and a business date come to, as `sales.selection.Totals`.

    `documents` are all of them; the row goes when that comes back to zero.
    """

    location = TenantForeignKey(Location, related_name="+")
    business_date = models.DateField()
    documents = models.BigIntegerField()
    sales = models.BigIntegerField()
    voids = models.BigIntegerField()
    refunds = models.BigIntegerField()
    exchanges = models.BigIntegerField()
    total = sum_field()

    class Meta(TenantRow.Meta):
        verbose_name = _("day's summary")
        verbose_name_plural = _("days' summaries")
        constraints = [
            *walls("day_summary", "location"),
            models.UniqueConstraint(
                fields=["business", "business_date", "location"], name="day_summary_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.business_date} {self.total}"


class ProductSums(TenantRow):
    """What the lines of a variation come to at a location, less what came back; without what was
    written off, which was not sold.

    `revenue` is with tax, `net` without; `cost` is quantity by unit cost, not rounded. The row goes
    when `lines` comes back to zero.
    """

    location = TenantForeignKey(Location, related_name="+")
    variation = TenantForeignKey(Variation, related_name="+")
    lines = models.BigIntegerField()
    quantity = sum_field()
    revenue = sum_field()
    net = sum_field()
    cost = models.DecimalField(max_digits=42, decimal_places=8)

    class Meta(TenantRow.Meta):
        abstract = True


class ProductDay(ProductSums):
    """Of one business date."""

    business_date = models.DateField()

    class Meta(ProductSums.Meta):
        abstract = False
        verbose_name = _("product's day")
        verbose_name_plural = _("products' days")
        constraints = [
            *walls("product_day", "location", "variation"),
            models.UniqueConstraint(
                fields=["business", "business_date", "location", "variation"],
                name="product_day_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.business_date} {self.revenue}"


class ProductMonth(ProductSums):
    """Of the month of business dates that begins with `month`."""

    month = models.DateField()

    class Meta(ProductSums.Meta):
        abstract = False
        verbose_name = _("product's month")
        verbose_name_plural = _("products' months")
        constraints = [
            *walls("product_month", "location", "variation"),
            models.UniqueConstraint(
                fields=["business", "month", "location", "variation"], name="product_month_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month} {self.revenue}"
