"""Registers and shifts: where sales are made, and who answers for the drawer."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Device
from tenants.constraints import walls
from tenants.fields import amount_field
from tenants.models import Location, TenantForeignKey, TenantModel


class Register(TenantModel):
    """A till. Its row is the lock for its receipt numbers, which have no gaps.

    The counters say the last number given, the chain the place and hash of its last document; only
    `sales/posting.py` writes them.
    """

    name = models.CharField(_("name"), max_length=100)
    location = TenantForeignKey(Location, related_name="registers", verbose_name=_("location"))
    prefix = models.CharField(
        _("receipt prefix"),
        max_length=12,
        validators=[RegexValidator(r"^[A-Z0-9]+$", _("Capital letters and digits."))],
        help_text=_("Begins every receipt number of this register, such as HS1."),
    )
    device = TenantForeignKey(
        Device, null=True, blank=True, related_name="registers", verbose_name=_("terminal")
    )
    is_active = models.BooleanField(_("active"), default=True)
    # Holds the documents of an older system, under their own numbers; nobody sells here.
    is_history = models.BooleanField(default=False, editable=False)
    sale_counter = models.PositiveBigIntegerField(default=0, editable=False)
    void_counter = models.PositiveBigIntegerField(default=0, editable=False)
    refund_counter = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    exchange_counter = models.PositiveBigIntegerField(default=0, db_default=0, editable=False)
    chain_length = models.PositiveBigIntegerField(default=0, editable=False)
    chain_hash = models.CharField(max_length=64, default="", editable=False)

    class Meta(TenantModel.Meta):
        verbose_name = _("register")
        verbose_name_plural = _("registers")
        ordering = ("name",)
        constraints = [
            *walls("register", "location", "device"),
            models.UniqueConstraint(
                fields=["business", "prefix"],
                name="register_prefix",
                violation_error_message=_("Another register has this prefix."),
            ),
            models.UniqueConstraint(
                fields=["business", "device"],
                name="register_device",
                violation_error_message=_("Another register has this terminal."),
            ),
        ]
        indexes = [models.Index(fields=["business", "location"], name="register_at_location")]

    def __str__(self) -> str:
        return self.name


class NumberSeries(TenantModel):
    """Receipt numbers that one device gives by itself, while the server cannot be reached.

    It belongs to one register and one device for good; a device that was reset or paired anew gets
    another. `code` stands between the register's prefix and the counter, and once in a business. A
    till in a browser is no device: it made the id of its series itself.
    """

    register = TenantForeignKey(Register, related_name="series", verbose_name=_("register"))
    device = TenantForeignKey(Device, null=True, related_name="series", verbose_name=_("device"))
    code = models.CharField(_("code"), max_length=4)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(TenantModel.Meta):
        verbose_name = _("series of receipt numbers")
        verbose_name_plural = _("series of receipt numbers")
        ordering = ("code",)
        constraints = [
            *walls("number_series", "register", "device"),
            models.UniqueConstraint(fields=["business", "code"], name="number_series_code"),
        ]
        indexes = [models.Index(fields=["business", "device"], name="number_series_of_device")]

    def __str__(self) -> str:
        return self.code


class Shift(TenantModel):
    """The time between opening and counting a drawer, in one person's name.

    `expected_cash` is the float plus all cash taken less change, frozen when the shift is closed;
    `difference` is what was counted less what was expected, negative when cash is missing.
    """

    register = TenantForeignKey(Register, related_name="shifts", verbose_name=_("register"))
    number = models.PositiveIntegerField(_("number"))
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="+",
        verbose_name=_("opened by"),
    )
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    opening_float = amount_field(_("opening float"), default=0)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="+",
        null=True,
        verbose_name=_("closed by"),
    )
    closed_at = models.DateTimeField(_("closed"), null=True)
    counted_cash = amount_field(_("counted cash"), null=True)
    expected_cash = amount_field(_("expected cash"), null=True)
    difference = amount_field(_("difference"), null=True)
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta(TenantModel.Meta):
        verbose_name = _("shift")
        verbose_name_plural = _("shifts")
        ordering = ("-opened_at",)
        constraints = [
            *walls("shift", "register"),
            models.UniqueConstraint(fields=["business", "register", "number"], name="shift_number"),
            models.UniqueConstraint(
                fields=["business", "register"],
                condition=Q(closed_at=None),
                name="shift_open_once",
            ),
            models.CheckConstraint(condition=Q(opening_float__gte=0), name="shift_float"),
            models.CheckConstraint(
                condition=Q(closed_at=None, counted_cash=None, expected_cash=None, difference=None)
                | Q(
                    closed_at__isnull=False,
                    counted_cash__isnull=False,
                    expected_cash__isnull=False,
                    difference__isnull=False,
                ),
                name="shift_closed_whole",
            ),
        ]
        indexes = [models.Index(fields=["business", "-opened_at"], name="shift_newest")]

    def __str__(self) -> str:
        return f"{self.register} #{self.number}"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None
