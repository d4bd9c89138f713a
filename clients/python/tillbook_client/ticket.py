"""What is on a ticket, in the form in which a sale is asked for and in that of one made offline."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from . import exact
from .catalogue import Item
from .exact import Amount, plain
from .pricing import Discount, Priced


@dataclass(frozen=True, slots=True)
class Line:
    """What is sold. `unit_price` only where the cashier changed it."""

    item: Item
    quantity: Amount = 1
    unit_price: Amount | None = None
    discount: Discount | None = None

    @property
    def price(self) -> Decimal:
        return self.item.price if self.unit_price is None else exact.exact(self.unit_price)

    def priced(self) -> Priced:
        item, quantity = self.item, exact.exact(self.quantity)
        return Priced(quantity, self.price, item.tax_rate, item.tax_inclusive, self.discount)

    def online(self) -> dict[str, Any]:
        told: dict[str, Any] = {"variation": self.item.id, "quantity": plain(self.quantity)}
        if self.unit_price is not None:
            told["unit_price"] = plain(self.unit_price)
        if self.discount is not None:
            told["discount"] = self.discount.told()
        return told

    def offline(self) -> dict[str, Any]:
        told = self.online() | {
            "unit_price": plain(self.price),
            "tax_rate": plain(self.item.tax_rate),
            "tax_name": self.item.tax_name,
            "tax_inclusive": self.item.tax_inclusive,
        }
        if self.unit_price is not None:
            told["own_price"] = True
        return told


@dataclass(frozen=True, slots=True)
class Forms:
    """Both forms of one sale. They are one request: the server knows the same id and contents."""

    common: dict[str, Any]
    lines: tuple[Line, ...]

    def online(self) -> bytes:
        return exact.written(self.common | {"lines": [line.online() for line in self.lines]})

    def offline(self, number: str, about: dict[str, Any]) -> bytes:
        """With the device's own number, where it has a series, and prices and taxes as it had them."""
        told = self.common | {"lines": [line.offline() for line in self.lines], "offline": True}
        return exact.written(told | about | ({"number": number} if number else {}))
