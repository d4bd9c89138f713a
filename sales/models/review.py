"""What a manager has to look at: sales made offline that did not fit what the server knew."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Device
from sales.models.document import Sale
from sales.models.till import Register
from tenants.constraints import walls
from tenants.encryption import SealedJSONField
from tenants.fields import amount_field
from tenants.models import Location, TenantForeignKey, TenantModel


class ReviewItem(TenantModel):
    """One sale made offline, and why somebody should look at it. Settled once, never deleted.

    A `remark` stands beside a sale that is in the books as the customer was charged. What cannot be
    a document is `held`: kept here whole, in no book, until somebody posts it (`sale` then names
    it) or closes it. `request_id` is the id that the device gave the sale; `number` is what stands
    on the receipt that the customer has, `series` and `counter` its parts where a device gave it.
    """

    class Kind(models.TextChoices):
        REMARK = "remark", _("Recorded")
        HELD = "held", _("Held")

    class Settlement(models.TextChoices):
        ACCEPTED = "accepted", _("Accepted")
        POSTED = "posted", _("Recorded later")
        CLOSED = "closed", _("Closed without recording")

    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    request_id = models.UUIDField(editable=False)
    request_hash = models.CharField(max_length=64, editable=False)
    sale = TenantForeignKey(
        Sale, on_delete=models.PROTECT, null=True, related_name="reviews", verbose_name=_("sale")
    )
    location = TenantForeignKey(Location, null=True, related_name="+", verbose_name=_("location"))
    register = TenantForeignKey(Register, null=True, related_name="+", verbose_name=_("register"))
    device = TenantForeignKey(Device, null=True, related_name="+", verbose_name=_("device"))
    operator = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        verbose_name=_("sold by"),
    )
    number = models.CharField(_("receipt"), max_length=40, blank=True)
    series = models.CharField(max_length=4, blank=True, editable=False)
    counter = models.PositiveBigIntegerField(null=True, editable=False)
    sold_at = models.DateTimeField(_("time"))
    total = amount_field(_("total"), null=True)
    # [{"code": …, what it is about}]: figures and names of products, and no persons.
    reasons = models.JSONField(default=list)
    # The request of what is held; what was sold to whom is in no other table.
    body = SealedJSONField(null=True, editable=False)
    created_at = models.DateTimeField(_("received"), default=timezone.now, editable=False)

    settlement = models.CharField(_("settled"), max_length=10, choices=Settlement, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
        verbose_name=_("settled by"),
    )
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta(TenantModel.Meta):
        verbose_name = _("sale to review")
        verbose_name_plural = _("sales to review")
        ordering = ("-created_at", "-id")
        constraints = [
            *walls("review_item", "sale", "location", "register", "device"),
            models.UniqueConstraint(fields=["business", "request_id"], name="review_once"),
            models.CheckConstraint(
                condition=Q(kind="remark", sale__isnull=False, body__isnull=True)
                | Q(kind="held", sale=None, body__isnull=False)
                | Q(kind="held", sale__isnull=False, body__isnull=False, settlement="posted"),
                name="review_kind",
            ),
            models.CheckConstraint(
                condition=Q(settlement="", settled_at=None, settled_by=None)
                | Q(kind="remark", settlement="accepted", settled_at__isnull=False)
                | Q(kind="held", settlement="posted", sale__isnull=False, settled_at__isnull=False)
                | Q(kind="held", settlement="closed", sale=None, settled_at__isnull=False),
                name="review_settled",
            ),
        ]
        indexes = [
            models.Index(fields=["business", "-created_at", "-id"], name="review_newest"),
            # The badge counts these on every page.
            models.Index(
                fields=["business", "location"], condition=Q(settlement=""), name="review_open"
            ),
            models.Index(
                fields=["business", "sale"], condition=Q(sale__isnull=False), name="review_of_sale"
            ),
        ]

    def __str__(self) -> str:
        return self.number or str(self.request_id)

    @property
    def is_open(self) -> bool:
        return not self.settlement

    @property
    def is_held(self) -> bool:
        return self.kind == self.Kind.HELD

    @property
    def codes(self) -> list[str]:
        return [str(one.get("code", "")) for one in self._reasons()]

    def _reasons(self) -> list[dict[str, Any]]:
        return list(self.reasons)
