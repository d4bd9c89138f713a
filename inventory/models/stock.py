"""Stock: levels, the append-only ledger of movements, and the documents that correct it.

These are the tables; `inventory/ledger.py` alone writes levels and movements.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.constraints import walls
from tenants.fields import amount_field, changed_field
from tenants.models import Location, TenantForeignKey, TenantModel, TenantRow


class StockLevel(TenantRow):
    """How much of a variation lies at a location: the running sum of its movements."""

    variation = TenantForeignKey("inventory.Variation", related_name="levels")
    location = TenantForeignKey(Location, related_name="levels")
    quantity = amount_field(_("quantity"), default=0)

    class Meta(TenantRow.Meta):
        verbose_name = _("stock level")
        verbose_name_plural = _("stock levels")
        constraints = [
            *walls("stock_level", "variation", "location"),
            models.UniqueConstraint(
                fields=["business", "variation", "location"], name="stock_level_once"
            ),
        ]
        indexes = [models.Index(fields=["business", "location"], name="stock_level_at_location")]

    def __str__(self) -> str:
        return f"{self.quantity}"


class StockMovement(TenantRow):
    """One change of one level, by one line of one document. Never changed, never deleted."""

    class Kind(models.TextChoices):
        OPENING = "opening", _("Opening stock")
        SALE = "sale", _("Sale")
        REFUND = "refund", _("Return by customer")
        PURCHASE = "purchase", _("Purchase")
        PURCHASE_RETURN = "purchase_return", _("Return to supplier")
        TRANSFER_OUT = "transfer_out", _("Transfer out")
        TRANSFER_IN = "transfer_in", _("Transfer in")
        CORRECTION = "correction", _("Correction")
        COUNT = "count", _("Count")

    level = TenantForeignKey(StockLevel, related_name="movements")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    quantity = amount_field(_("quantity"))
    balance = amount_field(_("balance"))
    unit_cost = amount_field(_("unit cost"), default=0)
    # The document that moved it, whatever its table: a sale, a correction, an import.
    document_id = models.UUIDField(editable=False)
    document_number = models.CharField(_("document"), max_length=40, blank=True)
    line = models.PositiveIntegerField(default=0, editable=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        db_constraint=False,
        related_name="+",
    )
    created_at = models.DateTimeField(_("time"), default=timezone.now)
    # The log of what stock is where, for copies elsewhere too.
    changed = changed_field()

    class Meta(TenantRow.Meta):
        verbose_name = _("stock movement")
        verbose_name_plural = _("stock movements")
        constraints = [
            *walls("stock_movement", "level"),
            models.UniqueConstraint(
                fields=["business", "document_id", "kind", "line"], name="stock_movement_once"
            ),
        ]
        indexes = [
            models.Index(fields=["business", "level", "-id"], name="stock_movement_history"),
            models.Index(fields=["business", "changed", "id"], name="stock_movement_changed"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.quantity}"


class StockDocument(TenantModel):
    """Opening stock or a correction, with its reason; its lines are its movements."""

    # Said of one that a repeated request asked for again.
    was_recorded = False

    class Kind(models.TextChoices):
        OPENING = "opening", _("Opening stock")
        CORRECTION = "correction", _("Correction")

    class Reason(models.TextChoices):
        OPENING = "opening", _("Opening stock")
        DAMAGED = "damaged", _("Damaged")
        EXPIRED = "expired", _("Expired")
        LOST = "lost", _("Lost or stolen")
        FOUND = "found", _("Found")
        OWN_USE = "own_use", _("Own use")
        GIFT = "gift", _("Gift or sample")
        MISTAKE = "mistake", _("Earlier mistake")
        OTHER = "other", _("Other")

    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    number = models.CharField(_("number"), max_length=40)
    location = TenantForeignKey(Location, related_name="+", verbose_name=_("location"))
    reason = models.CharField(_("reason"), max_length=12, choices=Reason)
    note = models.CharField(_("note"), max_length=500, blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        verbose_name=_("by"),
    )
    created_at = models.DateTimeField(_("time"), default=timezone.now)

    class Meta(TenantModel.Meta):
        verbose_name = _("correction")
        verbose_name_plural = _("corrections")
        ordering = ("-created_at",)
        constraints = [
            *walls("stock_document", "location"),
            models.UniqueConstraint(fields=["business", "number"], name="stock_document_number"),
        ]
        indexes = [models.Index(fields=["business", "-created_at"], name="stock_document_newest")]

    def __str__(self) -> str:
        return self.number

    def movements(self) -> models.QuerySet[Any]:
        return StockMovement.objects.filter(document_id=self.pk)
