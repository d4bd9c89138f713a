"""People and firms that a shop sells to."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sales.names import name_hashes
from tenants.bulk import insert_rows
from tenants.constraints import walls
from tenants.context import require_id
from tenants.encryption import (
    BlindIndexField,
    EncryptedTextField,
    SealedTextField,
    index_columns,
)
from tenants.fields import amount_field
from tenants.models import TenantForeignKey, TenantModel, TenantRow


def phone_digits(phone: str) -> str:
    """The digits alone: people write the same number in many ways."""
    return "".join(char for char in phone if char.isdigit())


class Customer(TenantModel):
    """Encrypted, so that the database can neither order nor search: found by the beginnings of words
    of the name (CustomerNameHash), or by the whole phone number or e-mail."""

    #: Whoever names a row elsewhere in clear looks at this first.
    IS_PERSON = True

    name = EncryptedTextField(_("name"), max_length=200)
    email = EncryptedTextField(_("e-mail"), blank=True, default="")
    email_index = BlindIndexField(blank=True, of="email", purpose="customer-email")
    phone = EncryptedTextField(_("phone"), blank=True, default="")
    phone_index = BlindIndexField(
        blank=True, of="phone", purpose="customer-phone", reading=phone_digits
    )
    address = EncryptedTextField(_("address"), blank=True, default="")
    tax_number = EncryptedTextField(_("tax number"), blank=True, default="")
    credit_limit = amount_field(_("credit limit"), null=True, blank=True)
    note = SealedTextField(_("note"), blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(TenantModel.Meta):
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ("-created_at", "-id")
        constraints = [*walls("customer")]
        indexes = [
            models.Index(fields=["business", "-created_at", "-id"], name="customer_newest"),
            models.Index(fields=["business", "phone_index"], name="customer_by_phone"),
            models.Index(fields=["business", "email_index"], name="customer_by_email"),
        ]

    def __str__(self) -> str:
        return str(self.name)

    def index_contacts(self) -> None:
        """Set the look-up hashes; `save()` does it, bulk writers call it, and `write_name_hashes()`
        when the rows are there."""
        index_columns(self)

    def save(self, *args: Any, **kwargs: Any) -> None:
        columns = index_columns(self)
        is_new, fields = self._state.adding, kwargs.get("update_fields")
        if fields is not None:
            kwargs["update_fields"] = {*fields, *columns}
        super().save(*args, **kwargs)
        if fields is None or "name" in fields:
            write_name_hashes([self], fresh=is_new)


class CustomerNameHash(TenantRow):
    """One beginning of a word of a customer's name, as a keyed hash; about a dozen for a name.

    Who steals the table reads no letter, and sees within one business which customers share a
    beginning and how long their words are, up to 12 letters: what is frequent may be guessed, as
    with every index of this kind. The hash depends on the business, so that two businesses cannot be
    compared. It says nothing of its own: exports leave it out, imports write it anew.
    """

    customer = TenantForeignKey(Customer, on_delete=models.CASCADE, related_name="name_hashes")
    hash = models.BigIntegerField()

    class Meta(TenantRow.Meta):
        constraints = [
            *walls("customer_name_hash", "customer"),
            models.UniqueConstraint(
                fields=["business", "hash", "customer"], name="customer_name_hash_once"
            ),
        ]
        indexes = [models.Index(fields=["business", "customer"], name="customer_name_hash_of")]

    def __str__(self) -> str:
        return str(self.hash)


def write_name_hashes(customers: Iterable[Customer], *, fresh: bool = False) -> None:
    """Write what these customers' names are found by anew.

    `fresh` says that they were made just now, so that there is nothing to take away.
    """
    write_hashes_of({row.pk: row.name for row in customers}, fresh=fresh)


def write_hashes_of(names: Mapping[uuid.UUID, str], *, fresh: bool = False) -> None:
    """The same, from {customer: name}."""
    if not fresh:
        CustomerNameHash.objects.filter(customer__in=list(names)).delete()
    business_id = require_id()
    insert_rows(
        CustomerNameHash,
        ("customer_id", "hash"),
        ((pk, one) for pk, name in names.items() for one in sorted(name_hashes(name, business_id))),
    )
