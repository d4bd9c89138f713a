"""The admin's pages for locations, staff, roles, devices and the audit log.

Staff, roles and devices are looked at here and changed on their own pages, where the rules against
giving away more than one holds are explained.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import people, places
from accounts.modeladmin import BusinessModelAdmin, LookOnlyAdmin, LookOnlyInline
from accounts.models import AuditEntry, Device, Membership, MembershipLocation, Role
from accounts.permissions import Permission
from tenants.encryption import blind_indexes
from tenants.models import Location

P = Permission

# Groups would be of the whole platform; roles take their place.
admin.site.unregister(Group)


@admin.register(Location)
class LocationAdmin(BusinessModelAdmin):
    needs = {"view": P.LOCATION_VIEW, "add": P.LOCATION_CREATE, "change": P.LOCATION_UPDATE}
    location_field = "pk"
    list_display = ("name", "code", "phone", "below_zero", "is_active")
    list_filter = ("is_active", "below_zero")
    search_fields = ("name", "code")
    ordering = ("name",)

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        values = {field: form.cleaned_data[field] for field in form.cleaned_data}
        if change:
            places.change_location(actor=request.membership, location=obj, **values)
        else:
            made = places.create_location(actor=request.membership, id=obj.pk, **values)
            obj._state = made._state


class PlaceInline(LookOnlyInline):
    model = MembershipLocation
    needs = {"view": P.USER_VIEW}
    fields = ("location",)


@admin.register(Membership)
class MembershipAdmin(LookOnlyAdmin):
    needs = {"view": P.USER_VIEW}
    list_display = ("user", "username", "role", "is_owner", "all_locations", "is_active")
    list_filter = ("role", "is_owner", "is_active")
    list_select_related = ("user", "role")
    fields = ("user", "username", "role", "is_owner", "all_locations", "is_active", "created_at")
    readonly_fields = ("username", "created_at")
    inlines = (PlaceInline,)
    search_help_text = _("The whole user name or e-mail.")
    search_fields = ("role__name",)
    blind_search = {
        "user__username_index": lambda text: blind_indexes(text, "username"),
        "user__email_index": lambda text: blind_indexes(text, "email"),
    }

    @admin.display(description=_("user name"))
    def username(self, member: Membership) -> str:
        return str(member.user.username)

    def get_queryset(self, request: Any) -> Any:
        """Somebody who is confined to some locations sees staff of these."""
        return super().get_queryset(request) & people.seen_by(request.membership)

    def view_on_site(self, member: Membership) -> str:  # type: ignore[override]
        return reverse("member_detail", args=[member.pk])


@admin.register(Role)
class RoleAdmin(LookOnlyAdmin):
    needs = {"view": P.ROLE_VIEW}
    list_display = ("name", "description")
    search_fields = ("name",)
    fields = ("name", "description", "rights")
    readonly_fields = ("rights",)

    @admin.display(description=_("rights"))
    def rights(self, role: Role) -> str:
        return ", ".join(str(p.label) for p in P if p in role.granted)

    def view_on_site(self, role: Role) -> str:  # type: ignore[override]
        return reverse("role_detail", args=[role.pk])


@admin.register(Device)
class DeviceAdmin(LookOnlyAdmin):
    needs = {"view": P.DEVICE_VIEW}
    location_field = "location"
    list_display = ("name", "kind", "location", "membership", "last_seen_at", "revoked_at")
    list_filter = ("location",)
    list_select_related = ("location", "membership__user")
    fields = (
        "name",
        "kind",
        "location",
        "membership",
        "needs_operator",
        "app_version",
        "last_network",
        "last_seen_at",
        "expires_at",
        "revoked_at",
        "created_at",
    )
    search_fields = ("name",)


@admin.register(AuditEntry)
class AuditEntryAdmin(LookOnlyAdmin):
    needs = {"view": P.AUDIT_LOG_VIEW}
    list_display = ("created_at", "actor", "action", "object_type", "object_text")
    list_select_related = ("actor",)
    # Changes may tell costs; the audit log's own page shows what its reader may see.
    fields = ("created_at", "actor", "device", "action", "object_type", "object_id", "object_text")
    search_fields = ("action", "object_text")

    def get_queryset(self, request: Any) -> Any:
        """Somebody who is confined to some locations sees their own acts."""
        rows = super().get_queryset(request)
        return rows if request.membership.all_locations else rows.filter(actor=request.user)

    def view_on_site(self, entry: AuditEntry) -> str:  # type: ignore[override]
        return reverse("audit_list")
