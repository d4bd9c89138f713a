"""Sales and their reversals: documents that are written once and never changed.

`sales/posting.py` is the only writer.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Round
from django.db.models.lookups import Exact
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Device
from inventory.models import Variation
from sales.models.customer import Customer
from sales.models.till import Register, Shift
from tenants.constraints import TenantPartReference, walls
from tenants.fields import amount_field
from tenants.models import Business, Location, TenantForeignKey, TenantModel, TenantRow


def adds_up(total: str, *parts: str) -> Q:
    """A condition that `total` is the sum of `parts`, to four places.

    Rounded, because SQLite keeps decimals as floating point, where 0.1 + 0.2 is not 0.3.
    """
    rest: Any = F(total)
    for part in parts:
        rest = rest - F(part)
    return Q(Exact(Round(rest, 4), 0))


class Sale(TenantModel):
    """A sale; a void, refund or exchange that refers to one; or a document of imported history.

    What is given back has negative amounts: sums over all documents are what really happened. A
    void takes all of a sale back, a refund some of its lines, an exchange sells others in return.
    The id is made by the client and is the idempotency key: `request_hash` tells the same request
    from another one with that id. Returns, adjustments and write-offs come in with a shop's history
    only, on a register that is marked so, under the numbers that they had.
    """

    # Of a document in hand: it was not written now but found, recorded by the same request before.
    was_recorded = False
    # Of a document that was written now: what there is left of each variation that it moved.
    stock_left: Mapping[uuid.UUID, Decimal] = MappingProxyType({})

    class Kind(models.TextChoices):
        SALE = "sale", _("Sale")
        VOID = "void", _("Void")
        REFUND = "refund", _("Refund")
        EXCHANGE = "exchange", _("Exchange")
        RETURN = "return", _("Return")
        ADJUSTMENT = "adjustment", _("Adjustment")
        WRITE_OFF = "write_off", _("Write-off")

    # Without a key of its own to the business: it reaches that through its register's, and each key
    # is checked on every sale.
    business = models.ForeignKey(
        Business,
        on_delete=models.PROTECT,
        db_index=False,
        db_constraint=False,
        editable=False,
        related_name="+",
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.SALE)
    number = models.CharField(_("receipt"), max_length=40)
    counter = models.PositiveBigIntegerField(editable=False)
    # The device's own series that the number is of; empty for the register's.
    series = models.CharField(max_length=4, blank=True, default="", db_default="", editable=False)
    # Recorded by a device while the server could not be reached, and told later.
    is_offline = models.BooleanField(
        _("made offline"), default=False, db_default=False, editable=False
    )
    location = TenantForeignKey(Location, related_name="+", verbose_name=_("location"))
    register = TenantForeignKey(Register, related_name="+", verbose_name=_("register"))
    shift = TenantForeignKey(Shift, related_name="sales", verbose_name=_("shift"))
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="+",
        verbose_name=_("sold by"),
    )
    device = TenantForeignKey(Device, null=True, related_name="+", verbose_name=_("device"))
    customer = TenantForeignKey(
        Customer, null=True, related_name="sales", verbose_name=_("customer")
    )
    # The document whose lines come back: all of them in a void (a unique key, so that there is
    # one), some in refunds and exchanges.
    reverses = TenantForeignKey("self", null=True, related_name="reversals")
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)

    sold_at = models.DateTimeField(_("time"))
    business_date = models.DateField(_("date"))
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    currency = models.CharField(max_length=3)
    item_count = amount_field(_("items"))
    subtotal = amount_field(_("subtotal"))
    discount = amount_field(_("discount"))
    net = amount_field(_("net"))
    tax = amount_field(_("tax"))
    total = amount_field(_("total"))
    # What rounding to the smallest coin added to the total; negative when it took away.
    rounding = amount_field(_("rounding"), default=0)
    discount_kind = models.CharField(max_length=10, blank=True)
    discount_value = amount_field(null=True)

    request_hash = models.CharField(max_length=64, editable=False)
    chain_index = models.PositiveBigIntegerField(editable=False)
    previous_hash = models.CharField(max_length=64, blank=True, editable=False)
    content_hash = models.CharField(max_length=64, editable=False)

    class Meta(TenantModel.Meta):
        verbose_name = _("sale")
        verbose_name_plural = _("sales")
        ordering = ("-sold_at", "-id")
        constraints = [
            *walls("sale", "location", "register", "shift", "device", "customer", "reverses"),
            models.UniqueConstraint(fields=["business", "number"], name="sale_number"),
            models.UniqueConstraint(
                fields=["business", "register", "kind", "counter"],
                condition=Q(series=""),
                name="sale_own_counter",
            ),
            models.UniqueConstraint(
                fields=["business", "series", "counter"],
                condition=~Q(series=""),
                name="sale_series_counter",
            ),
            models.UniqueConstraint(
                fields=["business", "register", "chain_index"], name="sale_chain"
            ),
            models.UniqueConstraint(
                fields=["business", "reverses"],
                condition=Q(kind="void"),
                name="sale_voided_once",
            ),
            models.CheckConstraint(
                condition=Q(kind="sale", reverses=None, total__gte=0)
                | Q(kind="void", reverses__isnull=False, total__lte=0)
                | Q(kind="refund", reverses__isnull=False, total__lte=0)
                | Q(kind="exchange", reverses__isnull=False)
                | Q(kind="return", reverses=None, total__lte=0)
                | Q(kind="adjustment", reverses=None)
                | Q(kind="write_off", reverses=None, total=0),
                name="sale_kind",
            ),
            models.CheckConstraint(condition=adds_up("total", "net", "tax"), name="sale_adds_up"),
        ]
        indexes = [
            models.Index(fields=["business", "-sold_at", "-id"], name="sale_newest"),
            models.Index(fields=["business", "business_date"], name="sale_by_date"),
            models.Index(fields=["business", "shift"], name="sale_of_shift"),
            models.Index(fields=["business", "customer", "-sold_at"], name="sale_of_customer"),
            # Deleting a whole business asks of every sale whether something reverses it.
            models.Index(
                fields=["business", "reverses"],
                condition=Q(reverses__isnull=False),
                name="sale_reversed",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def to_pay(self) -> Decimal:
        """Total and cash rounding: what the payments come to."""
        payable: Decimal = self.total + self.rounding
        return payable


class SaleLine(TenantRow):
    """One line as it was sold; names and prices are copies, so that history stays.

    gross = quantity x unit price; discount and sale_discount are this line's own and its share of
    the sale's. net + tax = total. What comes back has negative amounts, all but the unit price.
    In a refund or exchange such a line names the one it takes from, `refunds` and `refunds_line`;
    goods that are not put back on the shelf are not `is_stocked` there, and cost nothing: what they
    had cost stays with the sale.
    """

    sale = TenantForeignKey(Sale, on_delete=models.PROTECT, related_name="lines")
    line = models.PositiveIntegerField()
    variation = TenantForeignKey(Variation, related_name="+", verbose_name=_("product"))
    name = models.CharField(_("name"), max_length=520)
    sku = models.CharField(_("SKU"), max_length=100, blank=True)
    quantity = amount_field(_("quantity"))
    unit_price = amount_field(_("unit price"))
    unit_cost = amount_field(_("unit cost"), default=0)
    gross = amount_field(_("gross"))
    discount = amount_field(_("discount"))
    sale_discount = amount_field(_("share of the sale's discount"))
    net = amount_field(_("net"))
    tax = amount_field(_("tax"))
    total = amount_field(_("total"))
    tax_name = models.CharField(_("tax rate"), max_length=100, blank=True)
    tax_rate = models.DecimalField(_("percent"), max_digits=9, decimal_places=4)
    tax_inclusive = models.BooleanField()
    discount_kind = models.CharField(max_length=10, blank=True)
    discount_value = amount_field(null=True)
    is_stocked = models.BooleanField()
    refunds = TenantForeignKey(
        Sale,
        null=True,
        on_delete=models.PROTECT,
        related_name="refund_lines",
        verbose_name=_("takes back from"),
    )
    refunds_line = models.PositiveIntegerField(_("its line"), null=True)

    class Meta(TenantRow.Meta):
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        ordering = ("line",)
        constraints = [
            *walls("sale_line", "sale", "variation", "refunds"),
            models.UniqueConstraint(fields=["business", "sale", "line"], name="sale_line_once"),
            TenantPartReference(
                fields=("refunds", "refunds_line"),
                target=("sale", "line"),
                name="sale_line_refunds_line_ref",
            ),
            models.CheckConstraint(
                condition=Q(refunds=None, refunds_line=None)
                | Q(refunds__isnull=False, refunds_line__isnull=False, quantity__lt=0),
                name="sale_line_refund",
            ),
            models.CheckConstraint(
                condition=adds_up("total", "net", "tax"), name="sale_line_adds_up"
            ),
        ]
        indexes = [
            models.Index(fields=["business", "variation"], name="sale_line_of_variation"),
            # What has come back of a sale: read under its lock by whoever takes more of it back.
            models.Index(
                fields=["business", "refunds"],
                condition=Q(refunds__isnull=False),
                name="sale_line_refunded",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Payment(TenantRow):
    """One tender. `amount` is what it paid of the sale; cash given is amount + change."""

    class Method(models.TextChoices):
        CASH = "cash", _("Cash")
        CARD = "card", _("Card")
        CREDIT = "credit", _("Customer credit")
        OTHER = "other", _("Other")

    sale = TenantForeignKey(Sale, on_delete=models.PROTECT, related_name="payments")
    line = models.PositiveIntegerField()
    method = models.CharField(_("method"), max_length=10, choices=Method)
    amount = amount_field(_("amount"))
    tendered = amount_field(_("given"))
    change = amount_field(_("change"), default=0)
    card_brand = models.CharField(_("card"), max_length=20, blank=True)
    card_last4 = models.CharField(_("last four digits"), max_length=4, blank=True)
    reference = models.CharField(_("reference"), max_length=60, blank=True)

    class Meta(TenantRow.Meta):
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ("line",)
        constraints = [
            *walls("payment", "sale"),
            models.UniqueConstraint(fields=["business", "sale", "line"], name="payment_once"),
            models.CheckConstraint(
                condition=adds_up("tendered", "amount", "change")
                & Q(change__gte=0)
                & (Q(method="cash") | Q(change=0)),
                name="payment_change",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.amount}"
