"""Checks the books of a file that Tillbook wrote: tills, sales, movements, credit, pictures.

Sales and movements go by one at a time. What is kept of a sale is its id and two sums of what has to
be found again: that its void takes back the same, and that its stock moved as it was sold.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from archive.exporting.form import chained
from archive.own_rows import (
    CreditEntryRow,
    LineRow,
    MovementRow,
    PaymentRow,
    PictureRow,
    RegisterRow,
    SaleRow,
)
from archive.rows import Fault, parse
from archive.validation_cash import check_drawers
from archive.validation_documents import (
    BACK,
    MASK,
    UNSURE,
    content_of,
    fits,
    is_picture,
    line_points,
)
from inventory.models import StockMovement
from sales.models import Payment, Sale
from sales.posting import SERIES

if TYPE_CHECKING:
    from archive.validation import Reading

ZERO: Final = Decimal(0)
_OVER: Final = "is voided, or nothing can come back of it"
_OF_SALES: Final = (StockMovement.Kind.SALE, StockMovement.Kind.REFUND)


class Books:
    """What has to agree between the streamed rows of a file; faults go to the reading."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.export = reading.export
        self.look: dict[str, Callable[[Any, dict[str, Any]], None]] = {
            "sales": self.sale,
            "movements": self.movement,
            "creditEntries": self.credit_entry,
            "pictures": self.picture,
        }
        # Of each sale, in the order of their ids.
        self.sale_ids = array("Q")
        self.contents = array("Q")
        self.moved = array("Q")
        self.marks: dict[int, str] = {}
        self.counts: dict[int, int] = defaultdict(int)
        self.counters: dict[tuple[int, str], int] = defaultdict(int)
        self.numbers: set[tuple[int, bytes]] = set()
        self.cash: dict[int, Decimal] = defaultdict(lambda: ZERO)
        self.totals: dict[int, Decimal] = defaultdict(lambda: ZERO)
        self.levels: dict[tuple[int, int], Decimal] | None = None
        self.credit: dict[int, Decimal] = defaultdict(lambda: ZERO)
        self.pictured: set[int] = set()
        self.exchanges: set[int] = set()
        self.refunded: set[int] = set()
        self.awaited: dict[int, SaleRow] = {}  # Sales that come later, by who takes from them.

    def fault(self, row: Any, table: str, field: str, reason: str, value: object = "") -> None:
        self.reading.fault(table, row.id, field, reason, value)

    # -- sales --

    def sale(self, row: SaleRow, raw: dict[str, Any]) -> None:
        if self.sale_ids and row.id <= self.sale_ids[-1]:
            self.fault(row, "sales", "id", "is not above that of the sale before it")
            return
        points = self.reading.points
        points("sales", row, "businessId", "businesses", row.business_id)
        register = points("sales", row, "registerId", "registers", row.register_id)
        shift = points("sales", row, "shiftId", "shifts", row.shift_id)
        points("sales", row, "locationId", "locations", row.location_id)
        points("sales", row, "userId", "users", row.user_id)
        points("sales", row, "deviceId", "devices", row.device_id)
        points("sales", row, "customerId", "customers", row.customer_id)
        if shift is not None and shift.register_id != row.register_id:
            self.fault(row, "sales", "shiftId", "is of another register", row.shift_id)
        if register is not None and register.location_id != row.location_id:
            self.fault(row, "sales", "locationId", "is not where the register is", row.location_id)
        business = self.export.businesses.get(row.business_id)
        if business is not None and business.currency != row.currency:
            self.fault(row, "sales", "currency", f"is not {business.currency}", row.currency)
        lines = self.parts(LineRow, row, "lines", row.lines)
        payments = self.parts(PaymentRow, row, "payments", row.payments)
        for at, line in enumerate(lines, 1):
            line_points(self.reading, row, at, line)
        if lines or payments:
            self.sums(row, lines, payments)
        if register is not None:
            self.place(row, register)
            self.chain(row, raw)
        self.reverse(row, lines, payments)
        self.keep(row, lines, payments)

    def parts(self, kind: Any, row: SaleRow, name: str, raws: Sequence[Any]) -> list[Any]:
        """The nested rows; none where any of them is wrong in itself."""
        found: list[Any] = []
        wrong: list[Fault] = []
        last = 0
        for at, raw in enumerate(raws, 1):
            if not isinstance(raw, dict):
                self.fault(row, "sales", f"{name}.{at}", "is no object")
                continue
            before = len(wrong)
            part: Any = parse(kind, "sales", row.id, raw, wrong, own_file=True)
            for one in wrong[before:]:
                self.fault(row, "sales", f"{name}.{at}.{one.field}", one.reason, one.value)
            if part is not None:
                if part.line <= last:
                    reason = "is not above that of the one before it"
                    self.fault(row, "sales", f"{name}.{at}.line", reason, part.line)
                last = part.line
                found.append(part)
        return found if len(found) == len(raws) else []

    def sums(self, row: SaleRow, lines: list[LineRow], payments: list[PaymentRow]) -> None:
        """Lines add up, and their sums and the payments are the sale's."""
        for line in lines:
            self.equal(row, f"lines.{line.line}.total", line.total, line.net + line.tax)
            shown = line.total if line.tax_inclusive else line.net
            asked = shown + line.discount + line.sale_discount
            self.equal(row, f"lines.{line.line}.gross", line.gross, asked)
        for one in payments:
            self.equal(row, f"payments.{one.line}.tendered", one.tendered, one.amount + one.change)
            if one.change < 0 or (one.change and one.method != Payment.Method.CASH):
                field = f"payments.{one.line}.change"
                self.fault(row, "sales", field, "is not change of cash", one.change)
            if one.method == Payment.Method.CASH:
                self.cash[row.shift_id] += one.amount
        self.totals[row.shift_id] += row.total
        self.equal(row, "net", row.net, sum((one.net for one in lines), ZERO))
        self.equal(row, "tax", row.tax, sum((one.tax for one in lines), ZERO))
        self.equal(row, "total", row.total, sum((one.total for one in lines), ZERO))
        self.equal(row, "discount", row.discount, sum((one.sale_discount for one in lines), ZERO))
        before = sum((one.gross - one.discount for one in lines), ZERO)
        self.equal(row, "subtotal", row.subtotal, before)
        paid = sum((one.amount for one in payments), ZERO)
        if paid != row.total + row.rounding:
            reason = f"come to {paid:.4f} and the sale to {row.total + row.rounding:.4f}"
            self.fault(row, "sales", "payments", reason)

    def equal(self, row: SaleRow, field: str, found: Decimal, expected: Decimal) -> None:
        if found != expected:
            self.fault(row, "sales", field, f"does not add up to {expected:.4f}", f"{found:.4f}")

    def place(self, row: SaleRow, register: RegisterRow) -> None:
        """Kind, counter and number fit the register, and the counter follows the one before."""
        kind = Sale.Kind(row.kind)
        if not fits(row, kind, register.is_history):
            self.fault(row, "sales", "kind", "does not fit the rest of the sale", row.kind)
        if row.series:
            self.own_number(row, register)
            return
        series = (register.id, row.kind)
        expected = self.counters[series] + 1
        if row.counter != expected:
            self.fault(row, "sales", "counter", f"is not the next, {expected}", row.counter)
        self.counters[series] = max(self.counters[series], row.counter)
        if register.is_history:
            mark = (row.business_id, hashlib.blake2b(row.number.encode(), digest_size=8).digest())
            if mark in self.numbers:
                self.fault(row, "sales", "number", "stands twice in the file", row.number)
            self.numbers.add(mark)
        elif kind in SERIES and (
            row.number != f"{register.prefix}-{SERIES[kind][1]}{row.counter:06d}"
        ):
            reason = "is not made of the register's prefix and the counter"
            self.fault(row, "sales", "number", reason, row.number)

    def own_number(self, row: SaleRow, register: RegisterRow) -> None:
        """A number that a device gave: of a series of this register, and not twice."""
        codes = {raw.get("code") for raw in register.series if isinstance(raw, dict)}
        if row.series not in codes:
            self.fault(row, "sales", "series", "is none of the register's", row.series)
        if row.kind != Sale.Kind.SALE or not row.is_offline:
            self.fault(row, "sales", "series", "is of no sale made offline", row.series)
        if row.number != f"{register.prefix}-{row.series}{row.counter:06d}":
            reason = "is not made of the register's prefix, the series and the counter"
            self.fault(row, "sales", "number", reason, row.number)
        mark = (row.business_id, hashlib.blake2b(row.number.encode(), digest_size=8).digest())
        if mark in self.numbers:
            self.fault(row, "sales", "number", "stands twice in the file", row.number)
        self.numbers.add(mark)

    def chain(self, row: SaleRow, raw: dict[str, Any]) -> None:
        before = self.marks.get(row.register_id, "")
        if row.mark != chained(before, raw):
            reason = "does not follow from this sale and the one before it: the chain is broken"
            self.fault(row, "sales", "hash", reason)
        self.marks[row.register_id] = row.mark
        self.counts[row.register_id] += 1

    def reverse(self, row: SaleRow, lines: list[LineRow], payments: list[PaymentRow]) -> None:
        if row.reverses_id is None:
            return
        at = self.known(row.reverses_id)
        if row.kind in BACK:
            self.refund(row, lines, at)
            return
        if at is None:
            reason = "refers to no sale before it"
            self.fault(row, "sales", "reversesId", reason, row.reverses_id)
        elif self.contents[at] == 0 or row.reverses_id in self.exchanges:
            reason = "is voided already, or is no sale"
            self.fault(row, "sales", "reversesId", reason, row.reverses_id)
        elif row.reverses_id in self.refunded:
            self.fault(row, "sales", "reversesId", "was refunded before", row.reverses_id)
        elif lines and self.contents[at] not in (UNSURE, content_of(row, lines, payments, -1)):
            reason = "is not taken back exactly"
            self.fault(row, "sales", "reversesId", reason, row.reverses_id)
        if at is not None:
            self.contents[at] = 0

    def refund(self, row: SaleRow, lines: list[LineRow], at: int | None) -> None:
        """It takes lines back of a sale, which may stand at a later register of the file."""
        assert row.reverses_id is not None
        if at is not None and self.contents[at] == 0:
            self.fault(row, "sales", "reversesId", _OVER, row.reverses_id)
        if at is None:
            self.awaited.setdefault(row.reverses_id, row)
        self.refunded.add(row.reverses_id)
        for line in lines:
            takes = line.refunds_line is not None
            if takes != (line.quantity < 0):
                reason = "belongs to what comes back, which has a negative quantity"
                field = f"lines.{line.line}.refundsLine"
                self.fault(row, "sales", field, reason, line.refunds_line or "")
            elif not takes and row.kind == Sale.Kind.REFUND:
                self.fault(row, "sales", f"lines.{line.line}.refundsLine", "is missing")

    def keep(self, row: SaleRow, lines: list[LineRow], payments: list[PaymentRow]) -> None:
        self.sale_ids.append(row.id)
        # A void cannot be voided: nothing is remembered of it that another could take back.
        content = content_of(row, lines, payments, 1) if lines else UNSURE
        final = row.kind in (Sale.Kind.VOID, Sale.Kind.REFUND)
        self.contents.append(0 if final else content)
        if row.kind == Sale.Kind.EXCHANGE:
            self.exchanges.add(row.id)
        if row.kind not in BACK and any(line.refunds_line is not None for line in lines):
            self.fault(row, "sales", "lines", "take something back, and the sale does not")
        moved = 0
        for line in lines:
            if line.is_stocked and line.quantity:
                moved += hash((line.line, line.variation_id, row.location_id, -line.quantity))
        self.moved.append(moved & MASK)

    def known(self, sale_id: int) -> int | None:
        """Where a sale stands in the arrays."""
        at = bisect_left(self.sale_ids, sale_id)
        return at if at < len(self.sale_ids) and self.sale_ids[at] == sale_id else None

    # -- stock --

    def movement(self, row: MovementRow, raw: dict[str, Any]) -> None:
        points = self.reading.points
        points("movements", row, "businessId", "businesses", row.business_id)
        points("movements", row, "userId", "users", row.user_id)
        points("movements", row, "productVariationId", "productVariations", row.variation_id)
        points("movements", row, "locationId", "locations", row.location_id)
        if self.levels is None:
            stock = self.export.stock.values()
            self.levels = {(one.variation_id, one.location_id): ZERO for one in stock}
        place = (row.variation_id, row.location_id)
        if place not in self.levels:
            reason = "has no row of stock at this location"
            self.fault(row, "movements", "productVariationId", reason, row.variation_id)
            return
        if not row.quantity and row.kind != StockMovement.Kind.OPENING:
            self.fault(row, "movements", "quantity", "moves nothing")
        self.levels[place] += row.quantity
        if row.balance != self.levels[place]:
            reason = f"is not the sum so far, {self.levels[place]:.4f}"
            self.fault(row, "movements", "balance", reason, f"{row.balance:.4f}")
            self.levels[place] = row.balance
        self.document(row, "movements")
        document = self.export.own["stockDocuments"].get(row.stock_document_id or 0)
        if row.kind in _OF_SALES:
            at = None if row.sale_id is None else self.known(row.sale_id)
            if row.sale_id is None:
                self.fault(row, "movements", "saleId", "is missing")
            elif at is not None:
                moved = hash((row.line, *place, row.quantity))
                self.moved[at] = (self.moved[at] - moved) & MASK
        elif document is not None and (document.kind, document.location_id) != (
            row.kind, row.location_id
        ):  # fmt: skip
            reason = "is of another kind or location"
            self.fault(row, "movements", "stockDocumentId", reason, row.stock_document_id)

    def document(self, row: MovementRow | CreditEntryRow, table: str) -> None:
        """Exactly one document is named, and it is there."""
        named = (row.sale_id, row.stock_document_id, row.other_document_id)
        if sum(one is not None for one in named) != 1:
            self.fault(row, table, "saleId", "exactly one document has to be named")
        if row.sale_id is not None and self.known(row.sale_id) is None:
            self.fault(row, table, "saleId", "refers to no row of sales", row.sale_id)
        self.reading.points(table, row, "stockDocumentId", "stockDocuments", row.stock_document_id)

    # -- credit and pictures --

    def credit_entry(self, row: CreditEntryRow, raw: dict[str, Any]) -> None:
        points = self.reading.points
        points("creditEntries", row, "businessId", "businesses", row.business_id)
        points("creditEntries", row, "userId", "users", row.user_id)
        if points("creditEntries", row, "accountId", "creditAccounts", row.account_id) is None:
            return
        self.credit[row.account_id] += row.amount
        expected = self.credit[row.account_id]
        if row.balance != expected:
            reason = f"is not the sum so far, {expected:.4f}"
            self.fault(row, "creditEntries", "balance", reason, f"{row.balance:.4f}")
            self.credit[row.account_id] = row.balance
        self.document(row, "creditEntries")

    def picture(self, row: PictureRow, raw: dict[str, Any]) -> None:
        points = self.reading.points
        points("pictures", row, "businessId", "businesses", row.business_id)
        points("pictures", row, "productId", "products", row.product_id)
        if row.product_id in self.pictured:
            self.fault(row, "pictures", "productId", "has two pictures", row.product_id)
        self.pictured.add(row.product_id)
        try:
            data = base64.b64decode(row.data, validate=True)
        except binascii.Error:
            self.fault(row, "pictures", "data", "is not base64")
            return
        if hashlib.sha256(data).hexdigest() != row.sha256:
            self.fault(row, "pictures", "sha256", "is not that of the picture", row.sha256)
        elif not is_picture(data):
            self.fault(row, "pictures", "data", "is not a picture as Tillbook stores them")

    # -- at the end --

    def end(self) -> None:
        """What can be said when all rows have gone by."""
        # What is wrong in a row would only be told once more.
        if self.reading.is_clean("registers", "shifts", "sales"):
            self.end_of_sales()
        if self.reading.is_clean("sales", "movements", "stock", "stockDocuments"):
            self.end_of_stock()
        for account in self.export.table("creditAccounts").values():
            found = self.credit[account.id]
            if "creditEntries" not in self.reading.absent and account.balance != found:
                reason = f"is not the sum of its entries, {found:.4f}"
                self.fault(account, "creditAccounts", "balance", reason, f"{account.balance:.4f}")

    def end_of_sales(self) -> None:
        for sale_id, row in self.awaited.items():
            at = self.known(sale_id)
            if at is None:
                self.fault(row, "sales", "reversesId", "refers to no row of sales", sale_id)
            elif self.contents[at] == 0:
                self.fault(row, "sales", "reversesId", _OVER, sale_id)
        for register in self.export.table("registers").values():
            given = {kind: self.counters[register.id, kind] for kind in SERIES}
            for field, said, found in (
                ("saleCounter", register.sale_counter, given[Sale.Kind.SALE]),
                ("voidCounter", register.void_counter, given[Sale.Kind.VOID]),
                ("refundCounter", register.refund_counter, given[Sale.Kind.REFUND]),
                ("exchangeCounter", register.exchange_counter, given[Sale.Kind.EXCHANGE]),
                ("sales", register.sales, self.counts[register.id]),
            ):
                if said != found:
                    self.fault(register, "registers", field, f"is not {found}", said)
        check_drawers(self)

    def end_of_stock(self) -> None:
        for at, rest in enumerate(self.moved):
            if rest:
                reason = "the stock did not move as it was sold"
                self.reading.fault("sales", self.sale_ids[at], "lines", reason)
        levels = self.levels or {}
        for row in self.export.stock.values():
            found = levels.get((row.variation_id, row.location_id), ZERO)
            if row.quantity != found:
                reason = f"is not the sum of its movements, {found:.4f}"
                self.fault(row, "stock", "qtyAvailable", reason, f"{row.quantity:.4f}")
