"""People and firms that a shop sells to."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.constraints import walls
from tenants.encryption import EncryptedTextField, blind_index
from tenants.fields import amount_field
from tenants.models import TenantModel


class Customer(TenantModel):
    """Found by a part of the name, or by the whole phone number or e-mail: those are encrypted."""

    name = models.CharField(_("name"), max_length=200)
    email = EncryptedTextField(_("e-mail"), blank=True, default="")
    email_index = models.CharField(max_length=22, blank=True, editable=False)
    phone = EncryptedTextField(_("phone"), blank=True, default="")
    phone_index = models.CharField(max_length=22, blank=True, editable=False)
    address = EncryptedTextField(_("address"), blank=True, default="")
    tax_number = EncryptedTextField(_("tax number"), blank=True, default="")
    credit_limit = amount_field(_("credit limit"), null=True, blank=True)
    note = models.TextField(_("note"), blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(TenantModel.Meta):
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ("name", "id")
        constraints = [*walls("customer")]
        indexes = [
            models.Index(fields=["business", "name", "id"], name="customer_by_name"),
            models.Index(fields=["business", "phone_index"], name="customer_by_phone"),
            models.Index(fields=["business", "email_index"], name="customer_by_email"),
        ]

    def __str__(self) -> str:
        return self.name

    def index_contacts(self) -> None:
        """Set the look-up hashes; `save()` does it, bulk writers call it."""
        self.email_index = blind_index(self.email, "customer-email")
        self.phone_index = blind_index(phone_digits(self.phone), "customer-phone")

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.index_contacts()
        fields = kwargs.get("update_fields")
        if fields is not None:
            kwargs["update_fields"] = {*fields, "email_index", "phone_index"}
        super().save(*args, **kwargs)


def phone_digits(phone: str) -> str:
    """The digits alone: people write the same number in many ways."""
    return "".join(char for char in phone if char.isdigit())
