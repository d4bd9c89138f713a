"""The shapes of cash movements and readings, for the description of the API alone; as in
`schema.py`."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers as s

from sales.api.schema import Named, exact, page_of
from sales.models import CashMovement, Payment, Sale

DAY = OpenApiParameter(
    "date", OpenApiTypes.DATE, description="Of the location; without it today there."
)
DAYS_REGISTER = OpenApiParameter(
    "register", OpenApiTypes.UUID, description="Without it the terminal's own."
)


class NewCashMovement(s.Serializer[Any]):
    id = s.UUIDField(help_text="Made by the client, version 7; it makes the request repeatable")
    kind = s.ChoiceField(CashMovement.Kind.choices)
    amount = exact(
        required=False,
        allow_null=True,
        help_text="How much moves, more than zero; left out, or 0, for `open`",
    )
    reason = s.ChoiceField(
        CashMovement.Reason.choices,
        help_text="`in`: change, bank, safe, other. `out`: expense, supplier, change, other."
        " `drop`: safe, bank. `open`: change, count, other. `mistake` is a correction's",
    )
    note = s.CharField(
        max_length=200, required=False, allow_blank=True, help_text="Needed where it is for `other`"
    )


class NewCorrection(s.Serializer[Any]):
    id = s.UUIDField(help_text="Made by the client; it makes the request repeatable")
    note = s.CharField(max_length=200, required=False, allow_blank=True)


class CashMovementDocument(s.Serializer[Any]):
    id = s.UUIDField()
    shift = s.UUIDField()
    kind = s.ChoiceField(CashMovement.Kind.choices)
    amount = exact(help_text="What the drawer gained; negative where it lost")
    currency = s.CharField(help_text="ISO 4217")
    reason = s.ChoiceField(CashMovement.Reason.choices)
    note = s.CharField(allow_blank=True)
    operator = s.CharField()
    device = s.UUIDField(allow_null=True)
    moved_at = s.DateTimeField()
    business_date = s.DateField()
    corrects = s.UUIDField(allow_null=True, help_text="The movement that it takes back")


CashMovementPage = page_of("CashMovementPage", CashMovementDocument)


class ReadDocuments(s.Serializer[Any]):
    kind = s.ChoiceField(Sale.Kind.choices)
    series = s.CharField(allow_blank=True, help_text="Of a device; empty for the register's own")
    count = s.IntegerField()
    first = s.CharField(help_text="The lowest number of them")
    last = s.CharField()
    net = exact()
    tax = exact()
    rounding = exact()
    total = exact()


class ReadPayments(s.Serializer[Any]):
    method = s.ChoiceField(Payment.Method.choices)
    count = s.IntegerField()
    amount = exact(help_text="Taken, less given back")


class ReadTaxes(s.Serializer[Any]):
    name = s.CharField(allow_blank=True)
    rate = exact()
    discount = exact(help_text="On lines and, by its shares, on whole sales")
    net = exact()
    tax = exact()


class ReadMovements(s.Serializer[Any]):
    kind = s.ChoiceField(CashMovement.Kind.choices)
    count = s.IntegerField()
    amount = exact(help_text="What the drawer gained by them")


class ReadDrawer(s.Serializer[Any]):
    opening_float = exact()
    cash_taken = exact(help_text="By sales, less given back")
    cash_moved = exact(help_text="By movements without a sale")
    expected = exact(help_text="The three together")
    counted = exact(allow_null=True)
    difference = exact(allow_null=True, help_text="Counted less expected")


class Figures(s.Serializer[Any]):
    documents = ReadDocuments(many=True)
    payments = ReadPayments(many=True)
    taxes = ReadTaxes(many=True)
    movements = ReadMovements(many=True)
    discount = exact()
    net = exact()
    tax = exact()
    rounding = exact()
    total = exact(help_text="With tax, before cash rounding; what came back taken off")
    currency = s.CharField(help_text="ISO 4217")


class DrawerFigures(Figures):
    drawer = ReadDrawer()


class ShiftReading(s.Serializer[Any]):
    shift = s.UUIDField()
    register = Named()
    number = s.IntegerField(help_text="Of the shift")
    opened_at = s.DateTimeField()
    closed_at = s.DateTimeField(allow_null=True)
    read_at = s.DateTimeField()
    z_reading = s.UUIDField(allow_null=True, help_text="Which Z reading covers the shift")
    figures = DrawerFigures()


class NewZReading(s.Serializer[Any]):
    id = s.UUIDField(help_text="Made by the client, version 7; it makes the request repeatable")
    register = s.UUIDField()


class ZReading(s.Serializer[Any]):
    id = s.UUIDField()
    register = Named()
    number = s.IntegerField(help_text="Consecutive for each register")
    business_date = s.DateField()
    first_shift = s.IntegerField(help_text="The number of the first shift that it covers")
    last_shift = s.IntegerField()
    began_at = s.DateTimeField()
    ended_at = s.DateTimeField()
    taken_at = s.DateTimeField()
    taken_by = s.CharField()
    total = exact()
    grand_total = exact(help_text="Of this reading and all before it")
    hash = s.CharField(help_text="Of its content and the hash of the reading before")
    figures = DrawerFigures()


ZReadingPage = page_of("ZReadingPage", ZReading)


class ShiftOfDay(s.Serializer[Any]):
    id = s.UUIDField()
    number = s.IntegerField()
    opened_at = s.DateTimeField()
    opened_by = s.CharField()
    closed_at = s.DateTimeField(allow_null=True)
    expected_cash = exact(allow_null=True)
    counted_cash = exact(allow_null=True)
    difference = exact(allow_null=True)


class Day(s.Serializer[Any]):
    register = Named()
    date = s.DateField()
    read_at = s.DateTimeField()
    shifts = ShiftOfDay(many=True, help_text="Those that were open on that date")
    figures = Figures()
