"""What a receipt says, once for every paper: the HTML page and the text lines show this structure.

All values are ready to be read: amounts in the currency of the sale, times in the zone of its
location, words in the reader's language.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from sales.models import CreditEntry, Payment, Sale, SaleLine
from sales.pricing import DiscountKind
from tenants import formats
from tenants.context import current

WIDTH = 42
Row = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Item:
    """A line as it was sold: `amount` is before its own discount."""

    name: str
    detail: str
    amount: str
    discount: Row | None


@dataclass(frozen=True, slots=True)
class TaxRow:
    name: str
    net: str
    tax: str
    total: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """From top to bottom. `marks` say that it is a void or refund, was voided, or is a copy."""

    number: str
    marks: tuple[str, ...]
    business: str
    head: tuple[str, ...]
    facts: tuple[Row, ...]
    items: tuple[Item, ...]
    sums: tuple[Row, ...]
    total: Row
    payments: tuple[Row, ...]
    # What the customer has left to spend after this document, where it changed that.
    credit: Row | None
    tax_title: str
    taxes: tuple[TaxRow, ...]
    foot: tuple[str, ...]


def receipt_of(sale: Sale, *, copy: bool = False) -> Receipt:
    """The receipt of a document of the bound business.

    Best read with register, location, operator, customer and reverses; the lines, the payments,
    what reverses it and, with a customer, their credit take a statement each.
    """
    business, location = current(), sale.location
    voided_by = sale.reversals.filter(kind=Sale.Kind.VOID).first()
    lines = list(sale.lines.select_related("variation__product__unit"))
    tax_number = business.tax_number and _("%(tax)s number: %(number)s") % {
        "tax": business.tax_label,
        "number": business.tax_number,
    }
    return Receipt(
        number=sale.number,
        marks=tuple(_marks(sale, voided=voided_by is not None, copy=copy)),
        business=business.name,
        head=tuple(
            _text_lines(
                location.name, location.address, location.phone, tax_number, location.receipt_header
            )
        ),
        facts=tuple(_facts(sale, voided_by)),
        items=tuple(_item(sale, line) for line in lines),
        sums=tuple(_sums(sale)),
        total=(_("Total"), formats.money(sale.to_pay, sale.currency)),
        payments=tuple(_payments(sale)),
        credit=_credit(sale),
        tax_title=business.tax_label,
        taxes=tuple(_taxes(sale, lines)),
        foot=tuple(_text_lines(location.receipt_footer)),
    )


def _marks(sale: Sale, *, voided: bool, copy: bool) -> Iterator[str]:
    if sale.kind == Sale.Kind.VOID:
        yield _("VOID")
    elif sale.kind != Sale.Kind.SALE:
        yield str(Sale.Kind(sale.kind).label).upper()
    if sale.register.is_history:
        yield _("HISTORY")
    if voided:
        yield _("VOIDED")
    if copy:
        yield _("COPY")


def _takes_back(kind: str) -> str:
    """What the number of the document before stands beside."""
    if kind == Sale.Kind.REFUND:
        return _("Refund of")
    return _("Exchange of") if kind == Sale.Kind.EXCHANGE else _("Voids")


def _facts(sale: Sale, voided_by: Sale | None) -> Iterator[Row]:
    yield _("Receipt"), sale.number
    yield _("Date"), formats.local_time(sale.sold_at, sale.location)
    # Where and by whom a sale of an older system was made is not known: only who brought it in.
    if not sale.register.is_history:
        yield _("Till"), sale.register.name
        yield _("Served by"), str(sale.operator)
    if sale.customer is not None:
        yield _("Customer"), sale.customer.name
    if sale.reverses is not None:
        yield _takes_back(sale.kind), sale.reverses.number
    if sale.reason:
        yield _("Reason"), sale.reason
    if voided_by is not None:
        yield _("Voided by"), voided_by.number


def _item(sale: Sale, line: SaleLine) -> Item:
    unit = line.variation.product.unit
    quantity = formats.quantity(line.quantity)
    if unit is not None:
        quantity = f"{quantity} {unit.short_name}"
    return Item(
        name=line.name,
        detail=f"{quantity} × {_unit_price(sale, line.unit_price)}",
        amount=formats.amount(line.gross, sale.currency),
        discount=_discount(sale, line.discount, line.discount_kind, line.discount_value),
    )


def _unit_price(sale: Sale, price: Decimal) -> str:
    """Like an amount, but a price of a part of a cent stays what it is."""
    rounded = formats.amount(price, sale.currency)
    exact = price == round(price, current().digits)
    return rounded if exact else formats.quantity(price)


def _discount(sale: Sale, amount: Decimal, kind: str, value: Decimal | None) -> Row | None:
    if not amount:
        return None
    label = _("Discount")
    if kind == DiscountKind.PERCENT and value is not None:
        label = f"{label} {formats.percentage(value)}"
    return label, formats.amount(-amount, sale.currency)


def _sums(sale: Sale) -> Iterator[Row]:
    """From the lines to the total; nothing where the lines already say it."""
    added_tax = sale.total - (sale.subtotal - sale.discount)
    discount = _discount(sale, sale.discount, sale.discount_kind, sale.discount_value)
    if discount is not None or added_tax or sale.rounding:
        yield _("Subtotal"), formats.amount(sale.subtotal, sale.currency)
    if discount is not None:
        yield discount
    if added_tax:
        yield current().tax_label, formats.amount(added_tax, sale.currency)
    if sale.rounding:
        yield _("Rounding"), formats.amount(sale.rounding, sale.currency)


def _payments(sale: Sale) -> Iterator[Row]:
    change = Decimal(0)
    for payment in sale.payments.all():
        change += payment.change
        yield payment_label(payment), formats.amount(payment.tendered, sale.currency)
    if change:
        yield _("Change"), formats.amount(change, sale.currency)


def _credit(sale: Sale) -> Row | None:
    """As it was when the document was written, also on a copy from later."""
    if sale.customer_id is None:
        return None
    last = CreditEntry.objects.filter(document_id=sale.pk).order_by("-pk").first()
    return None if last is None else (_("Credit left"), formats.money(last.balance, sale.currency))


def payment_label(payment: Payment) -> str:
    """The method, and what a card slip shows of the card."""
    label = str(payment.get_method_display())
    if payment.card_brand or payment.card_last4:
        label = payment.card_brand or label
        if payment.card_last4:
            label = f"{label} ****{payment.card_last4}"
    return label


def _taxes(sale: Sale, lines: Iterable[SaleLine]) -> Iterator[TaxRow]:
    """Net, tax and total of each rate; no table where nothing is taxed."""
    sums: dict[tuple[Decimal, str], tuple[Decimal, Decimal, Decimal]] = {}
    zero = Decimal(0)
    for line in lines:
        key = line.tax_rate, line.tax_name
        net, tax, total = sums.get(key, (zero, zero, zero))
        sums[key] = net + line.net, tax + line.tax, total + line.total
    if not any(rate for rate, _name in sums):
        return
    for (rate, name), amounts in sorted(sums.items()):
        figures = (formats.amount(one, sale.currency) for one in amounts)
        yield TaxRow(rate_label(name, rate), *figures)


def rate_label(name: str, rate: Decimal) -> str:
    """The name of a tax rate with its percentage, unless that is a part of the name."""
    percent = formats.percentage(rate)
    named = percent.replace("\xa0", "") in name.replace(" ", "")
    return name if named else f"{name} {percent}".strip()


def _text_lines(*texts: str) -> Iterator[str]:
    for text in texts:
        yield from (line.strip() for line in text.splitlines() if line.strip())


# -- as text --------------------------------------------------------------------------------------


def text_lines(sale: Sale, *, copy: bool = False) -> list[str]:
    """The receipt for a printer of 42 columns: no line is longer.

    A name stands on lines of its own, apart from figures, so that writing from right to left does
    not turn the figures around.
    """
    receipt = receipt_of(sale, copy=copy)
    lines = [
        *(_centre(f"*** {mark} ***") for mark in receipt.marks),
        *(_centre(line) for text in (receipt.business, *receipt.head) for line in _wrap(text)),
        _RULE,
        *(line for row in receipt.facts for line in _pair(*row)),
        _RULE,
    ]
    for item in receipt.items:
        lines += _wrap(item.name)
        lines += _pair(f"  {item.detail}", item.amount)
        if item.discount is not None:
            lines += _pair(f"  {item.discount[0]}", item.discount[1])
    lines.append(_RULE)
    credit = [receipt.credit] if receipt.credit else []
    for label, value in (*receipt.sums, receipt.total, *receipt.payments, *credit):
        lines += _pair(label, value)
    if receipt.taxes:
        lines.append(_RULE)
        head = TaxRow(receipt.tax_title, _("Net"), _("Tax"), _("Total"))
        for row in (head, *receipt.taxes):
            figures = " ".join(_right(text, 9) for text in (row.net, row.tax, row.total))
            lines += _pair(row.name, figures)
    if receipt.foot:
        lines.append(_RULE)
        lines += [_centre(line) for text in receipt.foot for line in _wrap(text)]
    return lines


_RULE = "-" * WIDTH


def columns(text: str) -> int:
    """How wide a text is in print: wide characters take two columns, combining marks none."""
    return sum(
        0
        if unicodedata.combining(char) or unicodedata.category(char) == "Cf"
        else 2
        if unicodedata.east_asian_width(char) in "WF"
        else 1
        for char in text
    )


def _plain(text: str) -> str:
    """Printers know one kind of space."""
    return text.replace("\xa0", " ").replace("\u202f", " ")


def _right(text: str, width: int) -> str:
    text = _plain(text)
    return " " * (width - columns(text)) + text


def _centre(text: str) -> str:
    return " " * ((WIDTH - columns(text)) // 2) + text


def _pair(left: str, right: str) -> list[str]:
    """Left and right on one line, or on two where they do not fit."""
    left, right = _plain(left), _plain(right)
    gap = WIDTH - columns(left) - columns(right)
    if gap > 0:
        return [left + " " * gap + right]
    return [*_wrap(left), *(_right(line, WIDTH) for line in _wrap(right.strip()))]


def _wrap(text: str) -> list[str]:
    """At most 42 columns a line, broken between words where there are any."""
    lines, line = [], ""
    for word in _plain(text).split():
        for part in _pieces(word):
            joined = f"{line} {part}" if line else part
            if columns(joined) <= WIDTH:
                line = joined
                continue
            lines.append(line)
            line = part
    return [*lines, line] if line else lines


def _pieces(word: str) -> Iterator[str]:
    """The word itself, or parts that fit a line each."""
    while columns(word) > WIDTH:
        cut = next(n for n in range(len(word), 0, -1) if columns(word[:n]) <= WIDTH)
        yield word[:cut]
        word = word[cut:]
    yield word
