"""Tables of webhooks: endpoints, events (the outbox), deliveries, and each endpoint's mailbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.constraints import walls
from tenants.encryption import EncryptedTextField
from tenants.models import TenantForeignKey, TenantModel
from webhooks.kinds import Kind


class Endpoint(TenantModel):
    """An address elsewhere that is told of chosen events. `webhooks/endpoints.py` changes it.

    Address and secrets are encrypted: an address may hold a token of the receiver's.
    """

    class Off(models.TextChoices):
        PERSON = "person", _("Switched off by a person")
        FAILING = "failing", _("Switched off: it failed for days")
        GONE = "gone", _("Switched off: it answered that it is gone for good (410)")

    name = models.CharField(_("name"), max_length=100)
    url = EncryptedTextField(_("address"))
    kinds = models.JSONField(_("events"), default=list)
    is_active = models.BooleanField(_("active"), default=True)
    off_reason = models.CharField(max_length=10, choices=Off, blank=True)
    off_at = models.DateTimeField(null=True)
    # False: the owners are still to be told that it was switched off.
    owners_told = models.BooleanField(default=True)
    secret = EncryptedTextField()
    # The one before, with which messages are signed too until then.
    old_secret = EncryptedTextField(blank=True, default="")
    old_secret_until = models.DateTimeField(null=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
    )
    created_at = models.DateTimeField(_("added"), default=timezone.now)

    class Meta(TenantModel.Meta):
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ("name",)
        constraints = [*walls("webhook_endpoint")]

    def __str__(self) -> str:
        return self.name

    def secrets(self, now: datetime) -> list[str]:
        """Those that messages are signed with at this moment, the newest first."""
        rolled = self.old_secret_until is not None and now < self.old_secret_until
        return [self.secret, self.old_secret] if rolled else [self.secret]

    @property
    def host(self) -> str:
        """What a list may show of the address: the rest may hold a token."""
        from webhooks.addresses import host_of

        return host_of(self.url)


class Mailbox(TenantModel):
    """When there is something to send to an endpoint, and who is at it; one for each.

    Senders read it before they know a business, so it says nothing of what is sent where.
    """

    endpoint = TenantForeignKey(Endpoint, on_delete=models.CASCADE, related_name="mailboxes")
    #: None: nothing waits.
    due_at = models.DateTimeField(null=True)
    # Whoever sends holds it; after that time they are taken for dead.
    lease = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)
    #: Failures in a row, since when, and how long the endpoint is left alone for them.
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    rest_until = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *walls("webhook_mailbox", "endpoint", open_when_unbound=True),
            models.UniqueConstraint(fields=["business", "endpoint"], name="webhook_mailbox_once"),
        ]
        indexes = [
            # Whoever looks for work does not know yet whose it is.
            models.Index(
                fields=["due_at"], condition=Q(due_at__isnull=False), name="webhook_mailbox_due"
            )
        ]

    def __str__(self) -> str:
        return f"{self.due_at}"


class Event(TenantModel):
    """Something that happened, written in the transaction in which it did: the outbox.

    It names the object; what is said of it is built when it is sent. `spread_at` is set when its
    deliveries are made.
    """

    kind = models.CharField(_("event"), max_length=40)
    object_id = models.CharField(max_length=40, blank=True)
    # Of what cannot be read from the object later.
    data = models.JSONField(default=dict)
    created_at = models.DateTimeField(_("time"), default=timezone.now)
    spread_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        verbose_name = _("event")
        verbose_name_plural = _("events")
        constraints = [*walls("webhook_event", open_when_unbound=True)]
        indexes = [
            models.Index(fields=["business", "created_at"], name="webhook_event_age"),
            models.Index(
                fields=["business"], condition=Q(spread_at=None), name="webhook_event_waiting"
            ),
        ]

    def __str__(self) -> str:
        return self.kind

    @property
    def label(self) -> str:
        return str(Kind(self.kind).label) if self.kind in Kind.values else self.kind


class Delivery(TenantModel):
    """One event for one endpoint: whether it arrived, and what was answered."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DELIVERED = "delivered", _("Delivered")
        GIVEN_UP = "given_up", _("Given up")

    class Error(models.TextChoices):
        """Why nothing was answered."""

        ADDRESS = "address", _("The address is not allowed any more.")
        NOT_FOUND = "not_found", _("The host name could not be found.")
        NOT_PUBLIC = "not_public", _("The host is not on the public internet.")
        CONNECTION = "connection", _("No connection could be made.")
        CERTIFICATE = "certificate", _("Its certificate is not valid for this host.")
        TOO_SLOW = "too_slow", _("No answer came within 10 seconds.")
        BROKEN = "broken", _("The connection broke, or the answer was no HTTP.")
        NOTHING = "nothing", _("What it was about does not exist any more.")
        OURS = "ours", _("The message could not be made; the fault is ours.")

    endpoint = TenantForeignKey(Endpoint, on_delete=models.CASCADE, related_name="deliveries")
    event = TenantForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    tries = models.PositiveIntegerField(_("tries"), default=0)
    next_at = models.DateTimeField(_("next try"), null=True)
    #: Of the last try; `status` is None where nothing was answered.
    tried_at = models.DateTimeField(_("last try"), null=True)
    status = models.PositiveIntegerField(_("answer"), null=True)
    error = models.CharField(max_length=12, choices=Error, blank=True)
    answer = EncryptedTextField(blank=True, default="")
    milliseconds = models.PositiveIntegerField(_("duration"), null=True)
    # Of each try: [time, status, error, milliseconds], the latest last.
    log = models.JSONField(default=list)

    class Meta(TenantModel.Meta):
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            *walls("webhook_delivery", "endpoint", "event"),
            models.UniqueConstraint(
                fields=["business", "endpoint", "event"], name="webhook_delivery_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["business", "endpoint", "event"],
                condition=Q(state="waiting"),
                name="webhook_delivery_waiting",
            ),
            models.Index(fields=["business", "endpoint", "-id"], name="webhook_delivery_newest"),
            models.Index(fields=["business", "event"], name="webhook_delivery_of_event"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.state}"

    @property
    def tries_log(self) -> list[dict[str, Any]]:
        """Each try as a page shows it, the latest first."""
        labels = dict(self.Error.choices)
        return [
            {
                "at": datetime.fromisoformat(at),
                "status": status,
                "error": labels.get(error, error),
                "milliseconds": took,
            }
            for at, status, error, took in reversed(self.log)
        ]
