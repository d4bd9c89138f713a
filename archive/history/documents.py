"""Lines put together to the documents that they were, and what kind of document and line each is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from archive.history.reading import LIMIT, Faults, Line
from sales.canonical import canonical, plain
from sales.models import Sale

ZERO = Decimal(0)

#: What a line was. `free` lines were given away: nothing was asked for them.
LINE_KINDS = ("sale", "free", "return", "adjustment", "write_off")


@dataclass(slots=True)
class OldDocument:
    """A complete document of the file: its lines in their order, at the time of the first."""

    number: str
    kind: Sale.Kind
    lines: list[Line]
    customer: str
    location: str

    @property
    def row(self) -> int:
        return self.lines[0].row

    def moment(self, zone: ZoneInfo) -> datetime:
        """The earliest time of its lines, which are in `zone` unless they say another.

        An hour that the clocks had twice counts as the first of them.
        """
        times = (line.time for line in self.lines)
        return min(t if t.tzinfo else t.replace(tzinfo=zone) for t in times)

    def print(self, zone: ZoneInfo) -> str:
        """SHA-256 of what the file says of it, by which it is known again."""
        rows = [
            [
                line.code.casefold(), line.name, plain(line.quantity), plain(line.price),
                plain(line.total), plain(line.tax), plain(line.tax_rate), plain(line.cost),
            ]
            for line in self.lines
        ]  # fmt: skip
        moment = self.moment(zone).astimezone(UTC).isoformat()
        content = ["history", self.number, self.kind.value, moment, self.customer, rows]
        return hashlib.sha256(canonical(content).encode()).hexdigest()

    def line_kind(self, line: Line) -> str:
        """One of LINE_KINDS."""
        if self.kind != Sale.Kind.SALE:
            return self.kind.value
        if line.quantity < 0:
            return "return" if line.price else "write_off"
        return "sale" if line.price else "free"


def assemble(
    lines: Iterable[Line], counts: Mapping[str, int], *, inclusive: bool, faults: Faults
) -> Iterator[OldDocument]:
    """Each document as soon as its last line was read; `counts` says how many it has.

    Kept in memory are only the documents that have begun and not ended.
    """
    begun: dict[str, list[Line]] = {}
    for line in lines:
        parts = begun.setdefault(line.number, [])
        parts.append(line)
        if len(parts) == counts[line.number]:
            del begun[line.number]
            document = _document(parts, inclusive, faults)
            if document is not None:
                yield document


def _document(lines: list[Line], inclusive: bool, faults: Faults) -> OldDocument | None:
    first = lines[0]
    for name, reason in (
        ("kind", _("is of two kinds")),
        (
            "location",
            _(
                "has lines of two locations; where each counts its own receipts, let a map join"
                " the columns of location and number to one number"
            ),
        ),
    ):
        other = next((one for one in lines if getattr(one, name) != getattr(first, name)), None)
        if other is not None:
            faults.add(other.row, "", first.number, reason)
            return None
    customers = {line.customer for line in lines if line.customer}
    if len(customers) > 1:
        told = ", ".join(sorted(customers))
        faults.add(first.row, "", first.number, _("has several customers: %s") % told)
        return None
    if not _fits(lines, inclusive):
        faults.add(first.row, "", first.number, _("comes to an amount that is too large"))
        return None
    customer = customers.pop() if customers else ""
    return OldDocument(first.number, _kind(lines, inclusive), lines, customer, first.location)


def _fits(lines: list[Line], inclusive: bool) -> bool:
    """Whether what each line comes to, and what all of them do, has room in the books."""
    sums = [ZERO] * len(Amounts._fields)
    count = ZERO
    for line in lines:
        parts = amounts(line, inclusive)
        if any(abs(part) >= LIMIT for part in parts):
            return False
        sums = [sum_ + part for sum_, part in zip(sums, parts, strict=True)]
        count += abs(line.quantity)
    return all(abs(sum_) < LIMIT for sum_ in (*sums, sums[0] - sums[1], count))


def _kind(lines: list[Line], inclusive: bool) -> Sale.Kind:
    """What the number or a column says; else what the lines come to.

    The books hold returns that come to nothing or less, and write-offs that come to nothing: what
    is called so and comes to something else adjusts the account.
    """
    total = sum((amounts(line, inclusive).total for line in lines), ZERO)
    said = lines[0].kind
    if said:
        kind = Sale.Kind(said)
        fits = {Sale.Kind.RETURN: total <= 0, Sale.Kind.WRITE_OFF: total == 0}
        return kind if fits.get(kind, True) else Sale.Kind.ADJUSTMENT
    if all(line.quantity < 0 and not line.price for line in lines):
        return Sale.Kind.WRITE_OFF
    return Sale.Kind.RETURN if total < 0 else Sale.Kind.SALE


class Amounts(NamedTuple):
    """gross less discount is what the price displays: `total` with tax in it, `net` without."""

    gross: Decimal
    discount: Decimal
    net: Decimal
    tax: Decimal
    total: Decimal


def amounts(line: Line, inclusive: bool) -> Amounts:
    """What a line came to: quantity x price, unless the file says otherwise.

    `inclusive`: the file's prices have tax in them. What a stated total is less than quantity x
    price is the line's discount. Nothing is rounded but quantity x price, to four places.
    """
    gross = line.gross
    tax = line.tax or ZERO
    if line.total is None:
        total = gross if inclusive else gross + tax
    else:
        total = line.total
    displayed = total if inclusive else total - tax
    return Amounts(gross, gross - displayed, total - tax, tax, total)
