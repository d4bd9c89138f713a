"""Cash that moves without a sale, and the readings that close a register's day.

Both are written once and never changed: `sales/cash.py` and `sales/readings.py` write them.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Device
from sales.models.till import Register, Shift
from tenants.constraints import walls
from tenants.fields import amount_field
from tenants.models import TenantForeignKey, TenantModel


class CashMovement(TenantModel):
    """Cash put into a drawer or taken out of it without a sale; or a drawer that was opened only.

    `amount` is what the drawer gained, negative where it lost: the sum of a shift's movements is
    what they did to it. A mistake is corrected by another movement of the same kind and the opposite
    amount, which names it in `corrects`. The id is made by the client and makes the request
    repeatable, as that of a sale does.
    """

    # Of a movement in hand: it was not written now but found, recorded by the same request before.
    was_recorded = False

    class Kind(models.TextChoices):
        IN = "in", _("Paid in")
        OUT = "out", _("Paid out")
        DROP = "drop", _("Drop to the safe")
        OPEN = "open", _("Drawer opened")

    class Reason(models.TextChoices):
        CHANGE = "change", _("Change money")
        EXPENSE = "expense", _("Petty cash")
        SUPPLIER = "supplier", _("Supplier")
        SAFE = "safe", _("To the safe")
        BANK = "bank", _("To the bank")
        COUNT = "count", _("Count or check")
        MISTAKE = "mistake", _("Correction of a mistake")
        OTHER = "other", _("Other")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    shift = TenantForeignKey(Shift, related_name="movements", verbose_name=_("shift"))
    amount = amount_field(_("amount"))
    currency = models.CharField(max_length=3)
    reason = models.CharField(_("reason"), max_length=10, choices=Reason)
    note = models.CharField(_("note"), max_length=200, blank=True)
    corrects = TenantForeignKey(
        "self", null=True, related_name="corrections", verbose_name=_("corrects")
    )
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="+",
        verbose_name=_("by"),
    )
    device = TenantForeignKey(Device, null=True, related_name="+", verbose_name=_("device"))
    moved_at = models.DateTimeField(_("time"), default=timezone.now)
    business_date = models.DateField(_("date"))
    request_hash = models.CharField(max_length=64, blank=True, editable=False)

    class Meta(TenantModel.Meta):
        verbose_name = _("cash movement")
        verbose_name_plural = _("cash movements")
        ordering = ("-moved_at", "-id")
        constraints = [
            *walls("cash_movement", "shift", "corrects", "device"),
            models.UniqueConstraint(
                fields=["business", "corrects"],
                condition=Q(corrects__isnull=False),
                name="cash_movement_corrected_once",
            ),
            models.CheckConstraint(
                condition=Q(kind="in", amount__gt=0, corrects=None)
                | Q(kind="in", amount__lt=0, corrects__isnull=False)
                | Q(kind__in=("out", "drop"), amount__lt=0, corrects=None)
                | Q(kind__in=("out", "drop"), amount__gt=0, corrects__isnull=False)
                | Q(kind="open", amount=0, corrects=None),
                name="cash_movement_direction",
            ),
        ]
        indexes = [
            models.Index(fields=["business", "shift"], name="cash_movement_of_shift"),
            models.Index(fields=["business", "business_date"], name="cash_movement_by_date"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount:f}"


class ZReading(TenantModel):
    """What closes a register's day: its number, the shifts it is about, and their frozen totals.

    Numbers are consecutive for each register, from 1 on. It covers the shifts of the register from
    `first_shift` to `last_shift`, which is every one that no reading before it covers. `figures` are
    plain JSON, computed from the rows and recomputable to the same bytes; `grand_total` is the
    total of this reading and all before it. `content_hash` covers all that and the hash of the
    reading before.
    """

    # As of a movement.
    was_recorded = False

    register = TenantForeignKey(Register, related_name="readings", verbose_name=_("register"))
    number = models.PositiveIntegerField(_("number"))
    business_date = models.DateField(_("date"))
    first_shift = models.PositiveIntegerField(_("first shift"))
    last_shift = models.PositiveIntegerField(_("last shift"))
    began_at = models.DateTimeField(_("from"))
    ended_at = models.DateTimeField(_("until"))
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="+",
        verbose_name=_("taken by"),
    )
    device = TenantForeignKey(Device, null=True, related_name="+", verbose_name=_("device"))
    taken_at = models.DateTimeField(_("taken"), default=timezone.now)
    currency = models.CharField(max_length=3)
    figures = models.JSONField(_("figures"))
    total = amount_field(_("total"))
    grand_total = amount_field(_("total of all readings"))
    previous_hash = models.CharField(max_length=64, blank=True, editable=False)
    content_hash = models.CharField(max_length=64, editable=False)

    class Meta(TenantModel.Meta):
        verbose_name = _("Z reading")
        verbose_name_plural = _("Z readings")
        ordering = ("-taken_at", "-id")
        constraints = [
            *walls("z_reading", "register", "device"),
            models.UniqueConstraint(
                fields=["business", "register", "number"], name="z_reading_number"
            ),
            models.UniqueConstraint(
                fields=["business", "register", "last_shift"], name="z_reading_shift"
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1, first_shift__gte=1, last_shift__gte=F("first_shift")),
                name="z_reading_shifts",
            ),
        ]
        indexes = [
            models.Index(fields=["business", "-taken_at", "-id"], name="z_reading_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.register} Z{self.number}"

    def content(self) -> dict[str, Any]:
        """What the hash covers besides the hash before: nothing that another installation would
        give anew, such as ids."""
        names: tuple[tuple[str, int | date | datetime | str | Decimal], ...] = (
            ("number", self.number),
            ("business_date", self.business_date),
            ("first_shift", self.first_shift),
            ("last_shift", self.last_shift),
            ("began_at", self.began_at),
            ("ended_at", self.ended_at),
            ("taken_at", self.taken_at),
            ("currency", self.currency),
            ("total", self.total),
            ("grand_total", self.grand_total),
        )
        return {**dict(names), "figures": self.figures}
