"""What a sale does to a customer's credit, and what it may not do."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from sales.models import Customer, Payment
from sales.pricing import PricedSale
from tenants.errors import Refused

if TYPE_CHECKING:
    from sales.checkout import SaleRequest

ZERO = Decimal(0)


def adding_credit(request: SaleRequest, variations: Mapping[uuid.UUID, Any]) -> frozenset[int]:
    """The numbers of the lines whose total becomes the customer's credit."""
    return frozenset(
        number
        for number, line in enumerate(request.lines, start=1)
        if variations[line.variation_id].product.adds_credit
    )


def check_credit(
    request: SaleRequest,
    priced: PricedSale,
    adds_credit: frozenset[int],
    customer: Customer | None,
) -> None:
    """Raises Refused where credit is spent or bought by nobody, or credit with credit."""
    by_credit = sum(
        (one.amount for one in request.payments if one.method == Payment.Method.CREDIT), ZERO
    )
    if customer is None and (by_credit or adds_credit):
        said = _("Choose the customer first: this sale changes a customer's credit.")
        raise Refused("needs_customer", said, {"customer": [said]}, status=400)
    added = sum((priced.lines[number - 1].total for number in adds_credit), ZERO)
    # Else what expires could be turned into what does not.
    if by_credit and by_credit > priced.total - added:
        said = _("Credit cannot be bought with credit.")
        raise Refused("credit_for_credit", said, {"payments": [said]}, status=400)
