"""The catalogue: categories, brands, units, tax rates, products, variations, barcodes, prices."""

from __future__ import annotations

from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.constraints import walls
from tenants.fields import amount_field, changed_field
from tenants.models import Location, TenantForeignKey, TenantModel

ZERO = Decimal(0)


class Category(TenantModel):
    """A node of the category tree."""

    name = models.CharField(_("name"), max_length=200)
    code = models.CharField(_("short code"), max_length=30, blank=True)
    description = models.TextField(_("description"), blank=True)
    parent = TenantForeignKey(
        "self", null=True, blank=True, related_name="children", verbose_name=_("inside")
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta(TenantModel.Meta):
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ("name",)
        constraints = [*walls("category", "parent")]
        indexes = [
            models.Index(fields=["business", "name"], name="category_by_name"),
            models.Index(fields=["business", "parent"], name="category_children"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """A category is never inside itself, however deep."""
        above, seen = self.parent, {self.pk}
        while above is not None:
            if above.pk in seen:
                raise ValidationError({"parent": _("A category cannot be inside itself.")})
            seen.add(above.pk)
            above = above.parent


class Brand(TenantModel):
    name = models.CharField(_("name"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta(TenantModel.Meta):
        verbose_name = _("brand")
        verbose_name_plural = _("brands")
        ordering = ("name",)
        constraints = [*walls("brand")]
        indexes = [models.Index(fields=["business", "name"], name="brand_by_name")]

    def __str__(self) -> str:
        return self.name


class Unit(TenantModel):
    """What a quantity counts: pieces, kilograms, a box of twelve pieces."""

    name = models.CharField(_("name"), max_length=100)
    short_name = models.CharField(_("short name"), max_length=20)
    allow_decimal = models.BooleanField(_("fractions can be sold"), default=False)
    base_unit = TenantForeignKey(
        "self", null=True, blank=True, related_name="multiples", verbose_name=_("made of")
    )
    factor = amount_field(
        _("how many of them"),
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.0001"))],
    )
    is_active = models.BooleanField(_("active"), default=True)

    class Meta(TenantModel.Meta):
        verbose_name = _("unit")
        verbose_name_plural = _("units")
        ordering = ("name",)
        constraints = [
            *walls("unit", "base_unit"),
            models.CheckConstraint(
                condition=Q(base_unit=None, factor=None) | Q(base_unit__isnull=False, factor__gt=0),
                name="unit_base_and_factor",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if (self.base_unit is None) != (self.factor is None):
            raise ValidationError({"factor": _("Name both the unit it is made of and how many.")})
        if self.base_unit is not None and self.base_unit.pk == self.pk:
            raise ValidationError({"base_unit": _("A unit cannot be made of itself.")})


class TaxRate(TenantModel):
    name = models.CharField(_("name"), max_length=100)
    rate = models.DecimalField(
        _("percent"),
        max_digits=9,
        decimal_places=4,
        validators=[MinValueValidator(ZERO), MaxValueValidator(Decimal(1000))],
    )
    is_default = models.BooleanField(_("for new products"), default=False)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta(TenantModel.Meta):
        verbose_name = _("tax rate")
        verbose_name_plural = _("tax rates")
        ordering = ("name",)
        constraints = [
            *walls("tax_rate"),
            models.CheckConstraint(condition=Q(rate__gte=0), name="tax_rate_not_negative"),
        ]

    def __str__(self) -> str:
        return self.name


class Product(TenantModel):
    """What is sold under one name, as one or several variations."""

    class Kind(models.TextChoices):
        SINGLE = "single", _("One variation")
        VARIABLE = "variable", _("Several variations")

    name = models.CharField(_("name"), max_length=300)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.SINGLE)
    sku = models.CharField(_("product code"), max_length=100, blank=True)
    description = models.TextField(_("description"), blank=True)
    category = TenantForeignKey(
        Category, null=True, blank=True, related_name="products", verbose_name=_("category")
    )
    brand = TenantForeignKey(
        Brand, null=True, blank=True, related_name="products", verbose_name=_("brand")
    )
    unit = TenantForeignKey(
        Unit, null=True, blank=True, related_name="products", verbose_name=_("unit")
    )
    tax_rate = TenantForeignKey(
        TaxRate, null=True, blank=True, related_name="products", verbose_name=_("tax rate")
    )
    tax_inclusive = models.BooleanField(_("prices include tax"), default=True)
    is_stocked = models.BooleanField(
        _("keep stock"), default=True, help_text=_("Off for services: they never run out.")
    )
    is_for_sale = models.BooleanField(_("can be sold at the till"), default=True)
    adds_credit = models.BooleanField(
        _("adds customer credit"),
        default=False,
        help_text=_("Selling it adds its price to what the customer has to spend."),
    )
    alert_quantity = amount_field(
        _("warn below"),
        null=True,
        blank=True,
        help_text=_("Listed as low stock under this quantity."),
    )
    image = models.ImageField(_("picture"), upload_to="products/", blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    changed = changed_field()

    class Meta(TenantModel.Meta):
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ("name", "id")
        constraints = [*walls("product", "category", "brand", "unit", "tax_rate")]
        indexes = [
            models.Index(fields=["business", "name", "id"], name="product_by_name"),
            models.Index(fields=["business", "category"], name="product_of_category"),
            models.Index(fields=["business", "-updated_at"], name="product_newest"),
            models.Index(fields=["business", "changed", "id"], name="product_changed"),
            models.Index(
                fields=["business", "id"],
                condition=Q(alert_quantity__isnull=False),
                name="product_that_warns",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.adds_credit and self.is_stocked:
            raise ValidationError({"is_stocked": _("Credit is not kept in stock.")})
        if self.adds_credit and self.tax_rate_id is not None:
            raise ValidationError({"tax_rate": _("Credit is taxed when it is spent, not now.")})

    @property
    def allow_decimal(self) -> bool:
        return self.unit is not None and self.unit.allow_decimal

    @property
    def sold_tax_rate(self) -> TaxRate | None:
        """The rate that a sale of it is taxed with; never any for credit."""
        return None if self.adds_credit else self.tax_rate

    @property
    def moves_stock(self) -> bool:
        return self.is_stocked and not self.adds_credit


class Variation(TenantModel):
    """What is scanned, priced and counted. A single product has one, without a name."""

    product = TenantForeignKey(Product, on_delete=models.CASCADE, related_name="variations")
    name = models.CharField(_("name"), max_length=200, blank=True)
    sku = models.CharField(_("SKU"), max_length=100, blank=True)
    cost = amount_field(_("cost"), default=ZERO, validators=[MinValueValidator(ZERO)])
    price = amount_field(_("price"), default=ZERO, validators=[MinValueValidator(ZERO)])
    position = models.PositiveIntegerField(default=0, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    # Everything it can be found by, lower case; written by catalogue.refresh_search().
    search_text = models.TextField(editable=False, blank=True)
    changed = changed_field()

    class Meta(TenantModel.Meta):
        verbose_name = _("variation")
        verbose_name_plural = _("variations")
        ordering = ("position", "id")
        constraints = [
            *walls("variation", "product"),
            models.UniqueConstraint(
                fields=["business", "sku"],
                condition=Q(is_active=True) & ~Q(sku=""),
                name="variation_sku",
                violation_error_message=_("Another product has this SKU."),
            ),
            models.CheckConstraint(
                condition=Q(cost__gte=0, price__gte=0), name="variation_not_negative"
            ),
        ]
        indexes = [
            models.Index(fields=["business", "product"], name="variation_of_product"),
            models.Index(fields=["business", "changed", "id"], name="variation_changed"),
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        """Product and variation, as a receipt shows it."""
        return f"{self.product.name} – {self.name}" if self.name else self.product.name


class Barcode(TenantModel):
    """One of the codes on a variation; leading zeros count."""

    variation = TenantForeignKey(Variation, on_delete=models.CASCADE, related_name="barcodes")
    code = models.CharField(_("barcode"), max_length=64)
    changed = changed_field()

    class Meta(TenantModel.Meta):
        verbose_name = _("barcode")
        verbose_name_plural = _("barcodes")
        ordering = ("code",)
        constraints = [
            *walls("barcode", "variation"),
            models.UniqueConstraint(
                fields=["business", "code"],
                name="barcode_code",
                violation_error_message=_("Another product has this barcode."),
            ),
        ]
        indexes = [
            models.Index(fields=["business", "variation"], name="barcode_of_variation"),
            models.Index(fields=["business", "changed", "id"], name="barcode_changed"),
        ]

    def __str__(self) -> str:
        return self.code


class LocationPrice(TenantModel):
    """The price of a variation at one location, where it differs from the variation's own."""

    variation = TenantForeignKey(
        Variation, on_delete=models.CASCADE, related_name="location_prices"
    )
    location = TenantForeignKey(Location, on_delete=models.CASCADE, related_name="+")
    price = amount_field(_("price"), validators=[MinValueValidator(ZERO)])
    changed = changed_field()

    class Meta(TenantModel.Meta):
        verbose_name = _("price at a location")
        verbose_name_plural = _("prices at locations")
        constraints = [
            *walls("location_price", "variation", "location"),
            models.UniqueConstraint(
                fields=["business", "variation", "location"], name="location_price_once"
            ),
            models.CheckConstraint(condition=Q(price__gte=0), name="location_price_not_negative"),
        ]
        indexes = [
            models.Index(fields=["business", "changed", "id"], name="location_price_changed")
        ]

    def __str__(self) -> str:
        return f"{self.price}"
