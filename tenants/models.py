"""Businesses, their locations, and the base of every model that belongs to a business."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo, available_timezones

from babel.numbers import get_currency_precision, list_currencies
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants import context
from tenants.constraints import walls
from tenants.encryption import EncryptedTextField, SealedTextField
from tenants.fields import amount_field
from tenants.ids import uuid7
from tenants.scope import TenantManager, own

_PLAIN_AMOUNT: Final = re.compile(r"[0-9]{1,13}(\.[0-9]{1,4})?")


@cache
def time_zones() -> frozenset[str]:
    """The names of all time zones, which lie in hundreds of files."""
    return frozenset(available_timezones())


def validate_time_zone(value: str) -> None:
    if value not in time_zones():
        raise ValidationError(_("“%(value)s” is not a time zone."), params={"value": value})


def validate_currency(value: str) -> None:
    if value not in list_currencies():
        raise ValidationError(
            _("“%(value)s” is not an ISO 4217 currency."), params={"value": value}
        )


class Business(models.Model):
    """One tenant. A platform table: read to find out which business a request is for."""

    # Words that begin other addresses or would mislead as the name of a shop.
    RESERVED_SLUGS = frozenset({"admin", "api", "static", "media", "new", "till", "b"})

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(_("name"), max_length=200)
    slug = models.SlugField(
        _("address"), max_length=60, unique=True, help_text=_("Stands in every web address.")
    )
    currency = models.CharField(_("currency"), max_length=3, validators=[validate_currency])
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="UTC", validators=[validate_time_zone]
    )
    locale = models.CharField(
        _("format of numbers and dates"),
        max_length=20,
        default="en_GB",
        help_text=_("Such as en_GB."),
    )
    tax_label = models.CharField(_("name of the tax"), max_length=30, default="VAT")
    tax_number = EncryptedTextField(_("tax number"), blank=True, default="")
    prices_include_tax = models.BooleanField(_("new products have prices with tax"), default=True)
    cash_step = amount_field(
        _("smallest cash amount"),
        default=0,
        help_text=_("Cash totals are rounded to it, such as 0.05. 0 keeps them as they are."),
    )
    settings = models.JSONField(default=dict, blank=True, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    # Whether anybody listens: kept by webhooks/endpoints.py, so that a sale need not look.
    sends_webhooks = models.BooleanField(default=False, db_default=False, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("business")
        verbose_name_plural = _("businesses")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.slug in self.RESERVED_SLUGS:
            raise ValidationError({"slug": _("This address is reserved.")})

    @property
    def digits(self) -> int:
        """Decimals of the currency's minor unit, ISO 4217 (EUR 2, JPY 0, KWD 3)."""
        return get_currency_precision(self.currency)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def cash_limit(self) -> Decimal | None:
        """Above which amount cash moves in and out of a drawer only with a supervisor's approval, in
        the business's currency; None where there is no limit."""
        # Settings may have come in with a file, whoever wrote that.
        text = str(self.settings.get("cash_limit", ""))
        return Decimal(text) if _PLAIN_AMOUNT.fullmatch(text) else None


class TenantForeignKey(models.ForeignKey):  # type: ignore[type-arg]
    """A reference to a row of the same business.

    Its key in the database is the composite one that `walls()` makes, and no index of its own: an
    index that a query needs begins with the business and stands in the model.
    """

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs.setdefault("db_constraint", False)
        kwargs.setdefault("db_index", False)
        super().__init__(to, on_delete, **kwargs)

    def get_joining_fields(self, reverse_join: bool = False) -> tuple[Any, ...]:
        """What a JOIN compares: the columns of the composite key.

        So no join leaves the business. And PostgreSQL, which is told the business of one table,
        knows of all others how many rows to expect; by row-level security alone it expects those of
        a business of average size, and a large one among small ones waits for the wrong plan.
        """
        ours, theirs = self.model, self.remote_field.model
        if reverse_join:
            ours, theirs = theirs, ours
        business = (ours._meta.get_field("business"), theirs._meta.get_field("business"))
        return (*super().get_joining_fields(reverse_join), business)


class TenantModel(models.Model):
    """A row that belongs to one business, with an id that tells nothing.

    `objects` shows and writes the bound business only; unbound it raises NoBusiness.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    business = models.ForeignKey(
        Business, on_delete=models.PROTECT, db_index=False, editable=False, related_name="+"
    )

    objects: ClassVar[Any] = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = default_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        own(self)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        own(self)
        # Django deletes a single object by its bare key, whatever the instance says; ask the scope.
        if not type(self)._base_manager.filter(pk=self.pk).exists():
            return 0, {}
        return super().delete(*args, **kwargs)


class TenantRow(TenantModel):
    """A row under another one: numbered, and without a key to the business of its own.

    It reaches the business through its composite references; each key is checked on every insert,
    and sales insert many rows.
    """

    id = models.BigAutoField(primary_key=True)  # type: ignore[assignment]
    business = models.ForeignKey(
        Business,
        on_delete=models.PROTECT,
        db_index=False,
        db_constraint=False,
        editable=False,
        related_name="+",
    )

    class Meta(TenantModel.Meta):
        abstract = True


class Location(TenantModel):
    """A shop, a warehouse, a stall: where stock lies and tills stand."""

    class BelowZero(models.TextChoices):
        REFUSE = "refuse", _("Refuse the sale")
        ALLOW = "allow", _("Sell and report it")

    code = models.CharField(
        _("code"),
        max_length=20,
        validators=[RegexValidator(r"^[A-Za-z0-9-]+$", _("Letters and digits."))],
    )
    name = models.CharField(_("name"), max_length=200)
    address = models.TextField(_("address"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    own_time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        blank=True,
        validators=[validate_time_zone],
        help_text=_("Empty: the time zone of the business."),
    )
    receipt_header = models.TextField(_("top of the receipt"), blank=True)
    receipt_footer = models.TextField(_("bottom of the receipt"), blank=True)
    below_zero = models.CharField(
        _("when stock runs out"), max_length=10, choices=BelowZero, default=BelowZero.REFUSE
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta(TenantModel.Meta):
        verbose_name = _("location")
        verbose_name_plural = _("locations")
        ordering = ("name",)
        constraints = [
            *walls("location"),
            models.UniqueConstraint(fields=["business", "code"], name="location_code"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def time_zone(self) -> str:
        return self.own_time_zone or context.current().time_zone

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class ExternalReference(TenantModel):
    """What a row was called where it came from, so that a second import finds it again."""

    source = models.CharField(max_length=60)
    table = models.CharField(max_length=40)
    # Of customers a keyed hash, with the id itself in `sealed_id`: archive/remembered.py keeps them.
    external_id = models.CharField(max_length=100)
    sealed_id = SealedTextField(blank=True, default="", db_default="")
    object_id = models.CharField(max_length=40)
    # Of the row as it was last brought in: an import changes only what has changed over there.
    fingerprint = models.CharField(max_length=32, blank=True, default="")

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("external_reference"),
            models.UniqueConstraint(
                fields=["business", "source", "table", "external_id"],
                name="external_reference_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.table} {self.sealed_id or self.external_id}"
