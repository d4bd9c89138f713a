"""What the server answers. Amounts and quantities are text and exact: `Decimal(sale["total"])`.

Servers add fields in time; what is named here stays.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class Named(TypedDict):
    id: str
    name: str


class Place(Named):
    code: str


class PairedRegister(Named):
    prefix: str


class Business(TypedDict):
    name: str
    slug: str


class Paired(TypedDict):
    token: str
    device: Named
    needs_operator: bool
    business: Business
    location: Place
    register: PairedRegister


class Shop(Business):
    currency: str
    digits: int
    locale: str
    tax_label: str
    time_zone: str
    cash_step: str


class Series(TypedDict):
    id: str
    register: str
    prefix: str
    last: int


class OpenShift(TypedDict):
    id: str
    number: int
    opened_at: str
    opening_float: str
    opened_by: str


class Register(Named):
    prefix: str
    location: dict[str, Any]
    shift: OpenShift | None
    series: Series | None


class Device(Named):
    needs_operator: bool


class Operator(TypedDict):
    id: str
    expires_at: str


class Me(TypedDict):
    business: Shop
    person: Named
    permissions: list[str]
    device: Device | None
    operator: Operator | None
    registers: list[Register]


class SignedIn(TypedDict):
    operator_token: str
    person: Named
    permissions: list[str]
    expires_at: str
    idle_seconds: int


class Approved(TypedDict):
    approval: str
    approver: Named
    permissions: list[str]
    expires_at: str


class Item(TypedDict):
    id: str
    product: str
    name: str
    sku: str
    barcodes: list[str]
    price: str
    tax_rate: str
    tax_name: str
    tax_inclusive: bool
    unit: str
    allow_decimal: bool
    is_stocked: bool
    adds_credit: bool
    stock: str | None
    category: str | None
    image: str | None


class Customer(Named):
    phone: str
    email: str
    is_active: bool
    credit: str | None
    credit_expires: str | None


class CustomerDetail(Customer):
    """`credit_limit` is there for who may set it."""

    version: str
    address: str
    tax_number: str
    note: str
    created_at: str
    credit_limit: NotRequired[str | None]


class SaleLine(TypedDict):
    """`cost` and `profit` are there for who may see them."""

    line: int
    variation: str
    name: str
    sku: str
    quantity: str
    unit_price: str
    gross: str
    discount: str
    sale_discount: str
    net: str
    tax: str
    total: str
    tax_rate: str
    tax_name: str
    tax_inclusive: bool
    refunded: str
    refundable: str
    refunds_line: int | None
    cost: NotRequired[str]
    profit: NotRequired[str]


class Payment(TypedDict):
    method: str
    amount: str
    tendered: str
    change: str
    card_brand: str
    card_last4: str
    reference: str


class Sale(TypedDict):
    """A sale, void, refund or exchange, as `kind` says; `cost` and `profit` for who may see them."""

    id: str
    number: str
    kind: str
    sold_at: str
    business_date: str
    location: Named
    register: Named
    operator: str
    customer: Named | None
    lines: list[SaleLine]
    payments: list[Payment]
    taxes: list[dict[str, str]]
    subtotal: str
    discount: str
    net: str
    tax: str
    total: str
    rounding: str
    to_pay: str
    cost: NotRequired[str]
    profit: NotRequired[str]
    change: str
    reverses: str | None
    voided_by: str | None
    refunded_by: list[str]
    reason: str
    note: str
    receipt_url: str


class Receipt(TypedDict):
    number: str
    text: str
    html_url: str


class Shift(TypedDict):
    id: str
    register: Named
    number: int
    opened_at: str
    opened_by: str
    opening_float: str
    closed_at: str | None
    closed_by: str | None
    expected_cash: str | None
    counted_cash: str | None
    difference: str | None
    note: str


class Quote(TypedDict):
    """What a refund gives back, or what an exchange comes to."""

    total: str
    payments: list[Payment]


class Review(TypedDict):
    code: str
    message: str


class Said(TypedDict):
    """An error as the server tells it."""

    code: str
    message: str
    fields: dict[str, Any]


class Judged(TypedDict):
    """What became of one sale of a batch."""

    id: str | None
    status: str
    number: str
    receipt_url: str | None
    review: list[Review]
    error: Said | None
