"""Devices: who has a token of their own."""

from __future__ import annotations

import secrets
from functools import cached_property
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission
from tenants.constraints import walls
from tenants.models import Location, TenantForeignKey, TenantModel, TenantRow


class Device(TenantModel):
    """Who has a token of their own: a terminal at one location, or a program.

    It acts in one person's name, with their permissions; where `permissions` lists some, with no
    others. A terminal sees its own location alone; a program all of them or some. At a terminal
    that `needs_operator` nothing goes until somebody signs in there. Tokens are told once; the row
    holds their hashes.
    """

    PREFIX = "tb_"

    class Kind(models.TextChoices):
        TERMINAL = "terminal", _("Terminal")
        PROGRAM = "program", _("Program")

    kind = models.CharField(
        _("kind"),
        max_length=10,
        choices=Kind,
        default=Kind.TERMINAL,
        db_default="terminal",
        editable=False,
    )
    name = models.CharField(_("name"), max_length=100)
    location = TenantForeignKey(
        Location, null=True, related_name="devices", verbose_name=_("location")
    )
    membership = TenantForeignKey(
        "accounts.Membership", related_name="devices", verbose_name=_("acts in the name of")
    )
    needs_operator = models.BooleanField(
        _("people sign in with their PIN"), default=False, db_default=False
    )
    token_hash = models.CharField(max_length=64, editable=False)
    # Of a token that replaces the other as soon as it is used.
    next_token_hash = models.CharField(max_length=64, null=True, editable=False)
    next_token_at = models.DateTimeField(null=True, editable=False)
    # Names; null: whatever the person holds.
    permissions = models.JSONField(_("permissions"), null=True, blank=True)
    # Networks in CIDR notation; null: from anywhere.
    addresses = models.JSONField(_("allowed addresses"), null=True, blank=True)
    all_locations = models.BooleanField(_("all locations"), default=True, db_default=True)
    locations = models.ManyToManyField(
        Location, through="DeviceLocation", related_name="+", verbose_name=_("locations")
    )
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    app_version = models.CharField(_("version"), max_length=60, default="", db_default="")
    # The network alone, such as 203.0.113.0/24: an address would be a person's.
    last_network = models.CharField(_("network"), max_length=45, default="", db_default="")
    last_seen_at = models.DateTimeField(_("last seen"), null=True, editable=False)
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(TenantModel.Meta):
        verbose_name = _("device")
        verbose_name_plural = _("devices")
        ordering = ("name",)
        constraints = [
            *walls("device", "location", "membership", open_when_unbound=True),
            models.UniqueConstraint(fields=["token_hash"], name="device_token"),
        ]
        indexes = [
            models.Index(
                fields=["next_token_hash"],
                condition=models.Q(next_token_hash__isnull=False),
                name="device_next_token",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def new_token(cls) -> str:
        """A token with 256 random bits, recognisable by its prefix in a leaked file."""
        return cls.PREFIX + secrets.token_urlsafe(32)

    @property
    def is_program(self) -> bool:
        return self.kind == self.Kind.PROGRAM

    @property
    def scope(self) -> frozenset[Permission] | None:
        """The permissions beyond which the token never goes; None: whatever the person holds."""
        if self.permissions is None:
            return None
        return frozenset(one for one in Permission if one.value in self.permissions)

    @cached_property
    def location_ids(self) -> frozenset[Any] | None:
        """Ids of the locations that the token reaches; None means all."""
        if not self.is_program:
            return frozenset({self.location_id})
        if self.all_locations:
            return None
        return frozenset(self.location_links.values_list("location_id", flat=True))

    def reaches(self, location_id: Any) -> bool:
        return self.location_ids is None or location_id in self.location_ids


class DeviceLocation(TenantRow):
    """A location that a program without `all_locations` reaches."""

    device = TenantForeignKey(Device, on_delete=models.CASCADE, related_name="location_links")
    location = TenantForeignKey(Location, on_delete=models.CASCADE, related_name="device_links")

    class Meta(TenantRow.Meta):
        constraints = [
            *walls("device_location", "device", "location"),
            models.UniqueConstraint(
                fields=["business", "device", "location"], name="device_location_once"
            ),
        ]
