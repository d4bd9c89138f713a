"""The shapes of requests and answers, for the description of the API alone.

`reading.py` reads and `shapes.py` writes; a test holds their answers against this description.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers as s

from sales.models import Payment, Sale
from sales.offline import Status
from sales.pricing import DiscountKind
from tenants.models import Location


def exact(**kwargs: Any) -> s.DecimalField:
    return s.DecimalField(max_digits=18, decimal_places=4, **kwargs)


REGISTER = OpenApiParameter("register", OpenApiTypes.UUID, required=True)
ANY_REGISTER = OpenApiParameter(
    "register", OpenApiTypes.UUID, description="What was made at this register alone."
)
SEARCH = OpenApiParameter("q", str, description="A code, the beginning of one, or words.")
CODE = OpenApiParameter("code", str, description="A barcode or SKU.")
ITEM = OpenApiParameter("id", OpenApiTypes.UUID, description="Instead of a code.")
CURSOR = OpenApiParameter("cursor", str, description="From `next` of the page before.")
DATE = OpenApiParameter("date", OpenApiTypes.DATE, description="The business date.")


def page_of(name: str, row: Any) -> Any:
    return inline_serializer(name, {"results": row(many=True), "next": s.URLField(allow_null=True)})


class Named(s.Serializer[Any]):
    id = s.UUIDField()
    name = s.CharField()


class Place(Named):
    code = s.CharField()
    below_zero = s.ChoiceField(Location.BelowZero.choices)


class OpenShift(s.Serializer[Any]):
    id = s.UUIDField()
    number = s.IntegerField()
    opened_at = s.DateTimeField()
    opening_float = exact()
    opened_by = s.CharField()


class Series(s.Serializer[Any]):
    id = s.UUIDField()
    register = s.UUIDField()
    prefix = s.CharField(help_text="What stands before the counter, such as HS1-AB")
    last = s.IntegerField(help_text="The highest number of it that has come in")


class Till(Named):
    prefix = s.CharField()
    location = Place()
    shift = OpenShift(allow_null=True)
    series = Series(allow_null=True, help_text="In which this device numbers without a line")


class Shop(s.Serializer[Any]):
    name = s.CharField()
    slug = s.CharField()
    currency = s.CharField(help_text="ISO 4217")
    digits = s.IntegerField(help_text="Decimals of the currency's minor unit")
    locale = s.CharField()
    tax_label = s.CharField()
    time_zone = s.CharField()
    cash_step = exact(help_text="Smallest cash amount; 0 where every minor unit has a coin")


class NewPairing(s.Serializer[Any]):
    code = s.CharField(help_text="Of the Devices page, such as K7QM-4XTZ")
    name = s.CharField(
        max_length=100, required=False, help_text="What this is, where the code has no name for it"
    )
    version = s.CharField(max_length=60, required=False, help_text="Of the app")


class CodedPlace(Named):
    code = s.CharField()


class PairedTill(Named):
    prefix = s.CharField()


class ShopName(s.Serializer[Any]):
    name = s.CharField()
    slug = s.CharField()


class Paired(s.Serializer[Any]):
    token = s.CharField(help_text="`Authorization: Bearer …`; told this once")
    device = Named()
    needs_operator = s.BooleanField(help_text="Whether somebody signs in with a PIN first")
    business = ShopName()
    location = CodedPlace()
    register = PairedTill()


class MyDevice(Named):
    needs_operator = s.BooleanField(help_text="Whether somebody signs in with a PIN first")


class Operator(s.Serializer[Any]):
    id = s.UUIDField()
    expires_at = s.DateTimeField()


class Person(s.Serializer[Any]):
    id = s.UUIDField(help_text="As `operator` of a sale made offline names it")
    name = s.CharField()


class Me(s.Serializer[Any]):
    business = Shop()
    person = Person()
    permissions = s.ListField(child=s.CharField())
    device = MyDevice(allow_null=True)
    operator = Operator(allow_null=True, help_text="Who is signed in here with a PIN")
    registers = Till(many=True)


class Item(s.Serializer[Any]):
    id = s.UUIDField(help_text="The variation, as a line of a sale names it")
    product = s.UUIDField()
    name = s.CharField(help_text="As a receipt shows it")
    sku = s.CharField(allow_blank=True)
    barcodes = s.ListField(child=s.CharField())
    price = exact()
    tax_rate = exact(help_text="Percent")
    tax_name = s.CharField(allow_blank=True)
    tax_inclusive = s.BooleanField(help_text="Whether the price includes the tax")
    unit = s.CharField(allow_blank=True)
    allow_decimal = s.BooleanField()
    is_stocked = s.BooleanField()
    adds_credit = s.BooleanField(help_text="Selling it adds to the customer's credit")
    stock = exact(allow_null=True, help_text="At the register's location; null where unknown")
    category = s.CharField(allow_null=True)
    image = s.CharField(
        allow_null=True, help_text="The path of its picture: in the API, or for a browser a page"
    )


class NewShift(s.Serializer[Any]):
    register = s.UUIDField()
    opening_float = exact(help_text="In the drawer at the beginning")


class ClosingShift(s.Serializer[Any]):
    counted_cash = exact()
    note = s.CharField(max_length=500, required=False, allow_blank=True)


class Shift(s.Serializer[Any]):
    id = s.UUIDField()
    register = Named()
    number = s.IntegerField()
    opened_at = s.DateTimeField()
    opened_by = s.CharField()
    opening_float = exact()
    closed_at = s.DateTimeField(allow_null=True)
    closed_by = s.CharField(allow_null=True)
    expected_cash = exact(allow_null=True, help_text="Null where the reader may not know it")
    counted_cash = exact(allow_null=True)
    difference = exact(allow_null=True, help_text="Counted less expected")
    note = s.CharField(allow_blank=True)


class Discount(s.Serializer[Any]):
    kind = s.ChoiceField([(one.value, one.value) for one in DiscountKind])
    value = exact(help_text="Percent, or an amount off the whole line or sale")


class NewLine(s.Serializer[Any]):
    variation = s.UUIDField()
    quantity = exact()
    discount = Discount(required=False, allow_null=True)
    unit_price = exact(required=False, allow_null=True, help_text="Only where it was changed")


class NewPayment(s.Serializer[Any]):
    method = s.ChoiceField(Payment.Method.choices)
    amount = exact(help_text="For cash what was handed over, otherwise exactly what is paid by it")
    card_brand = s.CharField(max_length=20, required=False, allow_blank=True)
    card_last4 = s.RegexField(r"^\d{4}$", required=False, allow_blank=True)
    reference = s.CharField(max_length=60, required=False, allow_blank=True)


class NewSale(s.Serializer[Any]):
    id = s.UUIDField(help_text="Made by the client, version 7; it makes the request repeatable")
    register = s.UUIDField()
    lines = NewLine(many=True)
    payments = NewPayment(many=True)
    total = exact(help_text="What the customer was shown, before cash rounding")
    discount = Discount(required=False, allow_null=True)
    customer = s.UUIDField(required=False, allow_null=True)
    note = s.CharField(max_length=500, required=False, allow_blank=True)


class Line(s.Serializer[Any]):
    line = s.IntegerField()
    variation = s.UUIDField()
    name = s.CharField()
    sku = s.CharField(allow_blank=True)
    quantity = exact()
    unit_price = exact()
    gross = exact()
    discount = exact()
    sale_discount = exact(help_text="This line's share of the discount on the sale")
    net = exact()
    tax = exact()
    total = exact()
    tax_rate = exact()
    tax_name = s.CharField(allow_blank=True)
    tax_inclusive = s.BooleanField()
    refunded = exact(help_text="How much of it came back until now")
    refundable = exact(help_text="How much of it can still come back")
    cost = exact(required=False, help_text="Of all of it; for who may see costs (sell.view_cost)")
    profit = exact(required=False, help_text="Net less cost; for who has sell.view_profit")
    refunds_line = s.IntegerField(
        allow_null=True, help_text="The line of the document in `reverses` that this one takes back"
    )


class Tender(s.Serializer[Any]):
    method = s.ChoiceField(Payment.Method.choices)
    amount = exact(help_text="What it paid of the sale")
    tendered = exact()
    change = exact()
    card_brand = s.CharField(allow_blank=True)
    card_last4 = s.CharField(allow_blank=True)
    reference = s.CharField(allow_blank=True)


class Tax(s.Serializer[Any]):
    name = s.CharField(allow_blank=True)
    rate = exact()
    net = exact()
    tax = exact()


class SaleDocument(s.Serializer[Any]):
    id = s.UUIDField()
    number = s.CharField()
    kind = s.ChoiceField(Sale.Kind.choices)
    is_history = s.BooleanField(help_text="It came in with the sales of an older system")
    sold_at = s.DateTimeField()
    business_date = s.DateField()
    location = Named()
    register = Named()
    operator = s.CharField()
    customer = Named(allow_null=True)
    lines = Line(many=True)
    payments = Tender(many=True)
    subtotal = exact()
    discount = exact()
    net = exact()
    tax = exact()
    total = exact()
    rounding = exact()
    to_pay = exact()
    cost = exact(required=False, help_text="Of all lines; for who may see costs (sell.view_cost)")
    profit = exact(required=False, help_text="Net less cost; for who has sell.view_profit")
    change = exact()
    taxes = Tax(many=True)
    reverses = s.UUIDField(
        allow_null=True, help_text="What a void, refund or exchange takes something back of"
    )
    voided_by = s.UUIDField(allow_null=True)
    refunded_by = s.ListField(
        child=s.UUIDField(), help_text="The refunds and exchanges that took something of it back"
    )
    reason = s.CharField(allow_blank=True)
    note = s.CharField(allow_blank=True)
    receipt_url = s.CharField(help_text="A path, for people who are signed in")


class NewVoid(s.Serializer[Any]):
    id = s.UUIDField(help_text="Made by the client; it makes the request repeatable")
    reason = s.CharField(max_length=200)


class Receipt(s.Serializer[Any]):
    number = s.CharField()
    text = s.ListField(child=s.CharField(), help_text="Lines of 42 columns")
    html_url = s.CharField(help_text="A path, for people who are signed in")


ItemPage = page_of("ItemPage", Item)
SalePage = page_of("SalePage", SaleDocument)


class OfflineLine(s.Serializer[Any]):
    variation = s.UUIDField()
    quantity = exact()
    unit_price = exact(help_text="As it was charged")
    tax_rate = exact(help_text="Percent, as the device had it")
    tax_inclusive = s.BooleanField()
    tax_name = s.CharField(max_length=100, required=False, allow_blank=True)
    discount = Discount(required=False, allow_null=True)
    own_price = s.BooleanField(required=False, help_text="The cashier set the price")


class OfflineSale(s.Serializer[Any]):
    id = s.UUIDField(help_text="Made by the client, version 7; the one of a try with a line too")
    offline = s.BooleanField(help_text="True; without it the sale is judged like one with a line")
    register = s.UUIDField()
    sold_at = s.DateTimeField(help_text="By the device's clock")
    number = s.CharField(
        max_length=40,
        required=False,
        help_text="On the customer's receipt, of the device's own series; without it the next one",
    )
    operator = s.UUIDField(
        required=False, allow_null=True, help_text="Whose sale it is, where another one sends it"
    )
    lines = OfflineLine(many=True)
    payments = NewPayment(many=True)
    total = exact(help_text="What the customer was shown, before cash rounding")
    discount = Discount(required=False, allow_null=True)
    cash_step = exact(required=False, allow_null=True, help_text="What cash was rounded to")
    customer = s.UUIDField(required=False, allow_null=True)
    note = s.CharField(max_length=500, required=False, allow_blank=True)


class NewBatch(s.Serializer[Any]):
    sales = OfflineSale(many=True, help_text="At most 500")


class Remark(s.Serializer[Any]):
    code = s.CharField()
    message = s.CharField()


class Refusal(s.Serializer[Any]):
    code = s.CharField()
    message = s.CharField()
    fields = s.DictField()  # type: ignore[assignment]


class Taken(s.Serializer[Any]):
    id = s.UUIDField(allow_null=True)
    status = s.ChoiceField([(one.value, one.value) for one in Status])
    number = s.CharField(allow_blank=True, help_text="In the books")
    receipt_url = s.CharField(allow_null=True, help_text="A path, for people who are signed in")
    review = Remark(many=True, help_text="What a manager will look at")
    error = Refusal(allow_null=True)


class BatchAnswer(s.Serializer[Any]):
    results = Taken(many=True)


class NewSeries(s.Serializer[Any]):
    id = s.UUIDField(help_text="Made by the client; it makes the request repeatable")
    register = s.UUIDField()
