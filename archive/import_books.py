"""Brings the books of a file that Tillbook wrote: tills, sales, movements, credit and pictures.

They come in once, with their business: what was sold here since then cannot be told apart from what
the file has more. Sales and movements are read a second time and written as they go by.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile

from accounts.access import token_hash
from accounts.models import Device
from archive.exportfile import ExportFile, ExportFileError
from archive.import_cash import bring_movements, bring_readings
from archive.own_rows import (
    STREAMED,
    CreditEntryRow,
    LineRow,
    MovementRow,
    PaymentRow,
    PictureRow,
    SaleRow,
    SeriesRow,
)
from archive.references import Counts, Move, insert
from archive.rows import parse
from archive.validation import Export
from archive.validation_documents import check_refunds
from inventory import pictures
from inventory.ledger_history import PastMovement, record_history
from inventory.models import Product, StockDocument
from sales.credit_history import PastAccount, PastEntry, open_accounts, record_past
from sales.history import PastDocument, PastLine, PastPayment, post_history
from sales.models import NumberSeries, Register, Shift
from tenants import context
from tenants.bulk import references_later

#: What is kept of a business's settings to tell a newer file: how many rows came in.
NOTED: Final = "books"


def bring_tills(move: Move) -> None:
    """Devices without tokens, registers, shifts and stock documents; in a new business only."""
    for table, model, values in (
        ("devices", Device, _device),
        ("registers", Register, _register),
        ("shifts", Shift, _shift),
        ("stockDocuments", StockDocument, _stock_document),
    ):
        rows = move.rows(table)
        counts = move.counts.setdefault(table, Counts())
        if not move.is_new:
            counts.same += len(rows)
            continue
        ids = move.ids.setdefault(table, {row.id: move.keys.following() for row in rows})
        insert(model, (model(pk=ids[row.id], **values(move, row)) for row in rows))
        counts.created += len(rows)
        move.wrote(len(rows))
        if table == "registers":
            _bring_series(move, rows)
            bring_readings(move, rows)
        elif table == "shifts":
            bring_movements(move, rows)
    active = sum(1 for row in move.rows("devices") if row.revoked_at is None)
    if active and move.is_new:
        move.notes.append(f"{active} devices came in without their tokens: connect them anew.")
    _open_credit(move)


def _bring_series(move: Move, registers: Iterable[Any]) -> None:
    """The series of their devices: no device here may be given the same code."""
    insert(
        NumberSeries,
        (
            NumberSeries(
                pk=move.keys.following(),
                register_id=move.ids["registers"][register.id],
                device_id=move.id_of("devices", one.device_id),
                code=one.code,
                created_at=one.created_at,
            )
            for register in registers
            for one in (_one(SeriesRow, raw) for raw in register.series)
        ),
    )


def _device(move: Move, row: Any) -> dict[str, Any]:
    return {
        "name": row.name,
        "location_id": move.ids["locations"][row.location_id],
        "membership_id": move.ids["members"][row.user_id],
        # Of a token that nobody knows.
        "token_hash": token_hash(Device.new_token()),
        "last_seen_at": row.last_seen_at,
        "revoked_at": row.revoked_at,
        "created_at": row.created_at,
    }


def _register(move: Move, row: Any) -> dict[str, Any]:
    # Counters and chain grow with the sales.
    return {
        "name": row.name,
        "location_id": move.ids["locations"][row.location_id],
        "prefix": row.prefix,
        "device_id": move.id_of("devices", row.device_id),
        "is_active": row.is_active,
        "is_history": row.is_history,
    }


def _shift(move: Move, row: Any) -> dict[str, Any]:
    return {
        "register_id": move.ids["registers"][row.register_id],
        "number": row.number,
        "opened_by_id": move.ids["users"][row.opened_by_id],
        "opened_at": row.opened_at,
        "opening_float": row.opening_float,
        "closed_by_id": move.id_of("users", row.closed_by_id),
        "closed_at": row.closed_at,
        "counted_cash": row.counted_cash,
        "expected_cash": row.expected_cash,
        "difference": row.difference,
        "note": row.note,
    }


def _stock_document(move: Move, row: Any) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "number": row.number,
        "location_id": move.ids["locations"][row.location_id],
        "reason": row.reason,
        "note": row.note,
        "actor_id": move.id_of("users", row.user_id),
        "created_at": row.created_at,
    }


def _open_credit(move: Move) -> None:
    rows = move.rows("creditAccounts")
    counts = move.counts.setdefault("creditAccounts", Counts())
    if not move.is_new:
        counts.same += len(rows)
        return
    counts.created += open_accounts(
        PastAccount(move.ids["customers"][row.customer_id], row.balance, row.next_expiry)
        for row in rows
    )
    move.wrote(len(rows))


# -- what is streamed -----------------------------------------------------------------------------


def bring_books(
    export: Export, moves: dict[int, Move], *, stored: list[str], dry_run: bool
) -> None:
    """Write sales, movements, credit and pictures of these businesses, by id in the file.

    `stored` takes the names of pictures that were written to the disk, which a rollback leaves.
    """
    for move in moves.values():
        _note_counts(export, move)
    new = {row_id: one for row_id, one in moves.items() if one.is_new}
    if not new or export.source is None:
        return
    file = ExportFile(export.source, only=STREAMED)
    for (table, row_id), rows in groupby(
        file.rows(), lambda pair: (pair[0], pair[1]["businessId"])
    ):
        if row_id not in new or (table == "pictures" and dry_run):
            continue
        move = new[row_id]
        typed = _typed(table, map(itemgetter(1), rows))
        with context.business(move.business):
            if table == "pictures":
                _bring_pictures(move, typed, stored)
            else:
                _WRITERS[table](move, typed)


def _note_counts(export: Export, move: Move) -> None:
    """Count what comes in; say what of a file came in before and has become more."""
    noted = move.business.settings.get(NOTED, {})
    for table in STREAMED:
        number = export.streamed[table, move.row.id]
        counts = move.counts.setdefault(table, Counts())
        if move.is_new:
            counts.created += number
            noted[table] = number
        else:
            counts.same += min(number, noted.get(table, number))
            if number > noted.get(table, number):
                move.notes.append(
                    f"The file has {number - noted[table]} more rows of {table} than when the "
                    "business came in; they were left out, because its books come in once."
                )
    if move.is_new:
        move.business.settings[NOTED] = noted
        move.business.save(update_fields=["settings"])


def _typed(table: str, rows: Iterable[dict[str, Any]]) -> Iterator[Any]:
    """Checked before, so that nothing can be wrong any more."""
    for raw in rows:
        yield _one(STREAMED[table], raw)


def _one(kind: type, raw: dict[str, Any]) -> Any:
    faults: list[Any] = []
    row = parse(kind, "", "", raw, faults, own_file=True)
    if row is None:
        raise ExportFileError("The file has changed since it was checked.")
    return row


def _bring_sales(move: Move, rows: Iterator[SaleRow]) -> None:
    # A refund may come before its sale, which is another register's.
    with references_later():
        for number, group in groupby(rows, lambda row: row.register_id):
            register = Register.objects.get(pk=move.ids["registers"][number])
            documents = (_document(move, row) for row in group)
            post_history(documents, register=register, wrote=move.wrote)
    check_refunds()


def _document(move: Move, row: SaleRow) -> PastDocument:
    reverses = row.reverses_id
    return PastDocument(
        id=move.keys.derived("sales", row.id),
        number=row.number,
        kind=row.kind,
        counter=row.counter,
        shift_id=move.ids["shifts"][row.shift_id],
        operator_id=move.ids["users"][row.user_id],
        device_id=move.id_of("devices", row.device_id),
        customer_id=move.id_of("customers", row.customer_id),
        reverses_id=None if reverses is None else move.keys.derived("sales", reverses),
        reason=row.reason,
        note=row.note,
        series=row.series,
        is_offline=row.is_offline,
        sold_at=row.sold_at,
        business_date=row.business_date,
        created_at=row.created_at,
        currency=row.currency,
        item_count=row.item_count,
        subtotal=row.subtotal,
        discount=row.discount,
        net=row.net,
        tax=row.tax,
        total=row.total,
        rounding=row.rounding,
        discount_kind=row.discount_kind,
        discount_value=row.discount_value,
        request_hash=row.request_hash,
        lines=[_line(move, row, _one(LineRow, raw)) for raw in row.lines],
        payments=[_payment(_one(PaymentRow, raw)) for raw in row.payments],
    )


def _line(move: Move, sale: SaleRow, row: LineRow) -> PastLine:
    taken_from = None
    if row.refunds_line is not None and sale.reverses_id is not None:
        taken_from = move.keys.derived("sales", sale.reverses_id)
    return PastLine(
        line=row.line,
        variation_id=move.ids["productVariations"][row.variation_id],
        name=row.name,
        sku=row.sku,
        quantity=row.quantity,
        unit_price=row.unit_price,
        unit_cost=row.unit_cost,
        gross=row.gross,
        discount=row.discount,
        sale_discount=row.sale_discount,
        net=row.net,
        tax=row.tax,
        total=row.total,
        tax_name=row.tax_name,
        tax_rate=row.tax_rate,
        tax_inclusive=row.tax_inclusive,
        discount_kind=row.discount_kind,
        discount_value=row.discount_value,
        is_stocked=row.is_stocked,
        refunds_id=taken_from,
        refunds_line=row.refunds_line,
    )


def _payment(row: PaymentRow) -> PastPayment:
    return PastPayment(
        line=row.line,
        method=row.method,
        amount=row.amount,
        tendered=row.tendered,
        change=row.change,
        card_brand=row.card_brand,
        card_last4=row.card_last4,
        reference=row.reference,
    )


def _bring_movements(move: Move, rows: Iterator[MovementRow]) -> None:
    record_history(
        (
            PastMovement(
                location_id=move.ids["locations"][row.location_id],
                variation_id=move.ids["productVariations"][row.variation_id],
                kind=row.kind,
                quantity=row.quantity,
                document_id=_document_id(move, row),
                document_number=row.document_number,
                line=row.line,
                created_at=row.created_at,
                unit_cost=row.unit_cost,
                actor_id=move.id_of("users", row.user_id),
            )
            for row in rows
        ),
        wrote=move.wrote,
    )


def _document_id(move: Move, row: MovementRow | CreditEntryRow) -> Any:
    if row.sale_id is not None:
        return move.keys.derived("sales", row.sale_id)
    if row.stock_document_id is not None:
        return move.ids["stockDocuments"][row.stock_document_id]
    assert row.other_document_id is not None
    return move.keys.derived("documents", row.other_document_id)


def _bring_credit(move: Move, rows: Iterator[CreditEntryRow]) -> None:
    accounts = move.export.own["creditAccounts"]
    record_past(
        (
            PastEntry(
                customer_id=move.ids["customers"][accounts[row.account_id].customer_id],
                kind=row.kind,
                amount=row.amount,
                balance=row.balance,
                expires_on=row.expires_on,
                document_id=_document_id(move, row),
                document_number=row.document_number,
                line=row.line,
                reason=row.reason,
                actor_id=move.id_of("users", row.user_id),
                created_at=row.created_at,
            )
            for row in rows
        ),
        wrote=move.wrote,
    )


def _bring_pictures(move: Move, rows: Iterator[PictureRow], stored: list[str]) -> None:
    """The bytes as they are: they were drawn when they first came in. A stranger's are drawn anew,
    and left out where nothing can be drawn of them."""
    left_out = 0
    for row in rows:
        data = base64.b64decode(row.data)
        product = Product(pk=move.ids["products"][row.product_id], business=move.business)
        move.wrote(1)
        if move.arrival is not None:
            try:
                data = pictures.redrawn(ContentFile(data))
            except ValidationError:
                left_out += 1
                continue
        pictures.attach(product, data)
        name = str(product.image)
        stored.append(name)
        Product.objects.filter(pk=product.pk).update(image=name)
    if left_out:
        move.counts["pictures"].created -= left_out
        move.notes.append(f"{left_out} pictures could not be read and were left out.")


_WRITERS: Final[dict[str, Callable[[Move, Any], None]]] = {
    "sales": _bring_sales,
    "movements": _bring_movements,
    "creditEntries": _bring_credit,
}
