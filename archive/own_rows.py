"""The rows of the arrays that only our own files have: codes, tills, sales, movements, credit.

Their columns are those that archive/exporting writes.
"""

# ruff: noqa: RUF009 - `column` makes a field; nothing mutable is shared between rows.

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from archive.fitting import (
    day,
    digest,
    flag,
    instant,
    key,
    nested_rows,
    not_negative,
    number,
    one_of,
    percent,
    text,
    whole,
)
from archive.fitting_readings import figures
from archive.rows import column
from inventory.models import StockDocument, StockMovement
from sales.models import CashMovement, CreditEntry, Payment, Sale

# Rows have a column of that name themselves.
decimal = number

#: Larger than any picture as it is stored, in base64.
LARGEST_PICTURE: Final = 8 * 1024 * 1024


@dataclass(slots=True)
class BarcodeRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    variation_id: int = column("productVariationId", key)
    code: str = column("code", text(64))


@dataclass(slots=True)
class LocationPriceRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    variation_id: int = column("productVariationId", key)
    location_id: int = column("locationId", key)
    price: Decimal = column("sellingPrice", not_negative)


@dataclass(slots=True)
class DeviceRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    name: str = column("name", text(100))
    location_id: int = column("locationId", key)
    user_id: int = column("userId", key)
    last_seen_at: datetime | None = column("lastSeenAt", instant, None)
    revoked_at: datetime | None = column("revokedAt", instant, None)
    created_at: datetime = column("createdAt", instant)


@dataclass(slots=True)
class RegisterRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    name: str = column("name", text(100))
    location_id: int = column("locationId", key)
    prefix: str = column("prefix", text(12))
    device_id: int | None = column("deviceId", key, None)
    is_active: bool = column("isActive", flag)
    is_history: bool = column("isHistory", flag)
    sale_counter: int = column("saleCounter", whole)
    void_counter: int = column("voidCounter", whole)
    refund_counter: int = column("refundCounter", whole, 0)
    exchange_counter: int = column("exchangeCounter", whole, 0)
    sales: int = column("sales", whole)
    series: list[Any] = column("series", nested_rows, ())
    readings: list[Any] = column("readings", nested_rows, ())


@dataclass(slots=True)
class SeriesRow:
    """A series of numbers that a device gave, within its register."""

    code: str = column("code", text(4))
    device_id: int | None = column("deviceId", key, None)
    created_at: datetime = column("createdAt", instant)


@dataclass(slots=True)
class ReadingRow:
    """A Z reading, within its register; the first one first."""

    number: int = column("number", key)
    business_date: date = column("businessDate", day)
    first_shift: int = column("firstShift", key)
    last_shift: int = column("lastShift", key)
    began_at: datetime = column("beganAt", instant)
    ended_at: datetime = column("endedAt", instant)
    user_id: int = column("userId", key)
    device_id: int | None = column("deviceId", key, None)
    taken_at: datetime = column("takenAt", instant)
    figures: dict[str, Any] = column("figures", figures)
    total: Decimal = column("total", decimal)
    grand_total: Decimal = column("grandTotal", decimal)
    mark: str = column("hash", digest)


@dataclass(slots=True)
class CashRow:
    """A cash movement, within its shift. `corrects` is the place of another one there."""

    kind: str = column("kind", one_of(*CashMovement.Kind.values))
    amount: Decimal = column("amount", decimal)
    reason: str = column("reason", one_of(*CashMovement.Reason.values))
    note: str = column("note", text(200), "")
    corrects: int | None = column("corrects", key, None)
    user_id: int = column("userId", key)
    device_id: int | None = column("deviceId", key, None)
    moved_at: datetime = column("movedAt", instant)
    business_date: date = column("businessDate", day)
    request_hash: str = column("requestHash", text(64), "")


@dataclass(slots=True)
class ShiftRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    register_id: int = column("registerId", key)
    number: int = column("number", key)
    opened_by_id: int = column("openedById", key)
    opened_at: datetime = column("openedAt", instant)
    opening_float: Decimal = column("openingFloat", not_negative)
    closed_by_id: int | None = column("closedById", key, None)
    closed_at: datetime | None = column("closedAt", instant, None)
    counted_cash: Decimal | None = column("countedCash", decimal, None)
    expected_cash: Decimal | None = column("expectedCash", decimal, None)
    difference: Decimal | None = column("difference", decimal, None)
    note: str = column("note", text(500), "")
    movements: list[Any] = column("movements", nested_rows, ())


@dataclass(slots=True)
class CreditAccountRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    customer_id: int = column("customerId", key)
    balance: Decimal = column("balance", not_negative)
    next_expiry: date | None = column("nextExpiry", day, None)


# -- documents ------------------------------------------------------------------------------------


@dataclass(slots=True)
class LineRow:
    line: int = column("line", key)
    variation_id: int = column("productVariationId", key)
    name: str = column("name", text(520), "")
    sku: str = column("sku", text(100), "")
    quantity: Decimal = column("quantity", decimal)
    unit_price: Decimal = column("unitPrice", decimal)
    unit_cost: Decimal = column("unitCost", decimal)
    gross: Decimal = column("gross", decimal)
    discount: Decimal = column("discount", decimal)
    sale_discount: Decimal = column("saleDiscount", decimal)
    net: Decimal = column("net", decimal)
    tax: Decimal = column("tax", decimal)
    total: Decimal = column("total", decimal)
    tax_name: str = column("taxName", text(100), "")
    tax_rate: Decimal = column("taxRate", percent)
    tax_inclusive: bool = column("taxInclusive", flag)
    discount_kind: str = column("discountKind", text(10), "")
    discount_value: Decimal | None = column("discountValue", decimal, None)
    is_stocked: bool = column("isStocked", flag)
    refunds_line: int | None = column("refundsLine", key, None)


@dataclass(slots=True)
class PaymentRow:
    line: int = column("line", key)
    method: str = column("method", one_of(*Payment.Method.values))
    amount: Decimal = column("amount", decimal)
    tendered: Decimal = column("tendered", decimal)
    change: Decimal = column("change", decimal)
    card_brand: str = column("cardBrand", text(20), "")
    card_last4: str = column("cardLast4", text(4), "")
    reference: str = column("reference", text(60), "")


@dataclass(slots=True)
class SaleRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    kind: str = column("kind", one_of(*Sale.Kind.values))
    number: str = column("number", text(40))
    counter: int = column("counter", key)
    location_id: int = column("locationId", key)
    register_id: int = column("registerId", key)
    shift_id: int = column("shiftId", key)
    user_id: int = column("userId", key)
    device_id: int | None = column("deviceId", key, None)
    customer_id: int | None = column("customerId", key, None)
    reverses_id: int | None = column("reversesId", key, None)
    reason: str = column("reason", text(200), "")
    note: str = column("note", text(500), "")
    series: str = column("series", text(4), "")
    is_offline: bool = column("isOffline", flag, False)
    sold_at: datetime = column("soldAt", instant)
    business_date: date = column("businessDate", day)
    created_at: datetime = column("createdAt", instant)
    currency: str = column("currency", text(3))
    item_count: Decimal = column("itemCount", decimal)
    subtotal: Decimal = column("subtotal", decimal)
    discount: Decimal = column("discount", decimal)
    net: Decimal = column("net", decimal)
    tax: Decimal = column("tax", decimal)
    total: Decimal = column("total", decimal)
    rounding: Decimal = column("rounding", decimal)
    discount_kind: str = column("discountKind", text(10), "")
    discount_value: Decimal | None = column("discountValue", decimal, None)
    request_hash: str = column("requestHash", text(64), "")
    lines: list[Any] = column("lines", nested_rows)
    payments: list[Any] = column("payments", nested_rows)
    mark: str = column("hash", digest)


@dataclass(slots=True)
class StockDocumentRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    kind: str = column("kind", one_of(*StockDocument.Kind.values))
    number: str = column("number", text(40))
    location_id: int = column("locationId", key)
    reason: str = column("reason", one_of(*StockDocument.Reason.values))
    note: str = column("note", text(500), "")
    user_id: int | None = column("userId", key, None)
    created_at: datetime = column("createdAt", instant)


@dataclass(slots=True)
class MovementRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    variation_id: int = column("productVariationId", key)
    location_id: int = column("locationId", key)
    kind: str = column("kind", one_of(*StockMovement.Kind.values))
    quantity: Decimal = column("quantity", decimal)
    balance: Decimal = column("balance", decimal)
    unit_cost: Decimal = column("unitCost", decimal)
    sale_id: int | None = column("saleId", key, None)
    stock_document_id: int | None = column("stockDocumentId", key, None)
    other_document_id: int | None = column("otherDocumentId", key, None)
    document_number: str = column("documentNumber", text(40), "")
    line: int = column("line", whole)
    user_id: int | None = column("userId", key, None)
    created_at: datetime = column("createdAt", instant)


@dataclass(slots=True)
class CreditEntryRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    account_id: int = column("accountId", key)
    kind: str = column("kind", one_of(*CreditEntry.Kind.values))
    amount: Decimal = column("amount", decimal)
    balance: Decimal = column("balance", not_negative)
    expires_on: date | None = column("expiresOn", day, None)
    sale_id: int | None = column("saleId", key, None)
    stock_document_id: int | None = column("stockDocumentId", key, None)
    other_document_id: int | None = column("otherDocumentId", key, None)
    document_number: str = column("documentNumber", text(40), "")
    line: int = column("line", whole)
    reason: str = column("reason", text(200), "")
    user_id: int | None = column("userId", key, None)
    created_at: datetime = column("createdAt", instant)


@dataclass(slots=True)
class PictureRow:
    id: int = column("id", key)
    business_id: int = column("businessId", key)
    product_id: int = column("productId", key)
    type: str = column("type", one_of("image/webp"))
    sha256: str = column("sha256", digest)
    data: str = column("data", text(LARGEST_PICTURE))


#: Rows that are kept in memory while the file is read: no more of them than of the catalogue.
KEPT: Final[dict[str, type]] = {
    "barcodes": BarcodeRow,
    "locationPrices": LocationPriceRow,
    "devices": DeviceRow,
    "registers": RegisterRow,
    "shifts": ShiftRow,
    "creditAccounts": CreditAccountRow,
    "stockDocuments": StockDocumentRow,
}

#: Rows that are looked at one by one, and read again when they are written.
STREAMED: Final[dict[str, type]] = {
    "sales": SaleRow,
    "movements": MovementRow,
    "creditEntries": CreditEntryRow,
    "pictures": PictureRow,
}
