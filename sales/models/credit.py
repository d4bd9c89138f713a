"""What a customer has to spend: the account, and the append-only ledger behind it.

`sales/credit.py` is the only writer.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sales.models.customer import Customer
from tenants.constraints import walls
from tenants.fields import amount_field
from tenants.models import TenantForeignKey, TenantRow


class CreditAccount(TenantRow):
    """A customer's credit: the running sum of its entries, never below zero.

    The row is the lock for everything that spends from it. `next_expiry` is the first day on which
    some of it expires, or none.
    """

    customer = TenantForeignKey(Customer, related_name="credit_accounts")
    balance = amount_field(_("credit"), default=0)
    next_expiry = models.DateField(_("expires next"), null=True)

    class Meta(TenantRow.Meta):
        verbose_name = _("customer credit")
        verbose_name_plural = _("customer credits")
        constraints = [
            *walls("credit_account", "customer"),
            models.UniqueConstraint(fields=["business", "customer"], name="credit_account_once"),
            models.CheckConstraint(condition=Q(balance__gte=0), name="credit_not_negative"),
        ]
        indexes = [models.Index(fields=["business", "next_expiry"], name="credit_expiry")]

    def __str__(self) -> str:
        return f"{self.balance}"


class CreditEntry(TenantRow):
    """One change of one account. Positive comes in, negative is spent. Never changed or deleted."""

    # Of an entry in hand: it was not written now but found, recorded by the same request before.
    was_recorded = False

    class Kind(models.TextChoices):
        GRANTED = "granted", _("Granted")
        BOUGHT = "bought", _("Bought")
        SPENT = "spent", _("Spent")
        REFUNDED = "refunded", _("Refunded")
        EXPIRED = "expired", _("Expired")
        CORRECTED = "corrected", _("Corrected")

    account = TenantForeignKey(CreditAccount, related_name="entries")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    amount = amount_field(_("amount"))
    balance = amount_field(_("balance"))
    # Only on what comes in: the last day on which it can be spent.
    expires_on = models.DateField(_("expires"), null=True)
    # The sale that was paid or brought the credit, or the id of the request that changed it: with
    # kind and line unique, so that nothing is booked twice.
    document_id = models.UUIDField(editable=False)
    document_number = models.CharField(_("document"), max_length=40, blank=True)
    line = models.PositiveIntegerField(default=0, editable=False)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    actor: Any = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        db_constraint=False,
        related_name="+",
        verbose_name=_("by"),
    )
    created_at = models.DateTimeField(_("time"), default=timezone.now)

    class Meta(TenantRow.Meta):
        verbose_name = _("credit entry")
        verbose_name_plural = _("credit entries")
        constraints = [
            *walls("credit_entry", "account"),
            models.UniqueConstraint(
                fields=["business", "document_id", "kind", "line"], name="credit_entry_once"
            ),
        ]
        indexes = [models.Index(fields=["business", "account", "-id"], name="credit_history")]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"
