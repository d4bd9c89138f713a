"""Catalogue, prices, stock, suppliers, customers and pictures as rows of the file."""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from archive.exporting.form import amount, moment
from archive.exporting.reading import Numbers, in_order, pieces
from archive.exporting.shop import UNDATED, Row, deleted_at
from archive.remembered import names_of
from inventory.models import (
    Barcode,
    Brand,
    Category,
    LocationPrice,
    Product,
    StockLevel,
    TaxRate,
    Unit,
    Variation,
)
from purchasing.models import Supplier
from sales.models import Customer
from tenants import context


@dataclass(slots=True)
class Catalogue:
    """Turns rows of the bound business's catalogue into rows of the file.

    The small tables are kept as they stand in the file, because every product repeats its own.
    """

    numbers: Numbers
    categories: dict[Any, Row] = field(default_factory=dict)
    brands: dict[Any, Row] = field(default_factory=dict)
    units: dict[Any, Row] = field(default_factory=dict)

    def begin(self) -> None:
        for category in in_order(Category.objects.all()):
            self.categories[category.pk] = self._category(category)
        for brand in in_order(Brand.objects.all()):
            self.brands[brand.pk] = self._brand(brand)
        for unit in in_order(Unit.objects.all()):
            self.units[unit.pk] = self._unit(unit)

    @property
    def business(self) -> int | None:
        return self.numbers.of("businesses", context.require_id())

    def _category(self, row: Category) -> Row:
        return {
            "id": self.numbers.of("categories", row.pk),
            "businessId": self.business,
            "name": row.name,
            "shortCode": row.code or None,
            "description": row.description or None,
            "parentId": self.numbers.of("categories", row.parent_id),
            "isActive": row.is_active,
            "deletedAt": deleted_at(row.is_active),
            **UNDATED,
        }

    def _brand(self, row: Brand) -> Row:
        return {
            "id": self.numbers.of("brands", row.pk),
            "businessId": self.business,
            "name": row.name,
            "description": row.description or None,
            "isActive": row.is_active,
            "deletedAt": deleted_at(row.is_active),
            **UNDATED,
        }

    def _unit(self, row: Unit) -> Row:
        return {
            "id": self.numbers.of("units", row.pk),
            "businessId": self.business,
            "name": row.name,
            "shortName": row.short_name,
            "allowDecimal": row.allow_decimal,
            "baseUnitId": self.numbers.of("units", row.base_unit_id),
            "baseUnitMultiplier": amount(row.factor),
            "isActive": row.is_active,
            "deletedAt": deleted_at(row.is_active),
            **UNDATED,
        }

    # -- products and variations --

    def products(self) -> Iterator[Row]:
        for piece in pieces(Product.objects.all()):
            below: dict[Any, list[Variation]] = defaultdict(list)
            for one in Variation.objects.filter(product__in=piece).order_by("pk"):
                below[one.product_id].append(one)
            for row in piece:
                variations = below[row.pk]
                yield {
                    **self._product(row, variations),
                    "category": self.categories.get(row.category_id),
                    "brand": self.brands.get(row.brand_id),
                    "unit": self.units.get(row.unit_id),
                    "variations": [self._variation(one, row) for one in variations],
                }

    def variations(self) -> Iterator[Row]:
        for piece in pieces(Variation.objects.select_related("product")):
            firsts: dict[Any, list[Variation]] = defaultdict(list)
            products = {one.product_id for one in piece}
            for one in Variation.objects.filter(product__in=products).order_by("pk"):
                firsts[one.product_id].append(one)
            for one in piece:
                nested = self._product(one.product, firsts[one.product_id])
                yield {**self._variation(one, one.product), "product": nested}

    def _product(self, row: Product, variations: list[Variation]) -> Row:
        first = variations[0] if variations else None
        return {
            "id": self.numbers.of("products", row.pk),
            "businessId": self.business,
            "name": row.name,
            "type": row.kind,
            "categoryId": self.numbers.of("categories", row.category_id),
            "brandId": self.numbers.of("brands", row.brand_id),
            "unitId": self.numbers.of("units", row.unit_id),
            "taxId": self.numbers.of("taxRates", row.tax_rate_id),
            "taxType": "inclusive" if row.tax_inclusive else "exclusive",
            "sku": row.sku or None,
            "barcodeType": None,
            "description": row.description or None,
            "productDescription": None,
            "image": None,
            "brochure": None,
            "enableStock": row.is_stocked,
            "alertQuantity": amount(row.alert_quantity),
            "reorderPoint": None,
            "reorderQuantity": None,
            "leadTimeDays": None,
            "safetyStockDays": None,
            "enableAutoReorder": False,
            "purchasePrice": amount(first.cost) if first else None,
            "sellingPrice": amount(first.price) if first else None,
            "marginPercentage": None,
            "weight": None,
            "preparationTime": None,
            "enableProductInfo": False,
            "notForSelling": not row.is_for_sale,
            "isActive": row.is_active,
            "subUnitIds": None,
            "addsCredit": row.adds_credit,
            "deletedAt": None,
            "createdAt": moment(row.created_at),
            "updatedAt": moment(row.updated_at),
        }

    def _variation(self, row: Variation, product: Product) -> Row:
        return {
            "id": self.numbers.of("productVariations", row.pk),
            "productId": self.numbers.of("products", row.product_id),
            "businessId": self.business,
            "name": row.name or "Default",
            "sku": row.sku or None,
            "purchasePrice": amount(row.cost),
            "sellingPrice": amount(row.price),
            "isDefault": row.position == 0,
            "subSku": row.sku or None,
            "unitId": self.numbers.of("units", product.unit_id),
            "supplierId": None,
            "warrantyId": None,
            "lastPurchaseDate": None,
            "lastPurchaseCost": None,
            "lastPurchaseQuantity": None,
            "ownName": row.name,
            "position": row.position,
            "isActive": row.is_active,
            "deletedAt": deleted_at(row.is_active),
            **UNDATED,
        }

    def barcodes(self) -> Iterator[Row]:
        for row in in_order(Barcode.objects.all()):
            yield {
                "id": self.numbers.next("barcodes"),
                "businessId": self.business,
                "productVariationId": self.numbers.of("productVariations", row.variation_id),
                "code": row.code,
            }

    def pictures(self) -> Iterator[Row]:
        """The stored files as they are; a picture whose file is gone is left out."""
        for row in in_order(Product.objects.exclude(image="")):
            try:
                with row.image.open("rb") as file:
                    data = file.read()
            except FileNotFoundError:
                continue
            yield {
                "id": self.numbers.next("pictures"),
                "businessId": self.business,
                "productId": self.numbers.of("products", row.pk),
                "type": "image/webp",
                "sha256": hashlib.sha256(data).hexdigest(),
                "data": base64.b64encode(data).decode(),
            }

    # -- stock and prices of locations --

    def stock(self) -> Iterator[Row]:
        rows = StockLevel.objects.select_related("variation")
        for piece in pieces(rows, "variation_id", "location_id"):
            prices = _prices({level.variation_id for level in piece})
            for level in piece:
                price = prices.get((level.variation_id, level.location_id))
                yield {
                    "id": self.numbers.next("stock"),
                    "productId": self.numbers.of("products", level.variation.product_id),
                    **self._place(level),
                    "qtyAvailable": amount(level.quantity),
                    "sellingPrice": amount(price),
                    "pricePercentage": None,
                    "openingStockLocked": True,
                    "openingStockSetAt": None,
                    "openingStockSetBy": None,
                    "lastPriceUpdate": None,
                    "lastPriceUpdatedBy": None,
                    **UNDATED,
                }

    def location_prices(self) -> Iterator[Row]:
        """Those of variations that were never kept in stock there."""
        for piece in pieces(LocationPrice.objects.all(), "variation_id", "location_id"):
            levels = set(
                StockLevel.objects.filter(
                    variation__in={price.variation_id for price in piece}
                ).values_list("variation_id", "location_id")
            )
            for price in piece:
                if (price.variation_id, price.location_id) not in levels:
                    yield {
                        "id": self.numbers.next("locationPrices"),
                        "businessId": self.business,
                        **self._place(price),
                        "sellingPrice": amount(price.price),
                    }

    def _place(self, row: StockLevel | LocationPrice) -> Row:
        return {
            "productVariationId": self.numbers.of("productVariations", row.variation_id),
            "locationId": self.numbers.of("locations", row.location_id),
        }

    # -- the rest --

    def suppliers(self) -> Iterator[Row]:
        for row in in_order(Supplier.objects.all()):
            yield {
                "id": self.numbers.next("suppliers"),
                "businessId": self.business,
                "name": row.name,
                "contactPerson": row.contact or None,
                **_contact(row),
                "paymentTerms": row.payment_days,
                "creditLimit": None,
                "isActive": row.is_active,
                "deletedAt": None,
                "createdAt": moment(row.created_at),
                "updatedAt": None,
            }

    def customers(self) -> Iterator[Row]:
        for piece in pieces(Customer.objects.all()):
            names = names_of(row.pk for row in piece)
            for row in piece:
                yield self._customer(row, names.get(str(row.pk)))

    def _customer(self, row: Customer, names: list[list[str]] | None) -> Row:
        return {
            "id": self.numbers.of("customers", row.pk),
            "businessId": self.business,
            "name": row.name,
            **_contact(row),
            "businessStyle": None,
            "creditLimit": amount(row.credit_limit),
            "note": row.note or None,
            "references": names,
            "isActive": row.is_active,
            "deletedAt": None,
            "createdAt": moment(row.created_at),
            "updatedAt": None,
        }

    def tax_rates(self) -> Iterator[Row]:
        for row in in_order(TaxRate.objects.all()):
            yield {
                "id": self.numbers.of("taxRates", row.pk),
                "businessId": self.business,
                "name": row.name,
                "amount": amount(row.rate),
                "isDefault": row.is_default,
                "isActive": row.is_active,
                "deletedAt": deleted_at(row.is_active),
                **UNDATED,
            }


def _contact(row: Supplier | Customer) -> Row:
    return {
        "email": row.email or None,
        "mobile": row.phone or None,
        "alternateNumber": None,
        "address": row.address or None,
        "city": None,
        "state": None,
        "country": None,
        "zipCode": None,
        "taxNumber": row.tax_number or None,
    }


def _prices(variations: set[Any]) -> dict[tuple[Any, Any], Any]:
    rows = LocationPrice.objects.filter(variation__in=variations)
    return {(row.variation_id, row.location_id): row.price for row in rows}
