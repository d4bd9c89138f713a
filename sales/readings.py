"""Readings of a register: X, what a shift has come to so far; Z, what closes a day; and a day.

All figures are sums of the rows that documents, payments and movements are, in a fixed number of
statements however many sales there are. X readings and the report of a day are computed whenever
they are asked for and change nothing.

**What a Z reading covers.** Of one register every shift that was closed since its last Z reading.
So there can be one a day, several, or one over more than a day, and nothing is between two or in
both. It cannot be taken while a shift is open, because the drawer of that one is not counted. A
sale that a till made offline and tells of later belongs to the shift that is open then, so nothing
is ever added to what a reading covers.

That is how cash registers are closed where the law looks at it: the German tax administration's
description of the data of cash registers (DSFinV-K 2.2, appendix, field Z_NR of the closings) has
closings made for one register, once a day, several times, or over more than a calendar day, with
ascending numbers that are never used twice and never begin anew; the French one
(BOI-TVA-DECLA-30-10-30, on article 286-I-3° bis CGI) has daily closings with the total of the period
and a running grand total that is never set back, and recorded data that cannot be changed unnoticed,
for which readings carry each other's hashes here. Neither makes Tillbook a certified system.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Self

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Count, F, Max, Min, Q, QuerySet, Sum
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import Device, Membership
from accounts.permissions import Permission
from sales.canonical import canonical
from sales.checkout import visible
from sales.errors import OtherRequest
from sales.models import CashMovement, Payment, Register, Sale, SaleLine, Shift, ZReading
from sales.posting import SERIES, number_of
from sales.shifts import AMOUNT, lock_register
from tenants.context import current
from tenants.errors import Refused, is_unique_violation

ZERO = Decimal(0)
_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Documents:
    """All documents of a kind and series: how many, from which number to which, and their sums."""

    kind: str
    series: str
    count: int
    first: str
    last: str
    net: Decimal
    tax: Decimal
    rounding: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class Paid:
    """What was taken by a method of payment, less what was given back by it."""

    method: str
    count: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Taxed:
    """What was sold with a rate of tax, less what came back. `discount` is what was taken off those
    lines, their shares of discounts on whole sales included."""

    name: str
    rate: Decimal
    discount: Decimal
    net: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Moved:
    """Cash movements of a kind, corrections taken off; `count` is of all rows."""

    kind: str
    count: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Drawer:
    """What lay in the drawer at the beginning, should lie there, and was counted; of a Z reading the
    sums over its shifts. Counted and difference are None while a shift is open."""

    opening_float: Decimal
    expected: Decimal
    counted: Decimal | None
    difference: Decimal | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What a set of documents and movements of one register comes to."""

    documents: tuple[Documents, ...]
    payments: tuple[Paid, ...]
    taxes: tuple[Taxed, ...]
    movements: tuple[Moved, ...]
    drawer: Drawer | None = None

    def sum_of(self, name: str) -> Decimal:
        """Of a column of the documents: net, tax, rounding or total; or the discount on all lines."""
        rows: tuple[Any, ...] = self.taxes if name == "discount" else self.documents
        return sum((getattr(one, name) for one in rows), ZERO)

    @property
    def total(self) -> Decimal:
        """All documents with tax, before cash rounding; what came back taken off."""
        return self.sum_of("total")

    @property
    def cash_taken(self) -> Decimal:
        return sum((one.amount for one in self.payments if one.method == "cash"), ZERO)

    @property
    def cash_moved(self) -> Decimal:
        return sum((one.amount for one in self.movements), ZERO)

    def plain(self) -> dict[str, Any]:
        """As JSON, decimals with four places: the same for the same rows, always."""
        found: dict[str, Any] = json.loads(canonical(asdict(self)))
        return found

    @classmethod
    def of_plain(cls, data: Mapping[str, Any]) -> Self:
        """From what `plain` gave."""
        drawer = data["drawer"]
        return cls(
            tuple(_revived(Documents, one) for one in data["documents"]),
            tuple(_revived(Paid, one) for one in data["payments"]),
            tuple(_revived(Taxed, one) for one in data["taxes"]),
            tuple(_revived(Moved, one) for one in data["movements"]),
            None if drawer is None else _revived(Drawer, drawer),
        )


def _revived(kind: Any, row: Mapping[str, Any]) -> Any:
    """`kind` says its types as text: decimals are those that may be one."""
    decimals = {field.name for field in fields(kind) if "Decimal" in str(field.type)}
    return kind(
        **{
            name: Decimal(value) if name in decimals and value is not None else value
            for name, value in row.items()
        }
    )


# -- X, and the day -------------------------------------------------------------------------------


def shift_figures(shift: Shift) -> Figures:
    """An X reading: the totals of a shift so far, or as it was closed. Four statements."""
    found = _figures(shift.register, Q(shift=shift))
    expected = shift.opening_float + found.cash_taken + found.cash_moved
    drawer = Drawer(shift.opening_float, expected, shift.counted_cash, shift.difference)
    return Figures(found.documents, found.payments, found.taxes, found.movements, drawer)


def day_figures(register: Register, day: date) -> Figures:
    """What a register sold and moved on a date of its location, in whichever shifts. Without a
    drawer, which is counted by shifts and not by days. Four statements."""
    return _figures(register, Q(register=register, business_date=day), Q(business_date=day))


def shifts_of_day(register: Register, day: date) -> QuerySet[Shift]:
    """The shifts of the register that were open on that date of its location, the first one first."""
    begins = datetime(day.year, day.month, day.day, tzinfo=register.location.zone)
    ends = begins + timedelta(days=1)
    shifts: QuerySet[Shift] = Shift.objects.filter(register=register, opened_at__lt=ends)
    return shifts.filter(Q(closed_at=None) | Q(closed_at__gte=begins)).order_by("number")


def _figures(register: Register, sold: Q, moved: Q | None = None) -> Figures:
    """`sold` is a condition on sales, `moved` one on movements where it differs."""
    sales = Sale.objects.filter(sold).order_by()
    moved = sold if moved is None else moved & Q(shift__register=register)
    within = _prefixed(sold, "sale__")
    return Figures(
        _documents(register, sales),
        _payments(Payment.objects.filter(within).order_by()),
        _taxes(SaleLine.objects.filter(within).order_by()),
        _movements(CashMovement.objects.filter(moved).order_by()),
    )


def _prefixed(condition: Q, prefix: str) -> Q:
    """The same condition, of columns and values, on the parts of a sale."""
    pairs = (pair for pair in condition.children if isinstance(pair, tuple))
    return Q(*((prefix + name, value) for name, value in pairs))


def _documents(register: Register, sales: QuerySet[Sale]) -> tuple[Documents, ...]:
    sums = ("net", "tax", "rounding", "total")
    rows: Any = sales.values("kind", "series").annotate(
        count=Count("pk"),
        low=Min("counter"),
        high=Max("counter"),
        **{f"sum_{name}": Sum(name, output_field=AMOUNT) for name in sums},
    )
    order = {str(kind): place for place, kind in enumerate(SERIES)}
    found = []
    for row in rows:
        series = row["series"] or SERIES[Sale.Kind(row["kind"])][1]
        found.append(
            Documents(
                row["kind"],
                row["series"],
                row["count"],
                number_of(register.prefix, series, row["low"]),
                number_of(register.prefix, series, row["high"]),
                *(_exact(row[f"sum_{name}"]) for name in sums),
            )
        )
    return tuple(sorted(found, key=lambda one: (order[one.kind], one.series)))


def _payments(payments: QuerySet[Payment]) -> tuple[Paid, ...]:
    rows = payments.values_list("method").annotate(
        count=Count("pk"), sum=Sum("amount", output_field=AMOUNT)
    )
    return tuple(Paid(method, count, _exact(sum_)) for method, count, sum_ in sorted(rows))


def _taxes(lines: QuerySet[SaleLine]) -> tuple[Taxed, ...]:
    rows = lines.values_list("tax_rate", "tax_name").annotate(
        off=Sum(F("discount") + F("sale_discount"), output_field=AMOUNT),
        net_sum=Sum("net", output_field=AMOUNT),
        tax_sum=Sum("tax", output_field=AMOUNT),
    )
    return tuple(
        Taxed(name, _exact(rate), _exact(off), _exact(net), _exact(tax))
        for rate, name, off, net, tax in sorted(rows)
    )


def _movements(movements: QuerySet[CashMovement]) -> tuple[Moved, ...]:
    rows = movements.values_list("kind").annotate(
        count=Count("pk"), sum=Sum("amount", output_field=AMOUNT)
    )
    order = {str(kind): place for place, kind in enumerate(CashMovement.Kind)}
    found = [Moved(kind, count, _exact(sum_)) for kind, count, sum_ in rows]
    return tuple(sorted(found, key=lambda one: order[one.kind]))


def _exact(value: Decimal) -> Decimal:
    """SQLite adds in floats and answers with fifteen digits: columns hold four decimals."""
    return value.quantize(_PLACES)


# -- Z --------------------------------------------------------------------------------------------


def take_z(
    *,
    actor: Membership,
    reading_id: uuid.UUID,
    register: Register,
    device: Device | None = None,
    at: datetime | None = None,
) -> ZReading:
    """Close the register's day: number and freeze the totals of all shifts since its last reading.

    The same `reading_id` for the same register again returns the first result, `was_recorded`.
    Raises PermissionDenied without reading.z_reading, Http404 for a register at a place that the
    actor may not see, and Refused (409) while a shift is open (`shift_open`), where no shift was
    closed since the last reading (`nothing_to_close`) or when the id is another's.
    """
    if not actor.can(Permission.READING_Z_READING):
        raise PermissionDenied(_("You may not take Z readings."))
    if register.is_history or not visible(actor, device, register.location_id):
        raise Http404
    with transaction.atomic():
        register = lock_register(register)
        earlier: ZReading | None = ZReading.objects.filter(pk=reading_id).first()
        if earlier is not None:
            if earlier.register_id != register.pk:
                raise OtherRequest
            earlier.was_recorded = True
            earlier.register = register
            return earlier
        before: ZReading | None = (
            ZReading.objects.filter(register=register).order_by("-number").first()
        )
        shifts = uncovered(register, before)
        reading = closing(register, before, shifts)
        reading.pk, reading.taken_by, reading.device = reading_id, actor.user, device
        reading.taken_at = at or timezone.now()
        reading.content_hash = reading_hash(reading)
        try:
            with transaction.atomic():
                reading.save(force_insert=True)
        except IntegrityError as error:
            # A row of another register, at the same moment, or of another business has the id.
            if is_unique_violation(error):
                raise OtherRequest from error
            raise
        record(actor=actor.user, action="reading.z", target=reading, device=device)
        return reading


def uncovered(register: Register, before: ZReading | None) -> QuerySet[Shift]:
    """The shifts of the register that no reading up to `before` covers."""
    after = 0 if before is None else before.last_shift
    shifts: QuerySet[Shift] = Shift.objects.filter(register=register, number__gt=after)
    return shifts


def closing(register: Register, before: ZReading | None, shifts: QuerySet[Shift]) -> ZReading:
    """A reading of these shifts, not saved: what the rows say of them. Raises Refused (409)."""
    sums = shifts.aggregate(
        count=Count("pk"),
        open=Count("pk", filter=Q(closed_at=None)),
        first=Min("number"),
        last=Max("number"),
        began=Min("opened_at"),
        begun_last=Max("opened_at"),
        ended=Max("closed_at"),
        **{
            f"sum_{name}": Sum(name, default=ZERO, output_field=AMOUNT)
            for name in ("opening_float", "expected_cash", "counted_cash", "difference")
        },
    )
    if sums["open"]:
        raise Refused(
            "shift_open", _("Close the shift first: its drawer is not counted yet."), status=409
        )
    if not sums["count"]:
        raise Refused(
            "nothing_to_close", _("No shift was closed since the last Z reading."), status=409
        )
    found = _figures(
        register, Q(shift__register=register, shift__number__range=(sums["first"], sums["last"]))
    )
    drawer = Drawer(
        opening_float=_exact(sums["sum_opening_float"]),
        expected=_exact(sums["sum_expected_cash"]),
        counted=_exact(sums["sum_counted_cash"]),
        difference=_exact(sums["sum_difference"]),
    )
    figures = Figures(found.documents, found.payments, found.taxes, found.movements, drawer)
    return ZReading(
        register=register,
        number=1 if before is None else before.number + 1,
        # The day that the last shift began: who closes after midnight closes that day.
        business_date=sums["begun_last"].astimezone(register.location.zone).date(),
        first_shift=sums["first"],
        last_shift=sums["last"],
        began_at=sums["began"],
        ended_at=sums["ended"],
        currency=current().currency,
        figures=figures.plain(),
        total=_exact(figures.total),
        grand_total=_exact(figures.total + (ZERO if before is None else before.grand_total)),
        previous_hash="" if before is None else before.content_hash,
    )


def reading_hash(reading: ZReading) -> str:
    """SHA-256 over the hash of the reading before and this one's content, in a canonical form."""
    return hashlib.sha256(
        (reading.previous_hash + canonical(reading.content())).encode()
    ).hexdigest()


def reading_of_shift(shift: Shift) -> ZReading | None:
    """The Z reading that covers this shift; None for one that no reading covers yet."""
    found: ZReading | None = ZReading.objects.filter(
        register=shift.register_id, first_shift__lte=shift.number, last_shift__gte=shift.number
    ).first()
    return found
