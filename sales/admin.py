"""The admin's pages for registers and customers, which they change, and for sales and shifts, which
are history and only shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.access import can
from accounts.modeladmin import BusinessModelAdmin, LookOnlyAdmin, LookOnlyInline
from accounts.permissions import Permission
from sales.customers import customer_matches
from sales.forms import free_prefix
from sales.models import (
    CashMovement,
    CreditAccount,
    CreditEntry,
    Customer,
    NumberSeries,
    Payment,
    Register,
    ReviewItem,
    Sale,
    SaleLine,
    Shift,
    ZReading,
)
from tenants.asking import cleaned
from tenants.forms import TenantModelForm

P = Permission


class RegisterAdminForm(TenantModelForm):
    """A prefix is decided once, so only a new register's is looked at."""

    def clean_prefix(self) -> str:
        return free_prefix(self.cleaned_data["prefix"])


@admin.register(Register)
class RegisterAdmin(BusinessModelAdmin):
    needs = {"view": P.REGISTER_VIEW, "add": P.REGISTER_CREATE, "change": P.REGISTER_UPDATE}
    location_field = "location"
    list_display = ("name", "prefix", "location", "device", "is_active")
    list_filter = ("location", "is_active")
    list_select_related = ("location", "device")
    search_fields = ("name", "prefix")
    # A device is connected on its own page, which makes its token.
    form = RegisterAdminForm
    fields = ("name", "location", "prefix", "device", "is_active")
    readonly_fields = ("device",)

    def get_queryset(self, request: Any) -> Any:
        """Without what holds imported history: switched on, it would be offered to sell at."""
        return super().get_queryset(request).filter(is_history=False)

    def get_readonly_fields(self, request: Any, obj: Any = None) -> Any:
        """Where a register stands and how its receipts begin is decided once: sales refer to it."""
        decided = ["location", "prefix"] if obj is not None else []
        return [*super().get_readonly_fields(request, obj), *decided]


@admin.register(Customer)
class CustomerAdmin(BusinessModelAdmin):
    needs = {
        "view": P.CUSTOMER_VIEW,
        "add": P.CUSTOMER_CREATE,
        "change": P.CUSTOMER_UPDATE,
        "delete": P.CUSTOMER_DELETE,
    }
    fixed = {"credit_limit": P.CUSTOMER_CREDIT}
    one_line = ("name", "email", "phone", "tax_number")
    list_display = ("name", "phone", "email", "is_active")
    # The database cannot put in order what is encrypted.
    sortable_by = ("is_active",)
    list_filter = ("is_active",)
    # For the box to be there; `get_search_results()` does the search.
    search_fields = ("pk",)
    search_help_text = _("The beginning of the name, or the whole phone number or e-mail.")
    fields = (
        "name",
        "email",
        "phone",
        "address",
        "tax_number",
        "credit_limit",
        "note",
        "is_active",
    )

    def get_search_results(self, request: Any, queryset: Any, search_term: str) -> tuple[Any, bool]:
        term = cleaned(search_term)
        return (queryset.filter(customer_matches(term)) if term else queryset), False


class CreditEntryInline(LookOnlyInline):
    model = CreditEntry
    needs = {"view": P.CUSTOMER_CREDIT_VIEW}
    ordering = ("-pk",)
    fields = (
        "created_at", "kind", "amount", "balance", "expires_on", "document_number", "reason", "actor"
    )  # fmt: skip


@admin.register(CreditAccount)
class CreditAccountAdmin(LookOnlyAdmin):
    needs = {"view": P.CUSTOMER_CREDIT_VIEW}
    guarded = {"customer": P.CUSTOMER_VIEW}
    list_display = ("customer", "balance", "next_expiry")
    list_select_related = ("customer",)
    inlines = (CreditEntryInline,)
    fields = ("customer", "balance", "next_expiry")

    def get_search_fields(self, request: Any) -> Any:
        return ("pk",) if can(request, P.CUSTOMER_VIEW) else ()

    def get_search_results(self, request: Any, queryset: Any, search_term: str) -> tuple[Any, bool]:
        term = cleaned(search_term)
        if not term or not can(request, P.CUSTOMER_VIEW):
            return queryset, False
        customers = Customer.objects.filter(customer_matches(term))
        return queryset.filter(customer__in=customers), False


class SaleLineInline(LookOnlyInline):
    model = SaleLine
    fk_name = "sale"
    needs = {"view": P.SELL_VIEW}
    guarded = {"unit_cost": P.SELL_VIEW_COST}
    fields = ("name", "sku", "quantity", "unit_price", "unit_cost", "discount", "tax", "total")


class PaymentInline(LookOnlyInline):
    model = Payment
    needs = {"view": P.SELL_VIEW}
    fields = ("method", "amount", "tendered", "change", "card_brand", "card_last4", "reference")


@admin.register(Sale)
class SaleAdmin(LookOnlyAdmin):
    needs = {"view": P.SELL_VIEW}
    location_field = "location"
    list_display = ("number", "kind", "sold_at", "register", "operator", "customer", "total")
    list_filter = ("kind", "location", "register", "business_date")
    list_select_related = ("register", "operator", "customer")
    search_fields = ("number",)
    inlines = (SaleLineInline, PaymentInline)
    fields = (
        "number",
        "kind",
        "sold_at",
        "business_date",
        "location",
        "register",
        "shift",
        "operator",
        "customer",
        "reverses",
        "reason",
        "note",
        "subtotal",
        "discount",
        "net",
        "tax",
        "total",
        "rounding",
    )


@admin.register(Shift)
class ShiftAdmin(LookOnlyAdmin):
    needs = {"view": P.SHIFT_VIEW_ALL}
    location_field = "register__location"
    guarded = {"expected_cash": P.CASH_VIEW_EXPECTED, "difference": P.CASH_VIEW_EXPECTED}
    list_display = ("register", "number", "opened_by", "opened_at", "closed_at", "difference")
    list_filter = ("register",)
    list_select_related = ("register", "opened_by")
    fields = (
        "register",
        "number",
        "opened_by",
        "opened_at",
        "opening_float",
        "closed_by",
        "closed_at",
        "counted_cash",
        "expected_cash",
        "difference",
        "note",
    )


@admin.register(CashMovement)
class CashMovementAdmin(LookOnlyAdmin):
    needs = {"view": P.SHIFT_VIEW_ALL}
    location_field = "shift__register__location"
    list_display = ("moved_at", "shift", "kind", "amount", "reason", "operator")
    list_filter = ("kind", "reason")
    list_select_related = ("shift__register", "operator")
    fields = (
        "shift", "kind", "amount", "reason", "note", "corrects", "operator", "device", "moved_at",
        "business_date",
    )  # fmt: skip


@admin.register(ZReading)
class ZReadingAdmin(LookOnlyAdmin):
    needs = {"view": P.READING_Z_READING}
    location_field = "register__location"
    list_display = ("register", "number", "business_date", "total", "grand_total", "taken_by")
    list_filter = ("register",)
    list_select_related = ("register", "taken_by")
    fields = (
        "register", "number", "business_date", "first_shift", "last_shift", "began_at", "ended_at",
        "taken_by", "device", "taken_at", "total", "grand_total", "figures", "content_hash",
    )  # fmt: skip


@admin.register(NumberSeries)
class NumberSeriesAdmin(LookOnlyAdmin):
    needs = {"view": P.REGISTER_VIEW}
    location_field = "register__location"
    list_display = ("code", "register", "device", "created_at")
    list_filter = ("register",)
    list_select_related = ("register", "device")
    search_fields = ("code",)
    fields = ("code", "register", "device", "created_at")


@admin.register(ReviewItem)
class ReviewItemAdmin(LookOnlyAdmin):
    needs = {"view": P.SELL_REVIEW}
    location_field = "location"
    list_display = ("number", "kind", "created_at", "register", "total", "settlement")
    list_filter = ("kind", "settlement", "register")
    list_select_related = ("register",)
    search_fields = ("number",)
    fields = (
        "number",
        "kind",
        "sold_at",
        "created_at",
        "location",
        "register",
        "device",
        "operator",
        "total",
        "reasons",
        "sale",
        "settlement",
        "settled_at",
        "settled_by",
        "note",
    )
