"""Which sales and shifts a request may see, and what a set of sales comes to.

Every page, list and figure starts from here, so that they agree with each other.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from accounts.access import at_visible_locations, can, demand, location_ids
from accounts.models import Membership
from accounts.people import seen_by
from accounts.permissions import Permission
from sales.customers import customer_matches
from sales.models import Customer, Payment, Register, Sale, Shift
from sales.shifts import AMOUNT

ZERO = Decimal(0)


def visible_sales(request: Any) -> QuerySet[Sale]:
    """Documents at the locations of the request; with sell.view_own alone the person's own.

    What takes something of one's own sale back belongs to it, whoever made it.
    """
    sales: QuerySet[Sale] = Sale.objects.filter(at_visible_locations(request))
    if not can(request, Permission.SELL_VIEW):
        sales = sales.filter(Q(operator=request.user) | Q(reverses__operator=request.user))
    return sales


def visible_registers(request: Any, *, history: bool = False) -> QuerySet[Register]:
    """Tills at the locations of the request; with `history` what holds imported sales as well.

    Nobody sells, opens a drawer or changes anything there: ask for it to look at sales only.
    """
    registers: QuerySet[Register] = Register.objects.filter(at_visible_locations(request))
    if not history:
        registers = registers.filter(is_history=False)
    return registers.select_related("location")


def visible_shifts(request: Any) -> QuerySet[Shift]:
    """Shifts at the locations of the request; without a right to all of them the person's own."""
    shifts: QuerySet[Shift] = Shift.objects.filter(
        at_visible_locations(request, field="register__location"), register__is_history=False
    )
    if not can(request, Permission.SHIFT_VIEW_ALL) and not can(request, Permission.SHIFT_CLOSE_ANY):
        shifts = shifts.filter(opened_by=request.user)
    return shifts.select_related("register__location", "opened_by", "closed_by")


def visible_operators(request: Any) -> QuerySet[Membership]:
    """Whose sales a list may be narrowed to: those of everybody whom the request may see, or the
    person's own alone."""
    if can(request, Permission.SELL_VIEW):
        return seen_by(request.membership)
    own: QuerySet[Membership] = Membership.objects.filter(pk=request.membership.pk)
    return own


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list of sales is narrowed to; what is None or empty narrows nothing.

    The days are business dates and belong to it. `operator` is a user's key; `text` the beginning of
    a receipt number, its bare counter, or a customer as `customer_matches` finds one.
    """

    text: str = ""
    date_from: date | None = None
    date_to: date | None = None
    location: uuid.UUID | str | None = None
    register: uuid.UUID | str | None = None
    operator: Any = None
    customer: uuid.UUID | None = None
    kind: str = ""
    method: str = ""


def narrowed(request: Any, sales: QuerySet[Sale], wanted: Wanted) -> QuerySet[Sale]:
    """Of these documents those that are wanted; the page and the API ask here."""
    columns = {
        "business_date__gte": wanted.date_from,
        "business_date__lte": wanted.date_to,
        "location": wanted.location,
        "register": wanted.register,
        "operator": wanted.operator,
        "customer": wanted.customer,
        "kind": wanted.kind,
    }
    sales = sales.filter(**{name: value for name, value in columns.items() if value})
    if wanted.method:
        paid = Payment.objects.filter(sale=OuterRef("pk"), method=wanted.method)
        sales = sales.filter(Exists(paid))
    return sales.filter(_matching(request, wanted.text)) if wanted.text else sales


def _matching(request: Any, text: str) -> Q:
    found = Q(number__startswith=text.upper()) | Q(number__startswith=text)
    if text.isascii() and text.isdigit() and len(text) < 18:
        # The counters of a history are ours and stand on no receipt.
        found |= Q(counter=int(text), register__is_history=False)
    if can(request, Permission.CUSTOMER_VIEW):
        found |= Q(customer__in=Customer.objects.filter(customer_matches(text)))
    return found


def hides_figures(request: Any, shifts: Iterable[Shift]) -> bool:
    """Whether figures of these shifts would tell what a drawer should hold before it is counted."""
    blind = not can(request, Permission.CASH_VIEW_EXPECTED)
    return blind and any(shift.is_open for shift in shifts)


def demand_figures(request: Any, shifts: Iterable[Shift]) -> None:
    """Raises PermissionDenied where `hides_figures` says so."""
    if hides_figures(request, shifts):
        raise PermissionDenied(
            _("A shift is open, and its drawer is counted without knowing what should be in it.")
        )


def prints_original(request: Any, sale: Sale) -> bool:
    """Whether a receipt asked for now is the original: for who sold it, while that shift is open.

    Everybody else, and everybody later, gets a copy. Raises PermissionDenied without the right to
    print again.
    """
    original: bool = sale.operator == request.user and sale.shift.is_open
    if not original:
        demand(request, Permission.SELL_REPRINT)
    return original


@dataclass(frozen=True, slots=True)
class Totals:
    """What all documents come to together: `total` with tax, before cash rounding, and what came
    back taken off."""

    total: Decimal = ZERO
    sales: int = 0
    voids: int = 0
    refunds: int = 0
    exchanges: int = 0

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Totals:
        """From the columns that `total_columns()` adds to a row."""
        return cls(
            row["total_sum"],
            row["sale_count"],
            row["void_count"],
            row["refund_count"],
            row["exchange_count"],
        )

    @property
    def average(self) -> Decimal | None:
        """Of a sale that was not voided, less what came back; None where there is none."""
        stood = self.sales - self.voids
        return self.total / stood if stood > 0 else None

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            self.total + other.total,
            self.sales + other.sales,
            self.voids + other.voids,
            self.refunds + other.refunds,
            self.exchanges + other.exchanges,
        )


def total_columns() -> dict[str, Any]:
    """The aggregates behind `Totals`, for a query that groups."""
    return {
        "total_sum": Sum("total", default=ZERO, output_field=AMOUNT),
        "sale_count": Count("pk", filter=Q(kind=Sale.Kind.SALE)),
        "void_count": Count("pk", filter=Q(kind=Sale.Kind.VOID)),
        "refund_count": Count("pk", filter=Q(kind=Sale.Kind.REFUND)),
        "exchange_count": Count("pk", filter=Q(kind=Sale.Kind.EXCHANGE)),
    }


def totals(sales: QuerySet[Sale]) -> Totals:
    """What this set comes to, in one statement."""
    row = sales.order_by().aggregate(**total_columns())
    return Totals.of(row)


#: What all documents of some days come to at some locations (None: all), for who keeps such sums.
SumsOfDays = Callable[[date, date, Collection[uuid.UUID] | None], Totals]
_kept: list[SumsOfDays] = []


def keeps_sums(sums: SumsOfDays) -> SumsOfDays:
    """Ask this function for the totals of whole days from now on."""
    _kept[:] = [sums]
    return sums


def totals_of(request: Any, sales: QuerySet[Sale], wanted: Wanted) -> Totals:
    """What these documents come to, which are those that the request may see, narrowed to what is
    wanted. Where that is all of some days, sums that are kept of them are asked, for a million
    documents are not read for a line above a list."""
    conditions = (wanted.text, wanted.register, wanted.operator, wanted.customer, wanted.kind)
    is_days = not any(conditions) and not wanted.method
    if not _kept or not is_days or not can(request, Permission.SELL_VIEW):
        return totals(sales)
    places = {uuid.UUID(str(wanted.location))} if wanted.location else location_ids(request)
    return _kept[0](wanted.date_from or date.min, wanted.date_to or date.max, places)
