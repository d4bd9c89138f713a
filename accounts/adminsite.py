"""The Django admin inside a business: it shows and changes the bound business only."""

from __future__ import annotations

from django.contrib.admin import AdminSite
from django.http import HttpRequest

from accounts.access import can
from accounts.permissions import Permission


class BusinessAdminSite(AdminSite):
    def has_permission(self, request: HttpRequest) -> bool:
        return can(request, Permission.ADMIN_ACCESS)
