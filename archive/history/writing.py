"""Documents of the file as they go into the books."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from accounts.models import User
from archive.history.documents import ZERO, OldDocument, amounts
from archive.history.mapping import SalesMap
from archive.history.matching import Item
from archive.history.survey import Survey
from archive.products.journal import Journal
from inventory.ledger_history import PastMovement, lock_levels, record_history
from inventory.models import StockLevel, StockMovement, Variation
from sales.history import (
    PastDocument,
    PastLine,
    PastPayment,
    head_of,
    history_register,
    post_history,
)
from sales.models import Customer, Payment, Register, Sale, SaleLine, Shift
from tenants.bulk import keep_statistics
from tenants.context import current
from tenants.models import Location


@dataclass(slots=True)
class Place:
    """A location of the file: its own zone, the zone of the file's times, its history register."""

    location: Location
    zone: ZoneInfo
    times: ZoneInfo
    register: Register | None = None
    shift: Shift | None = None

    def moment(self, document: OldDocument) -> datetime:
        return document.moment(self.times).astimezone(self.zone)


class Writer:
    """Writes documents in the order in which they come, and moves stock if asked to.

    The caller holds the business's row and has found or made every item and customer.
    """

    def __init__(
        self,
        survey: Survey,
        *,
        places: Mapping[str, Place],
        items: Mapping[str, Item],
        customers: Mapping[str, uuid.UUID],
        by: User,
        stock: bool,
        journal: Journal,
    ) -> None:
        self.mapping: SalesMap = survey.mapping
        self.survey, self.places, self.items, self.customers = survey, places, items, customers
        self.by, self.stock, self.journal = by, stock, journal
        self.currency = current().currency
        self.movements = 0
        self.total = ZERO
        self._began = False
        #: How far each history register had come before, made ones at nothing.
        self._heads: dict[uuid.UUID, tuple[Register, dict[str, Any]]] = {}

    def write(self, documents: Sequence[OldDocument]) -> None:
        """`request_hash` of each becomes the print by which a later import knows it again."""
        if not documents:
            return
        if not self._began:
            self._begin()
        for key, place in self.places.items():
            here = [
                self._document(one, place)
                for one in documents
                if self.places[one.location] is place
            ]
            # Two names in the file may mean one location: it is written once.
            first = next(name for name, other in self.places.items() if other is place)
            if not here or first != key:
                continue
            assert place.register is not None
            post_history(here, register=place.register)
            if self.stock:
                self.movements += record_history(self._movements(here, place))

    def _begin(self) -> None:
        self._began = True
        keep_statistics(Sale, SaleLine, Payment, Variation, Customer, StockLevel)
        for place in self.places.values():
            is_new = place.shift is None
            if is_new:
                place.register, place.shift = history_register(place.location, by=self.by)
            assert place.register is not None
            if place.register.pk not in self._heads:
                self._heads[place.register.pk] = (place.register, head_of(place.register))
                if is_new:
                    self.journal.created("register", [place.register.pk])
        if self.stock:
            self.journal.created("stock_level", lock_levels(self.stocked()))

    def finish(self) -> None:
        """Note how far each register has come, by which all of its documents are found again."""
        self.journal.changed(
            "register",
            ((key, before, head_of(register)) for key, (register, before) in self._heads.items()),
        )
        self.journal.close()

    def stocked(self) -> Iterator[tuple[uuid.UUID, uuid.UUID]]:
        """Location and variation of everything in the file that has stock."""
        for folded, code in self.survey.codes.items():
            item = self.items[folded]
            if item.is_stocked and code.item == "goods":
                for name in code.locations:
                    yield self.places[name].location.pk, item.pk

    def below_zero(self) -> int:
        """How many levels at the locations of the file are below zero now."""
        locations = {place.location.pk for place in self.places.values()}
        return int(StockLevel.objects.filter(location__in=locations, quantity__lt=0).count())

    def _document(self, document: OldDocument, place: Place) -> PastDocument:
        assert place.shift is not None
        lines = [self._line(document, index) for index in range(len(document.lines))]
        total = sum((line.total for line in lines), ZERO)
        self.total += total
        moment = place.moment(document)
        return PastDocument(
            number=document.number,
            kind=document.kind.value,
            shift_id=place.shift.pk,
            operator_id=self.by.pk,
            customer_id=self.customers[document.customer] if document.customer else None,
            sold_at=moment,
            business_date=moment.date(),
            currency=self.currency,
            item_count=sum((_items(line.quantity) for line in lines), ZERO),
            subtotal=sum((line.gross - line.discount for line in lines), ZERO),
            discount=ZERO,
            net=sum((line.net for line in lines), ZERO),
            tax=sum((line.tax for line in lines), ZERO),
            total=total,
            lines=lines,
            # How it was paid the file does not say, and no drawer of ours has it.
            payments=[PastPayment(1, Payment.Method.OTHER.value, total, total)] if total else [],
            request_hash=document.print(place.times),
        )

    def _line(self, document: OldDocument, index: int) -> PastLine:
        line = document.lines[index]
        folded = line.code.casefold()
        item = self.items[folded]
        gross, discount, net, tax, total = amounts(line, self.mapping.prices_include_tax)
        quantity = line.quantity
        if quantity < 0 and not line.price and document.line_kind(line) == "write_off":
            # The file counts the shelf, on which there was less afterwards; our lines count what
            # left it, and stock moves against them.
            quantity = -quantity
        return PastLine(
            line=index + 1,
            variation_id=item.pk,
            name=line.name or item.name,
            sku=line.code,
            quantity=quantity,
            unit_price=line.price,
            unit_cost=ZERO if line.cost is None else line.cost,
            gross=gross,
            discount=discount,
            net=net,
            tax=tax,
            total=total,
            tax_rate=line.tax_rate or ZERO,
            tax_inclusive=self.mapping.prices_include_tax,
            is_stocked=self.stock and item.is_stocked and self.survey.codes[folded].item == "goods",
        )

    def _movements(self, documents: Sequence[PastDocument], place: Place) -> Iterator[PastMovement]:
        for document in documents:
            for line in document.lines:
                if line.is_stocked:
                    yield PastMovement(
                        location_id=place.location.pk,
                        variation_id=line.variation_id,
                        kind=StockMovement.Kind.SALE.value,
                        quantity=-line.quantity,
                        document_id=document.id,
                        document_number=document.number,
                        line=line.line,
                        created_at=document.sold_at,
                        unit_cost=line.unit_cost,
                        actor_id=self.by.pk,
                    )


def _items(quantity: Decimal) -> Decimal:
    """Whole quantities count as they are, a line with a fraction as one, as at the till."""
    return quantity if quantity == quantity.to_integral_value() else Decimal(1)
