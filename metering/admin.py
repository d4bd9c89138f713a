"""The admin's page for API credits: looked at, never changed by hand."""

from __future__ import annotations

from django.contrib import admin

from accounts.modeladmin import LookOnlyAdmin, LookOnlyInline
from accounts.permissions import Permission
from metering.models import ApiAccount, ApiEntry


class ApiEntryInline(LookOnlyInline):
    model = ApiEntry
    needs = {"view": Permission.API_USE_VIEW}
    guarded = {"device": Permission.DEVICE_VIEW}
    ordering = ("-number",)
    fields = ("number", "created_at", "kind", "amount", "balance", "reason", "device", "day")


@admin.register(ApiAccount)
class ApiAccountAdmin(LookOnlyAdmin):
    needs = {"view": Permission.API_USE_VIEW}
    list_display = ("balance", "pending")
    inlines = (ApiEntryInline,)
    fields = ("balance", "pending")
