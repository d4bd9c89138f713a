"""Registers, shifts, sales, stock documents, movements and credit as rows of the file.

A sale's number in the file is its place in its register's chain behind all registers before it, so
that whatever refers to a sale finds the number without a list of all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Max

from archive.exporting.cash import reading_row, with_movements
from archive.exporting.form import amount, chained, day, moment
from archive.exporting.reading import Numbers, in_order, pieces
from archive.exporting.shop import Row, person
from inventory.models import StockDocument, StockMovement
from sales.models import (
    CreditAccount,
    CreditEntry,
    NumberSeries,
    Payment,
    Register,
    Sale,
    SaleLine,
    ZReading,
)
from tenants import context

_SALES_AT_ONCE: Final = 250


@dataclass(slots=True)
class Books:
    """Turns the books of the bound business into rows of the file."""

    numbers: Numbers
    #: The number before that of each register's first sale.
    before: dict[Any, int] = field(default_factory=dict)

    def begin(self) -> None:
        longest = dict(
            Sale.objects.order_by().values_list("register").annotate(last=Max("chain_index"))
        )
        for register in Register.objects.order_by("pk").values_list("pk", flat=True):
            self.numbers.give("registers", register)
            self.before[register] = self.numbers.reserve("sales", longest.get(register, 0))

    @property
    def business(self) -> int | None:
        return self.numbers.of("businesses", context.require_id())

    def sale_number(self, register: Any, chain_index: int) -> int:
        return self.before[register] + chain_index

    def registers(self) -> Iterator[Row]:
        series = defaultdict(list)
        for one in NumberSeries.objects.order_by("pk"):
            series[one.register_id].append(self._series(one))
        readings = defaultdict(list)
        for reading in ZReading.objects.order_by("number"):
            readings[reading.register_id].append(reading_row(self.numbers, reading))
        for row in in_order(Register.objects.all()):
            yield {
                "id": self.numbers.of("registers", row.pk),
                "businessId": self.business,
                "name": row.name,
                "locationId": self.numbers.of("locations", row.location_id),
                "prefix": row.prefix,
                "deviceId": self.numbers.of("devices", row.device_id),
                "isActive": row.is_active,
                "isHistory": row.is_history,
                "saleCounter": row.sale_counter,
                "voidCounter": row.void_counter,
                "refundCounter": row.refund_counter,
                "exchangeCounter": row.exchange_counter,
                "sales": row.chain_length,
                "series": series[row.pk],
                "readings": readings[row.pk],
            }

    def _series(self, row: NumberSeries) -> Row:
        return {
            "code": row.code,
            "deviceId": self.numbers.of("devices", row.device_id),
            "createdAt": moment(row.created_at),
        }

    def shifts(self) -> Iterator[Row]:
        for row, moved in with_movements(self.numbers):
            yield {
                "id": self.numbers.give("shifts", row.pk),
                "businessId": self.business,
                "registerId": self.numbers.of("registers", row.register_id),
                "number": row.number,
                "openedById": person(self.numbers, row.opened_by_id),
                "openedAt": moment(row.opened_at),
                "openingFloat": amount(row.opening_float),
                "closedById": person(self.numbers, row.closed_by_id),
                "closedAt": moment(row.closed_at),
                "countedCash": amount(row.counted_cash),
                "expectedCash": amount(row.expected_cash),
                "difference": amount(row.difference),
                "note": row.note or None,
                "movements": moved,
            }

    # -- sales --

    def sales(self) -> Iterator[Row]:
        """Register by register, each in the order of its chain, with a chain of the file's own:
        the one in the database is made of ids that stay behind."""
        for register in Register.objects.order_by("pk").values_list("pk", flat=True):
            mark = ""
            rows = Sale.objects.filter(register=register).select_related("reverses")
            for piece in pieces(rows, "chain_index", chunk=_SALES_AT_ONCE):
                lines = _below(SaleLine, piece)
                payments = _below(Payment, piece)
                for sale in piece:
                    row = self._sale(sale)
                    row["lines"] = [self._line(one) for one in lines[sale.pk]]
                    row["payments"] = [_payment(one) for one in payments[sale.pk]]
                    mark = row["hash"] = chained(mark, row)
                    yield row

    def _sale(self, row: Sale) -> Row:
        reverses = row.reverses
        return {
            "id": self.sale_number(row.register_id, row.chain_index),
            "businessId": self.business,
            "kind": row.kind,
            "number": row.number,
            "counter": row.counter,
            "locationId": self.numbers.of("locations", row.location_id),
            "registerId": self.numbers.of("registers", row.register_id),
            "shiftId": self.numbers.of("shifts", row.shift_id),
            "userId": person(self.numbers, row.operator_id),
            "deviceId": self.numbers.of("devices", row.device_id),
            "customerId": self.numbers.of("customers", row.customer_id),
            "reversesId": self.sale_number(reverses.register_id, reverses.chain_index)
            if reverses
            else None,
            "reason": row.reason or None,
            "note": row.note or None,
            "series": row.series or None,
            "isOffline": row.is_offline,
            "soldAt": moment(row.sold_at),
            "businessDate": day(row.business_date),
            "createdAt": moment(row.created_at),
            "currency": row.currency,
            "itemCount": amount(row.item_count),
            "subtotal": amount(row.subtotal),
            "discount": amount(row.discount),
            "net": amount(row.net),
            "tax": amount(row.tax),
            "total": amount(row.total),
            "rounding": amount(row.rounding),
            "discountKind": row.discount_kind or None,
            "discountValue": amount(row.discount_value),
            "requestHash": row.request_hash or None,
        }

    def _line(self, row: SaleLine) -> Row:
        return {
            "line": row.line,
            "productVariationId": self.numbers.of("productVariations", row.variation_id),
            "name": row.name,
            "sku": row.sku or None,
            "quantity": amount(row.quantity),
            "unitPrice": amount(row.unit_price),
            "unitCost": amount(row.unit_cost),
            "gross": amount(row.gross),
            "discount": amount(row.discount),
            "saleDiscount": amount(row.sale_discount),
            "net": amount(row.net),
            "tax": amount(row.tax),
            "total": amount(row.total),
            "taxName": row.tax_name or None,
            "taxRate": amount(row.tax_rate),
            "taxInclusive": row.tax_inclusive,
            "discountKind": row.discount_kind or None,
            "discountValue": amount(row.discount_value),
            "isStocked": row.is_stocked,
            # Of the sale in reversesId; only where something comes back.
            "refundsLine": row.refunds_line,
        }

    # -- stock --

    def stock_documents(self) -> Iterator[Row]:
        for row in in_order(StockDocument.objects.all()):
            yield {
                "id": self.numbers.give("stockDocuments", row.pk),
                "businessId": self.business,
                "kind": row.kind,
                "number": row.number,
                "locationId": self.numbers.of("locations", row.location_id),
                "reason": row.reason,
                "note": row.note or None,
                "userId": person(self.numbers, row.actor_id),
                "createdAt": moment(row.created_at),
            }

    def movements(self) -> Iterator[Row]:
        for piece in pieces(StockMovement.objects.select_related("level")):
            sold = self._sales_of(row.document_id for row in piece)
            for row in piece:
                level = row.level
                yield {
                    "id": self.numbers.next("movements"),
                    "businessId": self.business,
                    "productVariationId": self.numbers.of("productVariations", level.variation_id),
                    "locationId": self.numbers.of("locations", level.location_id),
                    "kind": row.kind,
                    "quantity": amount(row.quantity),
                    "balance": amount(row.balance),
                    "unitCost": amount(row.unit_cost),
                    **self._document(row.document_id, sold),
                    "documentNumber": row.document_number or None,
                    "line": row.line,
                    "userId": person(self.numbers, row.actor_id),
                    "createdAt": moment(row.created_at),
                }

    def _sales_of(self, documents: Iterable[Any]) -> dict[Any, int]:
        rows = Sale.objects.filter(pk__in=set(documents)).order_by()
        found = rows.values_list("pk", "register_id", "chain_index")
        return {key: self.sale_number(register, place) for key, register, place in found}

    def _document(self, key: Any, sold: dict[Any, int]) -> Row:
        """Which document it was: a sale, a stock document, or one of neither table, which is
        numbered where it first occurs."""
        sale, stock = sold.get(key), self.numbers.known("stockDocuments", key)
        other = None
        if sale is None and stock is None:
            other = self.numbers.known("documents", key) or self.numbers.give("documents", key)
        return {"saleId": sale, "stockDocumentId": stock, "otherDocumentId": other}

    # -- credit --

    def credit_accounts(self) -> Iterator[Row]:
        for row in in_order(CreditAccount.objects.all()):
            yield {
                "id": self.numbers.give("creditAccounts", row.pk),
                "businessId": self.business,
                "customerId": self.numbers.of("customers", row.customer_id),
                "balance": amount(row.balance),
                "nextExpiry": day(row.next_expiry),
            }

    def credit_entries(self) -> Iterator[Row]:
        for piece in pieces(CreditEntry.objects.all()):
            sold = self._sales_of(row.document_id for row in piece)
            for row in piece:
                yield {
                    "id": self.numbers.next("creditEntries"),
                    "businessId": self.business,
                    "accountId": self.numbers.of("creditAccounts", row.account_id),
                    "kind": row.kind,
                    "amount": amount(row.amount),
                    "balance": amount(row.balance),
                    "expiresOn": day(row.expires_on),
                    **self._document(row.document_id, sold),
                    "documentNumber": row.document_number or None,
                    "line": row.line,
                    "reason": row.reason or None,
                    "userId": person(self.numbers, row.actor_id),
                    "createdAt": moment(row.created_at),
                }


def _below(model: Any, sales: Sequence[Sale]) -> dict[Any, list[Any]]:
    """The lines or payments of these sales."""
    found: dict[Any, list[Any]] = defaultdict(list)
    for row in model.objects.filter(sale__in=[sale.pk for sale in sales]).order_by("line"):
        found[row.sale_id].append(row)
    return found


def _payment(row: Payment) -> Row:
    return {
        "line": row.line,
        "method": row.method,
        "amount": amount(row.amount),
        "tendered": amount(row.tendered),
        "change": amount(row.change),
        "cardBrand": row.card_brand or None,
        "cardLast4": row.card_last4 or None,
        "reference": row.reference or None,
    }
