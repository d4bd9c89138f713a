"""What people leave behind who work at a device: who is signed in, wrong PINs, approvals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Device, Membership
from tenants.constraints import walls
from tenants.models import Location, TenantForeignKey, TenantModel, TenantRow


class PinTries(TenantRow):
    """Wrong PINs of one person at one place, since the last right one.

    The place is a device, or in a browser the person at it: "device:<id>" or "member:<id>".
    """

    membership = TenantForeignKey(Membership, on_delete=models.CASCADE, related_name="pin_tries")
    place = models.CharField(max_length=45)
    failures = models.PositiveSmallIntegerField(default=0)
    # Null: not locked. Without an end it is locked until somebody unlocks it.
    locked_at = models.DateTimeField(null=True)
    locked_until = models.DateTimeField(null=True)

    class Meta(TenantRow.Meta):
        constraints = [
            *walls("pin_tries", "membership"),
            models.UniqueConstraint(
                fields=["business", "membership", "place"], name="pin_tries_once"
            ),
        ]

    def is_locked(self, now: Any) -> bool:
        if self.locked_at is None:
            return False
        return self.locked_until is None or bool(self.locked_until > now)


class OperatorSession(TenantModel):
    """A person who is signed in at a terminal. The token is told once; the row holds its hash.

    It ends by itself after LONGEST, or when nobody used it for IDLE; and by signing out, a new PIN,
    a change of the membership, or another person's sign-in at the same device.
    """

    PREFIX = "tbo_"
    LONGEST = timedelta(hours=12)
    IDLE = timedelta(minutes=30)

    membership = TenantForeignKey(
        Membership, on_delete=models.CASCADE, related_name="operator_sessions"
    )
    device = TenantForeignKey(Device, on_delete=models.CASCADE, related_name="operator_sessions")
    token_hash = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        verbose_name = _("operator at a device")
        verbose_name_plural = _("operators at devices")
        constraints = [
            # Read by the door of devices, before a business is known.
            *walls("operator_session", "membership", "device", open_when_unbound=True),
            models.UniqueConstraint(fields=["token_hash"], name="operator_token"),
        ]
        indexes = [
            models.Index(fields=["business", "device"], name="operator_of_device"),
            models.Index(fields=["business", "membership"], name="operator_of_member"),
        ]

    def __str__(self) -> str:
        return str(self.membership)


class Approval(TenantModel):
    """A supervisor's yes to one action of somebody else: for LASTS, at one place, once.

    `document_id` is what came of it, `request_hash` the request that used it: the same request
    again, after an answer that was lost, is no second use.
    """

    PREFIX = "tba_"
    LASTS = timedelta(minutes=2)

    approver = TenantForeignKey(
        Membership, related_name="approvals_given", verbose_name=_("approved by")
    )
    operator = TenantForeignKey(
        Membership, related_name="approvals_asked", verbose_name=_("asked by")
    )
    device = TenantForeignKey(Device, null=True, related_name="approvals")
    location = TenantForeignKey(Location, related_name="approvals")
    permissions = models.JSONField(_("permissions"))
    token_hash = models.CharField(max_length=64, editable=False)
    created_at = models.DateTimeField(_("time"), default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(_("used"), null=True)
    request_hash = models.CharField(max_length=64, default="", editable=False)
    document_id = models.UUIDField(null=True, editable=False)

    class Meta(TenantModel.Meta):
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        constraints = [
            *walls("approval", "approver", "operator", "device", "location"),
            models.UniqueConstraint(fields=["business", "token_hash"], name="approval_token"),
        ]
        indexes = [models.Index(fields=["business", "document_id"], name="approval_of_document")]

    def __str__(self) -> str:
        return ", ".join(self.permissions)
