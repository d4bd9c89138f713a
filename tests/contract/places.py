"""Where the operations are tried: a business with everything that a request can name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db import transaction
from django.test import Client

from accounts.models import Device, Membership, OperatorSession
from accounts.operators import sign_in
from accounts.pins import Wrong, set_pin
from sales.cash import Kind
from sales.models import CashMovement, CreditEntry, Register, ReviewItem, Shift, ZReading
from sales.shifts import close_shift, open_shift
from sales.terminals import invite
from tenants.context import business
from tenants.ids import uuid7
from tenants.models import Location
from tests.api.calls import ROOT, ask
from tests.contract.operations import operations
from tests.factories import Shop, make_device, make_person
from tests.sales.crediting import grant
from tests.sales.moving_cash import move, read_z

PIN = "274951"
# What belongs to a location; all else is the business's alone.
PLACED = {
    *("register", "shift", "sale", "location", "person", "operator", "code", "movement"),
    *("reading", "correction", "review"),
}


class Spot:
    """One location of a shop, with a register, an open shift unless told otherwise, a sale."""

    def __init__(self, shop: Shop, location: Location, register: Register) -> None:
        self.shop, self.location, self.register = shop, location, register

    def id_of(self, name: str) -> str:
        makers: dict[str, Callable[[], Any]] = {
            "register": lambda: self.register.pk,
            "location": lambda: self.location.pk,
            "shift": lambda: self.shift.pk,
            "sale": lambda: self.sale,
            "person": lambda: self.person.pk,
            "operator": lambda: self.person.pk,
            "code": self._code,
            # Of a terminal at which nobody has to sign in.
            "code in a name": lambda: self._code(needs_operator=False),
            "customer": lambda: self.shop.customer.pk,
            "variation": lambda: self.shop.mug.pk,
            "product": lambda: self.shop.mug.product_id,
            "brand": lambda: self._made["brand_create"]["id"],
            "correction": lambda: self._made["stock_correct"]["id"],
            "review": lambda: self.review,
            "category": lambda: self.shop.category.pk,
            "tax_rate": lambda: self.shop.tax.pk,
            "unit": lambda: self.shop.piece.pk,
            "supplier": lambda: self._made["supplier_create"]["id"],
            "picture": lambda: self.picture,
            "movement": lambda: self.movement.pk,
            "reading": lambda: self.reading.pk,
        }
        return str(makers[name]())

    @cached_property
    def shift(self) -> Shift:
        with self._inside():
            return open_shift(
                actor=self.shop.owner, register=self.register, opening_float=Decimal(50)
            )

    @cached_property
    def movement(self) -> CashMovement:
        shift = self.shift
        with self._inside():
            return move(self.shop, shift, Kind.IN, "20.00", user=self.shop.owner)

    @cached_property
    def credit(self) -> CreditEntry:
        """Of the shop's customer, to be spent."""
        with self._inside():
            return grant(self.shop, "12.50", until=date(2099, 12, 31))

    @cached_property
    def reading(self) -> ZReading:
        """Of a shift that is closed, with a sale and a movement in it."""
        self.close()
        with self._inside():
            return read_z(self.shop, self.register)

    def close(self) -> None:
        _sold, _moved, shift = self.sale, self.movement, self.shift
        with self._inside():
            close_shift(actor=self.shop.owner, shift=shift, counted_cash=Decimal("73.00"))

    @cached_property
    def person(self) -> Membership:
        """Somebody with a PIN and every permission, who works here alone."""
        with self._inside():
            username = f"ada.{self.shop.business.slug}.{self.location.code.lower()}"
            user = make_person(username, self.shop.roles["Owner"], locations=[self.location])
            user.name = "Ada Bakker"
            user.save()
            member = Membership.objects.select_related("user", "role").get(user=user)
            actor = Membership.objects.get(user=self.shop.owner)
            set_pin(actor=actor, member=member, pin=PIN)
            return Membership.objects.select_related("user", "role").get(pk=member.pk)

    @cached_property
    def device(self) -> tuple[Device, str]:
        """The register's terminal, at which people sign in, and its token."""
        device, token = make_device(
            self.shop, user=self.shop.owner, location=self.location, name="Counter"
        )
        with self._inside():
            Device.objects.filter(pk=device.pk).update(needs_operator=True)
            Register.objects.filter(pk=self.register.pk).update(device=device)
        return device, token

    @cached_property
    def operator_token(self) -> str:
        with self._inside():
            device = Device.objects.get(pk=self.device[0].pk)
            found = sign_in(device=device, member=self.person, pin=PIN)
            assert not isinstance(found, Wrong)
            session: OperatorSession = found[0]
            assert session.device_id == device.pk
            return found[1]

    def client(self, *, operator: bool = True) -> Client:
        headers = {"Authorization": f"Bearer {self.device[1]}"}
        return Client(headers=headers | ({"X-Operator": self.operator_token} if operator else {}))

    @cached_property
    def sale(self) -> str:
        """Two wrappings for the customer, paid in cash."""
        _ready = self.shift
        body = {
            "id": str(uuid7()),
            "register": str(self.register.pk),
            "lines": [{"variation": str(self.shop.wrapping.pk), "quantity": "2"}],
            "payments": [{"method": "cash", "amount": "3.00"}],
            "total": "3.00",
            "customer": str(self.shop.customer.pk),
        }
        answer = ask(self.client(), "POST", f"{ROOT}sales", body)
        assert answer.status_code == 201, answer.content
        return str(json.loads(answer.content)["id"])

    @cached_property
    def picture(self) -> str:
        """Of the mug; where it is told."""
        put = operations()["product_picture_put"].ask(self)
        answer = ask(self.client(), put.verb, put.url, put.body)
        assert answer.status_code == 200, answer.content
        return str(answer.json()["image"])

    @cached_property
    def _made(self) -> _Made:
        return _Made(self)

    @cached_property
    def review(self) -> str:
        """What a sale made offline at another price left for a manager."""
        batch = operations()["sale_batch"].ask(self)
        (sale,) = batch.body["sales"]
        sale["lines"][0]["unit_price"] = sale["total"] = sale["payments"][0]["amount"] = "4.00"
        answer = ask(self.client(), batch.verb, batch.url, batch.body)
        assert answer.json()["results"][0]["review"], answer.content
        with self._inside():
            return str(ReviewItem.objects.latest("pk").pk)

    def _code(self, *, needs_operator: bool = True) -> str:
        with self._inside():
            return invite(
                actor=Membership.objects.get(user=self.shop.owner),
                register=self.register,
                membership=Membership.objects.get(user=self.shop.owner),
                name="Counter",
                needs_operator=needs_operator,
            )[1]

    @contextmanager
    def _inside(self) -> Iterator[None]:
        # PostgreSQL knows the business from the transaction.
        with business(self.shop.business), transaction.atomic():
            yield


class _Made(dict[str, Any]):
    """What the example of an operation made at a place, once."""

    def __init__(self, spot: Spot) -> None:
        self.spot = spot

    def __missing__(self, name: str) -> Any:
        operation = operations()[name]
        asked = operation.ask(prepared(self.spot, name))
        answer = ask(self.spot.client(), asked.verb, asked.url, asked.body)
        assert answer.status_code == 201, (name, answer.content)
        self[name] = answer.json()
        return self[name]


def here(shop: Shop) -> Spot:
    return Spot(shop, shop.high_street, shop.register)


def there(shop: Shop) -> Spot:
    """The other location of the same business."""
    with business(shop.business), transaction.atomic():
        prefix = f"{shop.business.slug[:2].upper()}M"
        register = Register.objects.create(name="Stall", location=shop.market, prefix=prefix)
    return Spot(shop, shop.market, register)


def prepared(spot: Spot, name: str) -> Spot:
    """The place as this operation needs it: with an open shift, or without."""
    if name == "z_reading_create":
        spot.close()
    elif name in {"z_reading", "z_readings"}:
        _ready = spot.reading
    elif name in {"cash_movements", "shift_reading", "day"}:
        _sold, _moved = spot.sale, spot.movement
    elif name == "sales":
        _sold = spot.sale
    elif name in {"customer_credit", "customer_credit_correct"}:
        _made = spot.credit
    elif name in {"product_picture", "product_picture_remove"}:
        _drawn = spot.picture
    elif name != "shift_open":
        _open = spot.shift
    return spot
