"""Documents in hand as plain rows: what the ordinary sale writes and shows without a model's cost.

They look like Sale, SaleLine, Payment and what a sale stands on, have every column that is written
(`tests/sales/test_rows.py`), and know nothing of a database: what is not there raises AttributeError
and is never read. Which of the two a sale is made of is said by `Rows`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.utils import timezone

from sales.models import Payment, Sale, SaleLine
from tenants.context import current

ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Rows:
    """What makes a document and its parts of their columns."""

    sale: Callable[..., Any]
    line: Callable[..., Any]
    payment: Callable[..., Any]


class Parts(list[Any]):
    """The lines or payments of a document that was written just now."""

    def all(self) -> Parts:
        return self


@dataclass(frozen=True, slots=True)
class PlainLocation:
    """Like a Location."""

    pk: UUID
    name: str
    own_time_zone: str
    below_zero: str

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.own_time_zone or current().time_zone)


@dataclass(slots=True)
class PlainRegister:
    """Like a Register in use, locked."""

    pk: UUID
    name: str
    prefix: str
    location: PlainLocation
    sale_counter: int
    chain_length: int
    chain_hash: str
    is_history: bool = False


@dataclass(frozen=True, slots=True)
class PlainShift:
    """Like a Shift, open and locked."""

    pk: UUID
    register: PlainRegister


@dataclass(frozen=True, slots=True)
class PlainCustomer:
    """Like a Customer."""

    pk: UUID
    name: str


@dataclass(slots=True)
class PlainLine:
    """Like a SaleLine of something sold."""

    variation_id: UUID
    name: str
    sku: str
    quantity: Decimal
    unit_price: Decimal
    unit_cost: Decimal
    gross: Decimal
    discount: Decimal
    sale_discount: Decimal
    net: Decimal
    tax: Decimal
    total: Decimal
    tax_name: str
    tax_rate: Decimal
    tax_inclusive: bool
    is_stocked: bool
    discount_kind: str = ""
    discount_value: Decimal | None = None
    refunds_id: None = None
    refunds_line: None = None
    line: int = 0
    sale: Any = field(default=None, repr=False)


@dataclass(slots=True)
class PlainPayment:
    """Like a Payment."""

    method: str
    amount: Decimal
    tendered: Decimal
    change: Decimal
    card_brand: str
    card_last4: str
    reference: str
    line: int = 0
    sale: Any = field(default=None, repr=False)


@dataclass(slots=True, kw_only=True)
class PlainSale:
    """Like a Sale, on its way into the books."""

    id: UUID
    kind: str
    location: Any
    register: Any
    shift: Any
    operator: Any
    device: Any
    customer: Any
    note: str
    sold_at: datetime
    business_date: date
    currency: str
    item_count: int
    subtotal: Decimal
    discount: Decimal
    net: Decimal
    tax: Decimal
    total: Decimal
    rounding: Decimal
    request_hash: str
    discount_kind: str = ""
    discount_value: Decimal | None = None
    number: str = ""
    counter: int = 0
    series: str = ""
    is_offline: bool = False
    reverses_id: None = None
    reason: str = ""
    created_at: datetime = field(default_factory=timezone.now)
    chain_index: int = 0
    previous_hash: str = ""
    content_hash: str = ""
    lines: Sequence[Any] = ()
    payments: Sequence[Any] = ()

    @property
    def pk(self) -> UUID:
        return self.id

    @property
    def location_id(self) -> Any:
        return self.location.pk

    @property
    def register_id(self) -> Any:
        return self.register.pk

    @property
    def shift_id(self) -> Any:
        return self.shift.pk

    @property
    def operator_id(self) -> Any:
        return self.operator.pk

    @property
    def device_id(self) -> Any:
        return self.device.pk

    @property
    def customer_id(self) -> Any:
        return None if self.customer is None else self.customer.pk

    @property
    def to_pay(self) -> Decimal:
        return self.total + self.rounding


MODELS: Final = Rows(Sale, SaleLine, Payment)
PLAIN: Final = Rows(PlainSale, PlainLine, PlainPayment)
