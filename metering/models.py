"""Limits of keys, what they have asked for each day, and the ledger of API credits.

`metering/storing.py` counts, `metering/ledger.py` alone writes the ledger.
"""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Device
from tenants.constraints import walls
from tenants.models import TenantForeignKey, TenantModel, TenantRow
from tenants.scope import TenantQuerySet


class KeyLimit(TenantRow):
    """The limits of one key where they are not the usual ones; None is the usual one."""

    device = TenantForeignKey(Device, related_name="limits", verbose_name=_("key"))
    per_day = models.PositiveBigIntegerField(_("requests a day"), null=True)
    per_month = models.PositiveBigIntegerField(_("requests a month"), null=True)

    class Meta(TenantRow.Meta):
        verbose_name = _("limit of a key")
        verbose_name_plural = _("limits of keys")
        constraints = [
            # Read where counts of several businesses are written.
            *walls("key_limit", "device", open_when_unbound=True),
            models.UniqueConstraint(fields=["business", "device"], name="key_limit_once"),
        ]

    def __str__(self) -> str:
        return f"{self.per_day} {self.per_month}"


class KeyDay(TenantRow):
    """How many requests of a key were let in on one day (UTC), and how many were refused.

    `charged` of them cost a credit each, and `folded` of these are in the ledger. Processes add for
    several businesses at once: it holds ids and counts alone.
    """

    device = TenantForeignKey(Device, related_name="days", verbose_name=_("key"))
    day = models.DateField(_("day"))
    count = models.PositiveBigIntegerField(_("requests"))
    charged = models.PositiveBigIntegerField(_("for credits"))
    folded = models.PositiveBigIntegerField(_("in the ledger"))
    refused = models.PositiveBigIntegerField(_("refused"))

    class Meta(TenantRow.Meta):
        verbose_name = _("requests of a day")
        verbose_name_plural = _("requests by day")
        constraints = [
            *walls("key_day", "device", open_when_unbound=True),
            models.UniqueConstraint(fields=["business", "device", "day"], name="key_day_once"),
            models.CheckConstraint(
                condition=Q(folded__lte=F("charged")) & Q(charged__lte=F("count")),
                name="key_day_in_order",
            ),
        ]
        indexes = [
            models.Index(fields=["business", "day"], name="key_day_of_business"),
            models.Index(
                fields=["business", "day"], condition=Q(charged__gt=F("folded")), name="key_day_due"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.count}"


class ApiAccount(TenantModel):
    """A business's API credits: `balance` is the sum of its entries, `pending` what was used and is
    not in the ledger yet. What is left is their difference.

    The row is the lock for everything that changes it. Below zero come only tills, which are never
    refused.
    """

    id = models.BigAutoField(primary_key=True)  # type: ignore[assignment]
    balance = models.BigIntegerField(_("in the ledger"))
    pending = models.PositiveBigIntegerField(_("used since"))
    # The number of the last one.
    entries_made = models.PositiveBigIntegerField(editable=False)

    class Meta(TenantModel.Meta):
        verbose_name = _("API credits")
        verbose_name_plural = _("API credits")
        constraints = [
            *walls("api_account", open_when_unbound=True),
            models.UniqueConstraint(fields=["business"], name="api_account_once"),
        ]

    def __str__(self) -> str:
        return str(self.left)

    @property
    def left(self) -> int:
        return self.balance - self.pending


class Unchangeable(TypeError):
    """Somebody tried to change or remove an entry of the ledger."""

    def __init__(self) -> None:
        super().__init__("Entries of API credits are never changed. Post a correction.")


class EntryQuerySet(TenantQuerySet[Any]):
    """Adds and reads, and refuses the rest."""

    def update(self, **values: Any) -> NoReturn:
        raise Unchangeable

    def bulk_update(self, *args: Any, **options: Any) -> NoReturn:
        raise Unchangeable

    def delete(self) -> NoReturn:
        raise Unchangeable


class ApiEntry(TenantRow):
    """One change of the credits. Positive comes in, negative is used or taken. Never changed and
    never deleted but with its whole business: numbers without gaps, and each with the balance after
    it, so that what is missing is noticed (`verify_data`)."""

    class Kind(models.TextChoices):
        GRANTED = "granted", _("Granted")
        BOUGHT = "bought", _("Bought")
        USED = "used", _("Used")
        CORRECTED = "corrected", _("Corrected")

    account = TenantForeignKey(ApiAccount, related_name="entries")
    number = models.PositiveBigIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    amount = models.BigIntegerField(_("credits"))
    balance = models.BigIntegerField(_("balance"))
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    # Of who gave them: one reference is one entry.
    reference = models.CharField(_("reference"), max_length=80, blank=True)
    # Of what was used: by which key, on which day, and up to which of its requests.
    device = TenantForeignKey(
        Device, null=True, blank=True, related_name="+", verbose_name=_("key")
    )
    day = models.DateField(_("day"), null=True, blank=True)
    upto = models.PositiveBigIntegerField(null=True, editable=False)
    actor: Any = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        verbose_name=_("by"),
    )
    created_at = models.DateTimeField(_("time"), default=timezone.now)

    objects: ClassVar[Any] = models.Manager.from_queryset(EntryQuerySet)()

    class Meta(TenantRow.Meta):
        verbose_name = _("entry of API credits")
        verbose_name_plural = _("entries of API credits")
        constraints = [
            *walls("api_entry", "account", "device"),
            models.UniqueConstraint(fields=["business", "number"], name="api_entry_number"),
            models.UniqueConstraint(
                fields=["business", "reference"],
                condition=~Q(reference=""),
                name="api_entry_reference",
            ),
            models.UniqueConstraint(
                fields=["business", "device", "day", "upto"], name="api_entry_used_once"
            ),
            models.CheckConstraint(condition=~Q(amount=0), name="api_entry_not_nothing"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise Unchangeable
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise Unchangeable
