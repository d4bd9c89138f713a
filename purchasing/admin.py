"""The admin's page for suppliers."""

from __future__ import annotations

from django.contrib import admin

from accounts.modeladmin import BusinessModelAdmin
from accounts.permissions import Permission
from purchasing.models import Supplier


@admin.register(Supplier)
class SupplierAdmin(BusinessModelAdmin):
    needs = {
        "view": Permission.SUPPLIER_VIEW,
        "add": Permission.SUPPLIER_CREATE,
        "change": Permission.SUPPLIER_UPDATE,
        "delete": Permission.SUPPLIER_DELETE,
    }
    one_line = ("contact", "email", "phone", "tax_number")
    list_display = ("name", "phone", "email", "payment_days", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name",)
    fields = (
        "name",
        "contact",
        "phone",
        "email",
        "address",
        "tax_number",
        "payment_days",
        "is_active",
    )
