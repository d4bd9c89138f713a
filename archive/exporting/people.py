"""The bound business as tables for people: names instead of ids, times as on the shop's clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Model
from django.utils.translation import gettext as _

from accounts.models import User
from archive.exporting.reading import in_order, pieces
from archive.exporting.sheets import Code, Table
from inventory.models import Barcode, LocationPrice, StockLevel, StockMovement, Variation
from purchasing.models import Supplier
from sales.models import (
    CashMovement,
    CreditAccount,
    Customer,
    Payment,
    Sale,
    SaleLine,
    Shift,
    ZReading,
)
from tenants.models import Location

Cells = Sequence[Any]


def people_tables() -> list[Table]:
    """Products with their stock, customers, suppliers, sales, lines, payments, shifts with cash
    movements and Z readings, stock movements."""
    return [
        _products(),
        _table("customers", _("Customers"), _customer_columns, _customers, Customer),
        _table("suppliers", _("Suppliers"), _supplier_columns, _suppliers, Supplier),
        _table("sales", _("Sales"), _sale_columns, _sales, Sale),
        _table("sale_lines", _("Sale lines"), _line_columns, _lines, SaleLine),
        _table("payments", _("Payments"), _payment_columns, _payments, Payment),
        _table("shifts", _("Shifts"), _shift_columns, _shifts, Shift),
        _table("cash_movements", _("Cash movements"), _cash_columns, _cash, CashMovement),
        _table("z_readings", _("Z readings"), _reading_columns, _readings, ZReading),
        _table("movements", _("Stock movements"), _movement_columns, _movements, StockMovement),
    ]


def _table(name: str, title: str, columns: Any, rows: Any, model: type[Model]) -> Table:
    return Table(name, title, columns(), rows, model._default_manager.count())


class _Clock:
    """Times in the zone of their location."""

    def __init__(self) -> None:
        self._zones = {place.pk: place.zone for place in Location.objects.all()}

    def __call__(self, moment: datetime | None, location_id: Any) -> datetime | None:
        zone: ZoneInfo = self._zones[location_id]
        return None if moment is None else moment.astimezone(zone)


class _People(dict[Any, str]):
    """Names by id, read when they are first asked for."""

    def __missing__(self, key: Any) -> str:
        self[key] = "" if key is None else str(User.objects.get(pk=key))
        return self[key]


# -- products -------------------------------------------------------------------------------------


def _products() -> Table:
    places = list(Location.objects.order_by("code"))
    columns = [
        _("Product"), _("Variation"), _("SKU"), _("Product code"), _("Barcodes"), _("Category"),
        _("Brand"), _("Unit"), _("Tax rate"), _("Prices include tax"), _("Price"), _("Cost"),
        _("Keeps stock"), _("Can be sold"), _("Active"),
    ]  # fmt: skip
    columns += [_("Stock %(place)s") % {"place": place.code} for place in places]
    columns += [_("Price %(place)s") % {"place": place.code} for place in places]
    count = Variation.objects.count()
    return Table("products", _("Products"), columns, lambda: _variations(places), count)


def _variations(places: Sequence[Location]) -> Iterator[Cells]:
    related = ("category", "brand", "unit", "tax_rate")
    rows = Variation.objects.select_related("product", *(f"product__{name}" for name in related))
    for piece in pieces(rows, "product_id", "id"):
        keys = [one.pk for one in piece]
        codes: dict[Any, list[str]] = defaultdict(list)
        for barcode in Barcode.objects.filter(variation__in=keys).order_by("code"):
            codes[barcode.variation_id].append(barcode.code)
        levels = _by_place(StockLevel, "quantity", keys)
        prices = _by_place(LocationPrice, "price", keys)
        for one in piece:
            product = one.product
            yield [
                product.name, one.name, Code(one.sku), Code(product.sku),
                Code(", ".join(codes[one.pk])),
                *(getattr(product, name) and getattr(product, name).name for name in related),
                product.tax_inclusive, one.price, one.cost, product.is_stocked,
                product.is_for_sale, product.is_active and one.is_active,
                *(levels.get((one.pk, place.pk)) for place in places),
                *(prices.get((one.pk, place.pk)) for place in places),
            ]  # fmt: skip


def _by_place(model: Any, column: str, variations: Sequence[Any]) -> dict[tuple[Any, Any], Any]:
    rows = model.objects.filter(variation__in=variations)
    found = rows.values_list("variation_id", "location_id", column)
    return {(variation, location): value for variation, location, value in found}


# -- customers and suppliers ----------------------------------------------------------------------


def _customer_columns() -> list[str]:
    return [
        _("Name"), _("E-mail"), _("Phone"), _("Address"), _("Tax number"), _("Credit limit"),
        _("Credit"), _("Note"), _("Active"),
    ]  # fmt: skip


def _customers() -> Iterator[Cells]:
    for piece in pieces(Customer.objects.all()):
        rows = CreditAccount.objects.filter(customer__in=[one.pk for one in piece])
        credit = dict(rows.values_list("customer_id", "balance"))
        for one in piece:
            yield [
                one.name, one.email, Code(one.phone), one.address, Code(one.tax_number),
                one.credit_limit, credit.get(one.pk), one.note, one.is_active,
            ]  # fmt: skip


def _supplier_columns() -> list[str]:
    return [
        _("Name"), _("Contact person"), _("E-mail"), _("Phone"), _("Address"), _("Tax number"),
        _("Pay within days"), _("Active"),
    ]  # fmt: skip


def _suppliers() -> Iterator[Cells]:
    for one in in_order(Supplier.objects.all()):
        yield [
            one.name, one.contact, one.email, Code(one.phone), one.address, Code(one.tax_number),
            one.payment_days, one.is_active,
        ]  # fmt: skip


# -- sales ----------------------------------------------------------------------------------------


def _sale_columns() -> list[str]:
    return [
        _("Receipt"), _("Kind"), _("Location"), _("Register"), _("Time"), _("Date"), _("Sold by"),
        _("Customer"), _("Items"), _("Subtotal"), _("Discount"), _("Net"), _("Tax"), _("Total"),
        _("Rounding"), _("Reverses"), _("Reason"), _("Note"),
    ]  # fmt: skip


def _sales() -> Iterator[Cells]:
    clock, people = _Clock(), _People()
    rows = Sale.objects.select_related("location", "register", "customer", "reverses")
    for one in in_order(rows, "sold_at", "id"):
        yield [
            Code(one.number), one.get_kind_display(), one.location.name, one.register.name,
            clock(one.sold_at, one.location_id), one.business_date, people[one.operator_id],
            one.customer and one.customer.name, one.item_count, one.subtotal, one.discount,
            one.net, one.tax, one.total, one.rounding, one.reverses and Code(one.reverses.number),
            one.reason, one.note,
        ]  # fmt: skip


def _line_columns() -> list[str]:
    return [
        _("Receipt"), _("Line"), _("SKU"), _("Product"), _("Quantity"), _("Unit price"),
        _("Unit cost"), _("Gross"), _("Discount"), _("Share of the sale's discount"), _("Net"),
        _("Tax"), _("Total"), _("Tax rate"), _("Percent"),
    ]  # fmt: skip


def _lines() -> Iterator[Cells]:
    for one in in_order(SaleLine.objects.select_related("sale")):
        yield [
            Code(one.sale.number), one.line, Code(one.sku), one.name, one.quantity,
            one.unit_price, one.unit_cost, one.gross, one.discount, one.sale_discount, one.net,
            one.tax, one.total, one.tax_name, one.tax_rate,
        ]  # fmt: skip


def _payment_columns() -> list[str]:
    return [
        _("Receipt"), _("Number"), _("Method"), _("Amount"), _("Given"), _("Change"), _("Card"),
        _("Last four digits"), _("Reference"),
    ]  # fmt: skip


def _payments() -> Iterator[Cells]:
    for one in in_order(Payment.objects.select_related("sale")):
        yield [
            Code(one.sale.number), one.line, one.get_method_display(), one.amount, one.tendered,
            one.change, one.card_brand, Code(one.card_last4), Code(one.reference),
        ]  # fmt: skip


def _shift_columns() -> list[str]:
    return [
        _("Location"), _("Register"), _("Number"), _("Opened by"), _("Opened"), _("Opening float"),
        _("Closed by"), _("Closed"), _("Counted cash"), _("Expected cash"), _("Difference"),
        _("Note"),
    ]  # fmt: skip


def _shifts() -> Iterator[Cells]:
    clock, people = _Clock(), _People()
    for one in in_order(Shift.objects.select_related("register__location")):
        place = one.register.location
        yield [
            place.name, one.register.name, one.number, people[one.opened_by_id],
            clock(one.opened_at, place.pk), one.opening_float, people[one.closed_by_id],
            clock(one.closed_at, place.pk), one.counted_cash, one.expected_cash, one.difference,
            one.note,
        ]  # fmt: skip


def _cash_columns() -> list[str]:
    return [
        _("Time"), _("Location"), _("Register"), _("Shift"), _("Kind"), _("Amount"), _("Reason"),
        _("Note"), _("Correction"), _("By"),
    ]  # fmt: skip


def _cash() -> Iterator[Cells]:
    clock, people = _Clock(), _People()
    for one in in_order(CashMovement.objects.select_related("shift__register__location")):
        register = one.shift.register
        yield [
            clock(one.moved_at, register.location_id), register.location.name, register.name,
            one.shift.number, one.get_kind_display(), one.amount, one.get_reason_display(),
            one.note, one.corrects_id is not None, people[one.operator_id],
        ]  # fmt: skip


def _reading_columns() -> list[str]:
    return [
        _("Location"), _("Register"), _("Number"), _("Date"), _("First shift"), _("Last shift"),
        _("Taken"), _("By"), _("Total"), _("Total of all readings"),
    ]  # fmt: skip


def _readings() -> Iterator[Cells]:
    clock, people = _Clock(), _People()
    for one in in_order(ZReading.objects.select_related("register__location")):
        place = one.register.location
        yield [
            place.name, one.register.name, one.number, one.business_date, one.first_shift,
            one.last_shift, clock(one.taken_at, place.pk), people[one.taken_by_id], one.total,
            one.grand_total,
        ]  # fmt: skip


def _movement_columns() -> list[str]:
    return [
        _("Time"), _("Location"), _("SKU"), _("Product"), _("Kind"), _("Quantity"), _("Balance"),
        _("Unit cost"), _("Document"), _("By"),
    ]  # fmt: skip


def _movements() -> Iterator[Cells]:
    clock, people = _Clock(), _People()
    rows = StockMovement.objects.select_related("level__variation__product", "level__location")
    for one in in_order(rows):
        level = one.level
        yield [
            clock(one.created_at, level.location_id), level.location.name,
            Code(level.variation.sku), level.variation.full_name, one.get_kind_display(),
            one.quantity, one.balance, one.unit_cost, Code(one.document_number),
            people[one.actor_id],
        ]  # fmt: skip
