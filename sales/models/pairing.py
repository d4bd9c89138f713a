"""A code that is typed or scanned into a terminal, once, to make it a register's."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils import timezone

from accounts.models import Device, Membership
from sales.models.till import Register
from tenants.constraints import walls
from tenants.models import TenantForeignKey, TenantModel


class Pairing(TenantModel):
    """An invitation to one terminal. `device` is what came of it; the row holds the code's hash."""

    LASTS = timedelta(minutes=10)

    register = TenantForeignKey(Register, on_delete=models.CASCADE, related_name="pairings")
    membership = TenantForeignKey(Membership, on_delete=models.CASCADE, related_name="pairings")
    made_by = TenantForeignKey(Membership, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=100, blank=True)
    needs_operator = models.BooleanField(default=False)
    code_hash = models.CharField(max_length=22, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    device = TenantForeignKey(Device, on_delete=models.CASCADE, null=True, related_name="pairings")

    class Meta(TenantModel.Meta):
        constraints = [
            # Which business a code is of is found out by it.
            *walls(
                "pairing", "register", "membership", "made_by", "device", open_when_unbound=True
            ),
            models.UniqueConstraint(fields=["code_hash"], name="pairing_code"),
        ]
        indexes = [models.Index(fields=["business", "register"], name="pairing_of_register")]

    def __str__(self) -> str:
        return str(self.register)

    @property
    def is_open(self) -> bool:
        return self.used_at is None and self.expires_at > timezone.now()
