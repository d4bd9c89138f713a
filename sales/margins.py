"""What the goods of a document cost and what was earned with them, for those who may know it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Self

from accounts.access import can
from accounts.permissions import Permission
from sales.models import SaleLine

_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Sight:
    """Which of the two figures a reader may see. Webhooks, which no person reads, see neither."""

    cost: bool
    profit: bool

    @classmethod
    def of(cls, request: Any) -> Self:
        return cls(
            can(request, Permission.SELL_VIEW_COST), can(request, Permission.SELL_VIEW_PROFIT)
        )

    def figures(self, net: Decimal, lines: Iterable[SaleLine]) -> dict[str, Decimal]:
        """`cost` and `profit` of these lines, whose sum without tax is `net`; each only where it
        may be seen. Four decimals, rounded half up once; what came back is negative."""
        if not (self.cost or self.profit):
            return {}
        exact = sum((line.unit_cost * line.quantity for line in lines), Decimal(0))
        cost = exact.quantize(_PLACES, ROUND_HALF_UP)
        found = {"cost": cost} if self.cost else {}
        return found | ({"profit": net - cost} if self.profit else {})
