"""Sums of what was sold, which `reports/folding.py` alone writes, after sales and out of their way.

All of it is derived: it can be dropped and made again at any time, and is never exported. A row is the
sum of the documents of every register up to that register's mark.

Quantities and amounts are whole numbers of ten-thousandths: a database adds those up in half the time
that it takes for decimals.
"""

from __future__ import annotations

from typing import Any, Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from inventory.models import Variation
from sales.models import Register
from tenants.constraints import walls
from tenants.models import Location, TenantForeignKey, TenantRow

#: How many of what is summed up make one piece, or one unit of the currency.
PARTS: Final = 10_000
#: Tables of the release before, which goes on with them while this one is rolled out or after going
#: back. They have their walls and hold nothing back; the next release drops them.
LEFT_OVER: Final = frozenset(
    {
        "reports_daysummary",
        "reports_productday",
        "reports_productmonth",
        "reports_registermark",
    }
)


def in_parts(amount: str) -> str:
    """SQL for an amount of at most four places as it is kept here; for SQLite, which counts in
    floating point, to the nearest."""
    return f"CAST(ROUND({amount} * {PARTS}) AS bigint)"


class Mark(TenantRow):
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
            *walls("mark", "register"),
            models.UniqueConstraint(fields=["business", "register"], name="mark_once"),
        ]

    def __str__(self) -> str:
        return str(self.upto)


class DaySum(TenantRow):
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
    total = models.BigIntegerField()

    class Meta(TenantRow.Meta):
        verbose_name = _("day's summary")
        verbose_name_plural = _("days' summaries")
        constraints = [
            *walls("day_sum", "location"),
            models.UniqueConstraint(
                fields=["business", "business_date", "location"], name="day_sum_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.business_date} {self.total}"


class ProductSum(TenantRow):
    """What the lines of a variation come to at a location from the business date `begins` on, less what
    came back; without what was written off, which was not sold.

    `revenue` is with tax, `net` without; `cost` is quantity by unit cost, a decimal that is not
    rounded. The row goes when `lines` comes back to zero.
    """

    location = TenantForeignKey(Location, related_name="+")
    variation = TenantForeignKey(Variation, related_name="+")
    begins = models.DateField()
    lines = models.BigIntegerField()
    quantity = models.BigIntegerField()
    revenue = models.BigIntegerField()
    net = models.BigIntegerField()
    cost: models.DecimalField[Any, Any] = models.DecimalField(max_digits=42, decimal_places=8)

    class Meta(TenantRow.Meta):
        abstract = True

    def __str__(self) -> str:
        return f"{self.begins} {self.revenue}"


def _of_products(table: str) -> list[Any]:
    keys = ["business", "begins", "location", "variation"]
    once = models.UniqueConstraint(fields=keys, name=f"{table}_once")
    return [*walls(table, "location", "variation"), once]


class ProductDaySum(ProductSum):
    """Of one day."""

    class Meta(ProductSum.Meta):
        abstract = False
        verbose_name = _("product's day")
        verbose_name_plural = _("products' days")
        constraints = _of_products("product_day_sum")


class ProductMonthSum(ProductSum):
    """Of the month that begins then."""

    class Meta(ProductSum.Meta):
        abstract = False
        verbose_name = _("product's month")
        verbose_name_plural = _("products' months")
        constraints = _of_products("product_month_sum")


class ProductYearSum(ProductSum):
    """Of the year that begins then."""

    class Meta(ProductSum.Meta):
        abstract = False
        verbose_name = _("product's year")
        verbose_name_plural = _("products' years")
        constraints = _of_products("product_year_sum")
