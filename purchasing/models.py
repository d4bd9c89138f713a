"""Who a shop buys from."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.constraints import walls
from tenants.encryption import EncryptedTextField
from tenants.models import TenantModel


class Supplier(TenantModel):
    name = models.CharField(_("name"), max_length=200)
    contact = EncryptedTextField(_("contact person"), blank=True, default="")
    email = EncryptedTextField(_("e-mail"), blank=True, default="")
    phone = EncryptedTextField(_("phone"), blank=True, default="")
    address = EncryptedTextField(_("address"), blank=True, default="")
    tax_number = EncryptedTextField(_("tax number"), blank=True, default="")
    payment_days = models.PositiveIntegerField(_("pay within days"), null=True, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(TenantModel.Meta):
        verbose_name = _("supplier")
        verbose_name_plural = _("suppliers")
        ordering = ("name", "id")
        constraints = [*walls("supplier")]
        indexes = [models.Index(fields=["business", "name", "id"], name="supplier_by_name")]

    def __str__(self) -> str:
        return self.name
