"""What is asked of one document or picture of a file, and of all refunds when they are written."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

from archive.exportfile import ExportFileError
from archive.own_rows import LineRow, PaymentRow, SaleRow
from archive.verify import check_books, refunds
from inventory.pictures import LARGEST_SIDE
from sales.models import Sale, SaleLine

if TYPE_CHECKING:
    from archive.validation import Reading

#: Kinds that take lines of another document back.
BACK: Final = (Sale.Kind.REFUND, Sale.Kind.EXCHANGE)
MASK: Final = 2**64 - 1
#: Stands for the contents of a sale that is wrong in itself.
UNSURE: Final = 1


def fits(row: SaleRow, kind: Sale.Kind, is_history: bool) -> bool:
    """Whether a document of this kind may have this sign, and refer to another one."""
    if kind in (Sale.Kind.VOID, *BACK):
        return row.reverses_id is not None and (row.total <= 0 or kind == Sale.Kind.EXCHANGE)
    if row.reverses_id is not None:
        return False
    if kind == Sale.Kind.SALE:
        return row.total >= 0
    signs = {Sale.Kind.RETURN: row.total <= 0, Sale.Kind.WRITE_OFF: row.total == 0}
    return is_history and signs.get(kind, True)


def check_refunds() -> None:
    """What came back of a line is known when all of it is there. Raises ExportFileError."""
    for wrong in check_books(refunds.RULES):
        number = wrong.name
        if wrong.table == SaleLine._meta.db_table:
            number = SaleLine.objects.values_list("sale__number", flat=True).get(pk=wrong.id)
        raise ExportFileError(
            f"Of sales, {number}: {wrong.column} should be {wrong.expected}, and is {wrong.found}"
            f" ({wrong.rule})."
        )


def is_picture(data: bytes) -> bool:
    """WebP, no larger than ours, with nothing but pixels in it."""
    try:
        with Image.open(io.BytesIO(data), formats=("WEBP",)) as picture:
            small = max(picture.size) <= LARGEST_SIDE and not getattr(picture, "is_animated", False)
            bare = not {"exif", "xmp", "icc_profile"} & picture.info.keys()
            picture.verify()
            return small and bare
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def line_points(reading: Reading, sale: SaleRow, at: int, line: LineRow) -> None:
    """A line's product is there and the same business's."""
    found = reading.export.variations.get(line.variation_id)
    if found is None:
        if line.variation_id not in reading.broken["productVariations"]:
            reading.fault(
                "sales", sale.id, f"lines.{at}.productVariationId",
                "refers to no row of productVariations", line.variation_id,
            )  # fmt: skip
    elif found.business_id != sale.business_id:
        reason = f"belongs to business {found.business_id} and the sale to {sale.business_id}"
        field = f"lines.{at}.productVariationId"
        reading.fault("sales", sale.id, field, reason, line.variation_id)


def content_of(row: SaleRow, lines: list[LineRow], payments: list[PaymentRow], sign: int) -> int:
    """A number for what a void must take back; `sign` is -1 for the void. Above UNSURE."""
    sums = (row.subtotal, row.discount, row.net, row.tax, row.total, row.rounding)
    parts: list[Any] = [row.business_id, *(sign * one for one in sums)]
    for line in lines:
        values = (line.quantity, line.net, line.tax, line.total)
        parts += [line.line, line.variation_id, *(sign * one for one in values)]
    for one in payments:
        parts += [one.line, one.method, sign * one.amount]
    return max(hash(tuple(parts)) & MASK, UNSURE + 1)
