"""The admin's pages for the catalogue, which they change, and for stock, which they only show."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.modeladmin import BusinessInline, BusinessModelAdmin, LookOnlyAdmin, LookOnlyInline
from accounts.permissions import Permission
from inventory import catalogue
from inventory.models import (
    Barcode,
    Brand,
    Category,
    LocationPrice,
    Product,
    StockDocument,
    StockLevel,
    StockMovement,
    TaxRate,
    Unit,
    Variation,
)
from inventory.products import Row, save_product

P = Permission


class EntryAdmin(BusinessModelAdmin):
    """A small table of the catalogue: saved and removed as its own page does it."""

    audits_itself = True
    search_fields = ("name",)
    ordering = ("name",)

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        catalogue.save_entry(actor=request.user, entry=obj)

    def delete_model(self, request: Any, obj: Any) -> None:
        catalogue.remove(actor=request.user, entry=obj)

    def delete_queryset(self, request: Any, queryset: Any) -> None:
        for obj in queryset:
            catalogue.remove(actor=request.user, entry=obj)


@admin.register(Category)
class CategoryAdmin(EntryAdmin):
    needs = {
        "view": P.PRODUCT_CATEGORY_VIEW,
        "add": P.PRODUCT_CATEGORY_CREATE,
        "change": P.PRODUCT_CATEGORY_UPDATE,
        "delete": P.PRODUCT_CATEGORY_DELETE,
    }
    list_display = ("name", "code", "parent", "is_active")
    list_filter = ("is_active", "parent")
    list_select_related = ("parent",)
    raw_id_fields = ("parent",)


@admin.register(Brand)
class BrandAdmin(EntryAdmin):
    needs = {
        "view": P.PRODUCT_BRAND_VIEW,
        "add": P.PRODUCT_BRAND_CREATE,
        "change": P.PRODUCT_BRAND_UPDATE,
        "delete": P.PRODUCT_BRAND_DELETE,
    }
    list_display = ("name", "is_active")
    list_filter = ("is_active",)


@admin.register(Unit)
class UnitAdmin(EntryAdmin):
    needs = {
        "view": P.PRODUCT_UNIT_VIEW,
        "add": P.PRODUCT_UNIT_CREATE,
        "change": P.PRODUCT_UNIT_UPDATE,
        "delete": P.PRODUCT_UNIT_DELETE,
    }
    list_display = ("name", "short_name", "allow_decimal", "base_unit", "factor", "is_active")
    list_filter = ("is_active", "allow_decimal")
    list_select_related = ("base_unit",)


@admin.register(TaxRate)
class TaxRateAdmin(EntryAdmin):
    needs = {
        "view": P.TAX_RATE_VIEW,
        "add": P.TAX_RATE_CREATE,
        "change": P.TAX_RATE_UPDATE,
        "delete": P.TAX_RATE_DELETE,
    }
    list_display = ("name", "rate", "is_default", "is_active")
    list_filter = ("is_active",)


class VariationInline(BusinessInline):
    model = Variation
    needs = {"view": P.PRODUCT_VIEW, "add": P.PRODUCT_CREATE, "change": P.PRODUCT_UPDATE}
    fields = ("name", "sku", "cost", "price", "is_active")
    guarded = {"cost": P.PRODUCT_VIEW_PURCHASE_PRICE}
    fixed = {"price": P.PRODUCT_PRICE_GLOBAL}
    show_change_link = True

    def get_max_num(self, request: Any, obj: Any = None, **kwargs: Any) -> int | None:
        """One for a product that has one, and several where it was made for several."""
        return None if obj is not None and obj.kind == Product.Kind.VARIABLE else 1

    def get_extra(self, request: Any, obj: Any = None, **kwargs: Any) -> int:
        return 0

    def get_formset(self, request: Any, obj: Any = None, **kwargs: Any) -> Any:
        """A product is never made without what is sold of it."""
        if obj is None:
            kwargs |= {"min_num": 1, "validate_min": True}
        return super().get_formset(request, obj, **kwargs)


@admin.register(Product)
class ProductAdmin(BusinessModelAdmin):
    """Products with their variations. Pictures are changed on the product's own page."""

    needs = {
        "view": P.PRODUCT_VIEW,
        "add": P.PRODUCT_CREATE,
        "change": P.PRODUCT_UPDATE,
        "delete": P.PRODUCT_DELETE,
    }
    audits_itself = True
    list_display = ("name", "sku", "category", "brand", "is_stocked", "is_for_sale", "is_active")
    list_filter = ("is_active", "is_for_sale", "is_stocked", "category", "brand", "tax_rate")
    list_select_related = ("category", "brand")
    search_fields = ("name", "sku", "variations__sku", "variations__barcodes__code")
    ordering = ("name", "id")
    autocomplete_fields = ("category", "brand")
    fields = (
        "name",
        "kind",
        "sku",
        "description",
        "category",
        "brand",
        "unit",
        "tax_rate",
        "tax_inclusive",
        "is_stocked",
        "is_for_sale",
        "adds_credit",
        "alert_quantity",
        "is_active",
    )
    inlines = (VariationInline,)

    def get_readonly_fields(self, request: Any, obj: Any = None) -> Any:
        """One variation or several, and whether it adds credit, is decided once."""
        decided = ["kind", "adds_credit"] if obj else []
        return [*super().get_readonly_fields(request, obj), *decided]

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        """Saved together with its variations, in save_related()."""

    def save_related(self, request: Any, form: Any, formsets: Any, change: bool) -> None:
        rows = [Row(variation=one) for formset in formsets for one in formset.save(commit=False)]
        save_product(actor=request.user, product=form.instance, rows=rows)
        for formset in formsets:
            formset.save_m2m()

    def delete_model(self, request: Any, obj: Any) -> None:
        catalogue.remove(actor=request.user, entry=obj)

    def delete_queryset(self, request: Any, queryset: Any) -> None:
        for obj in queryset:
            catalogue.remove(actor=request.user, entry=obj)


class BarcodeInline(LookOnlyInline):
    model = Barcode
    needs = {"view": P.PRODUCT_VIEW}
    fields = ("code",)


@admin.register(Variation)
class VariationAdmin(LookOnlyAdmin):
    needs = {"view": P.PRODUCT_VIEW}
    list_display = ("full_name", "sku", "cost", "price", "is_active")
    guarded = {"cost": P.PRODUCT_VIEW_PURCHASE_PRICE}
    list_filter = ("is_active",)
    list_select_related = ("product",)
    search_fields = ("product__name", "name", "sku", "barcodes__code")
    ordering = ("product__name", "position", "id")
    fields = ("product", "name", "sku", "cost", "price", "is_active")
    inlines = (BarcodeInline,)

    @admin.display(description=_("name"))
    def full_name(self, variation: Variation) -> str:
        return variation.full_name

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        """Asked when a product is removed with its variations; there is no page for it alone."""
        return self._removes_product(request)

    def _removes_product(self, request: Any) -> bool:
        match = request.resolver_match
        removing = match is not None and (match.url_name or "").startswith("inventory_product_")
        return removing and ProductAdmin(Product, self.admin_site).has_delete_permission(request)


@admin.register(Barcode)
class BarcodeAdmin(LookOnlyAdmin):
    needs = {"view": P.PRODUCT_VIEW}
    list_display = ("code", "variation")
    list_select_related = ("variation__product",)
    search_fields = ("code",)
    fields = ("code", "variation")

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return bool(self.admin_site._registry[Variation].has_delete_permission(request))


@admin.register(LocationPrice)
class LocationPriceAdmin(LookOnlyAdmin):
    needs = {"view": P.PRODUCT_VIEW}
    location_field = "location"
    list_display = ("variation", "location", "price")
    list_filter = ("location",)
    list_select_related = ("variation__product", "location")
    search_fields = ("variation__sku", "variation__product__name")
    fields = ("variation", "location", "price")


@admin.register(StockLevel)
class StockLevelAdmin(LookOnlyAdmin):
    needs = {"view": P.STOCK_VIEW}
    location_field = "location"
    list_display = ("variation", "location", "quantity")
    list_filter = ("location",)
    list_select_related = ("variation__product", "location")
    search_fields = ("variation__sku", "variation__product__name")
    fields = ("variation", "location", "quantity")


@admin.register(StockMovement)
class StockMovementAdmin(LookOnlyAdmin):
    needs = {"view": P.STOCK_VIEW_HISTORY}
    location_field = "level__location"
    guarded = {"unit_cost": P.STOCK_VIEW_VALUE}
    list_display = ("created_at", "what", "kind", "quantity", "balance", "unit_cost", "actor")
    list_filter = ("kind",)
    list_select_related = ("level__variation__product", "level__location", "actor")
    search_fields = ("document_number", "level__variation__sku")
    ordering = ("-id",)
    fields = (
        "created_at",
        "what",
        "kind",
        "quantity",
        "balance",
        "unit_cost",
        "document_number",
        "actor",
    )
    readonly_fields = ("what",)

    @admin.display(description=_("product and location"))
    def what(self, movement: StockMovement) -> str:
        return f"{movement.level.variation.full_name}, {movement.level.location}"


@admin.register(StockDocument)
class StockDocumentAdmin(LookOnlyAdmin):
    needs = {"view": P.INVENTORY_CORRECTION_VIEW}
    location_field = "location"
    list_display = ("number", "kind", "location", "reason", "actor", "created_at")
    list_filter = ("kind", "reason", "location")
    list_select_related = ("location", "actor")
    search_fields = ("number", "note")
    fields = ("number", "kind", "location", "reason", "note", "actor", "created_at")
