"""Users, memberships, roles, devices, sessions, the audit log."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.core.validators import MinLengthValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.device_models import Device, DeviceLocation
from accounts.permissions import Permission
from tenants.constraints import walls
from tenants.encryption import (
    BlindIndexField,
    EncryptedTextField,
    blind_indexes,
    index_columns,
)
from tenants.models import Location, TenantForeignKey, TenantModel, TenantRow


class UserManager(BaseUserManager["User"]):
    def create_user(
        self, username: str, password: str | None = None, *, email: str = "", **fields: Any
    ) -> User:
        """A saved user. Without a password nobody can sign in as them until one is set."""
        user = self.model(username=username, email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        """By user name or by e-mail, in any letter case."""
        text = username or ""
        found = models.Q(username_index__in=blind_indexes(text, "username"))
        if "@" in text:
            found |= models.Q(email_index__in=blind_indexes(text, "email"))
        return self.get(found)

    def named(self, username: str) -> models.QuerySet[User]:
        """Who has this user name, in any letter case; nobody for an empty one."""
        return self.filter(username_index__in=blind_indexes(username, "username"))

    def with_email(self, email: str) -> models.QuerySet[User]:
        """Who has this e-mail address; nobody for an empty one."""
        return self.filter(email_index__in=blind_indexes(email, "email"))


class User(AbstractBaseUser):
    """A person, in no business by themselves: memberships say where they work.

    A platform table. User name, e-mail and name are encrypted; sign-in finds the row by keyed hash.
    """

    id = models.BigAutoField(primary_key=True)
    username = EncryptedTextField(_("user name"), validators=[MinLengthValidator(2)])
    username_index = BlindIndexField(unique=True, of="username", purpose="username")
    email = EncryptedTextField(_("e-mail"), blank=True, default="")
    email_index = BlindIndexField(unique=True, null=True, of="email", purpose="email")
    name = EncryptedTextField(_("name"), blank=True, default="")
    language = models.CharField(_("language"), max_length=10, blank=True)
    is_active = models.BooleanField(_("may sign in"), default=True)
    is_superuser = models.BooleanField(
        _("runs the platform"),
        default=False,
        help_text=_("May create businesses; sees none by this."),
    )
    must_change_password = models.BooleanField(_("must choose a new password"), default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return str(self.name or self.username)

    def save(self, *args: Any, **kwargs: Any) -> None:
        columns = index_columns(self)
        fields = kwargs.get("update_fields")
        if fields is not None:
            kwargs["update_fields"] = {*fields, *columns}
        super().save(*args, **kwargs)

    # The admin asks these two; the answer inside a business is the membership's.
    @property
    def is_staff(self) -> bool:
        return self.is_active

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return False

    def has_module_perms(self, app_label: str) -> bool:
        return False


class Role(TenantModel):
    """A named set of permissions. The name means nothing to the code."""

    name = models.CharField(_("name"), max_length=100)
    description = models.CharField(_("description"), max_length=200, blank=True)
    permissions = models.JSONField(_("permissions"), default=list, blank=True)

    class Meta(TenantModel.Meta):
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ("name",)
        constraints = [
            *walls("role"),
            models.UniqueConstraint(fields=["business", "name"], name="role_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def granted(self) -> frozenset[Permission]:
        """The permissions held; names that the catalogue no longer has are left out."""
        return frozenset(Permission(name) for name in self.permissions if name in _NAMES)


_NAMES = frozenset(permission.value for permission in Permission)


class Membership(TenantModel):
    """One person in one business: the role, and the locations they may see."""

    user = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="memberships", db_index=False
    )
    role = TenantForeignKey(Role, related_name="memberships", verbose_name=_("role"))
    is_owner = models.BooleanField(
        _("owner"), default=False, help_text=_("A business keeps at least one owner.")
    )
    all_locations = models.BooleanField(_("all locations"), default=True)
    locations = models.ManyToManyField(
        Location, through="MembershipLocation", related_name="+", verbose_name=_("locations")
    )
    is_active = models.BooleanField(_("active"), default=True)
    # A slow hash of the PIN, encrypted: of 10,000 PINs whoever has the hash alone tries them all.
    # `accounts/pins.py` alone reads and writes it; who has one is asked for by the time.
    pin = EncryptedTextField(blank=True, default="", db_default="", editable=False)
    pin_set_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    # How far one request goes, set by its door on the membership that it read: the permissions of
    # a token, of which only these count; what a supervisor has approved beyond one's own, and what
    # of it was relied on.
    scope: frozenset[Permission] | None = None
    approved: frozenset[Permission] = frozenset()
    relied_on: frozenset[Permission] = frozenset()

    class Meta(TenantModel.Meta):
        verbose_name = _("member of staff")
        verbose_name_plural = _("staff")
        constraints = [
            # Read to find out where a person works, before a business is known.
            *walls("membership", "role", open_when_unbound=True),
            models.UniqueConstraint(fields=["business", "user"], name="membership_once"),
        ]
        indexes = [models.Index(fields=["user"], name="membership_of_user")]

    def __str__(self) -> str:
        return str(self.user)

    @cached_property
    def granted(self) -> frozenset[Permission]:
        if not self.is_active:
            return frozenset()
        granted: frozenset[Permission] = self.role.granted
        return granted if self.scope is None else granted & self.scope

    def can(self, permission: Permission | str) -> bool:
        """Whether this person holds the permission in this business. A wrong name raises.

        In a request that a supervisor has approved also what was approved; that it was needed is
        noted in `relied_on`.
        """
        asked = Permission(permission)
        if asked in self.granted:
            return True
        if asked in self.approved:
            self.relied_on |= {asked}
            return True
        return False

    @cached_property
    def location_ids(self) -> frozenset[Any] | None:
        """Ids of the locations this person may see; None means all."""
        if self.all_locations:
            return None
        return frozenset(self.location_links.values_list("location_id", flat=True))

    def works_at(self, location_id: Any) -> bool:
        return self.location_ids is None or location_id in self.location_ids

    def narrow_to(self, location_id: Any) -> None:
        """For the rest of the request, see no other location than this one."""
        one = frozenset({location_id})
        self.location_ids = one if self.location_ids is None else one & self.location_ids


class MembershipLocation(TenantRow):
    """A location that a member without `all_locations` may see."""

    membership = TenantForeignKey(
        Membership, on_delete=models.CASCADE, related_name="location_links"
    )
    location = TenantForeignKey(Location, on_delete=models.CASCADE, related_name="member_links")

    class Meta(TenantRow.Meta):
        constraints = [
            *walls("membership_location", "membership", "location"),
            models.UniqueConstraint(
                fields=["business", "membership", "location"], name="membership_location_once"
            ),
        ]


class Session(AbstractBaseSession):
    """A signed-in browser. The key in the row is the hash of the one in the cookie."""

    user = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, related_name="sessions", editable=False
    )
    renewed_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(AbstractBaseSession.Meta):
        verbose_name = "session"
        verbose_name_plural = "sessions"

    @classmethod
    def get_session_store_class(cls) -> Any:
        from accounts.sessions import SessionStore

        return SessionStore


class EndedSession(models.Model):
    """Why the key of a cookie opens nothing any more: the log and the sign-in page say it.

    A platform table. The key is the hash of the cookie's, and no person is named.
    """

    class Reason(models.TextChoices):
        SIGNED_OUT = "signed_out", _("signed out")
        PASSWORD = "password", _("password changed")
        ACCESS = "access", _("access taken away")

    key = models.CharField(max_length=40, primary_key=True)
    reason = models.CharField(max_length=12, choices=Reason.choices)
    forget_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.reason


class Attempt(models.Model):
    """How often something was tried within a window of time, for rate limits. A platform table."""

    key = models.CharField(max_length=60)
    window = models.BigIntegerField()
    count = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "window"], name="attempt_once")]

    def __str__(self) -> str:
        return f"{self.key} {self.window}"


class AuditEntry(TenantRow):
    """Who did what, when, to which row. Written in the transaction of the act; never changed."""

    actor = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    device = TenantForeignKey(Device, null=True, blank=True, related_name="+")
    action = models.CharField(_("action"), max_length=60)
    object_type = models.CharField(_("kind"), max_length=60, blank=True)
    object_id = models.CharField(_("id"), max_length=40, blank=True)
    object_text = models.CharField(_("what"), max_length=200, blank=True)
    changes = models.JSONField(_("changes"), default=dict, blank=True)
    created_at = models.DateTimeField(_("time"), default=timezone.now)

    class Meta(TenantRow.Meta):
        verbose_name = _("entry of the audit log")
        verbose_name_plural = _("audit log")
        ordering = ("-id",)
        constraints = [*walls("audit_entry", "device")]
        indexes = [
            models.Index(fields=["business", "-id"], name="audit_newest"),
            models.Index(fields=["business", "object_type", "object_id"], name="audit_of_object"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_text}"


# Django looks for models here alone; what operators leave behind refers to the above.
from accounts.operator_models import Approval, OperatorSession, PinTries  # noqa: E402

__all__ = [
    "Approval",
    "Attempt",
    "AuditEntry",
    "Device",
    "DeviceLocation",
    "EndedSession",
    "Membership",
    "MembershipLocation",
    "OperatorSession",
    "PinTries",
    "Role",
    "Session",
    "User",
    "UserManager",
]
