"""What the till may sell at a location, and at what price."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db.models import F, FilteredRelation, Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from inventory.models import Variation
from tenants.errors import Refused
from tenants.models import Location

if TYPE_CHECKING:
    from sales.checkout import SaleRequest

MAX_LINES = 1000


def priced_at(location: Location) -> Any:
    """Every variation, with `selling_price`: the one at this location."""
    return Variation.objects.select_related("product__tax_rate", "product__unit").annotate(
        here=FilteredRelation("location_prices", condition=Q(location_prices__location=location)),
        selling_price=Coalesce(F("here__price"), F("price")),
    )


def sellable(location: Location) -> Any:
    """Variations that the till may sell, with `selling_price`."""
    return priced_at(location).filter(
        is_active=True, product__is_active=True, product__is_for_sale=True
    )


def variations_of(request: SaleRequest, location: Location) -> Mapping[uuid.UUID, Any]:
    if len(request.lines) > MAX_LINES:
        raise Refused(
            "too_many_lines",
            _("A sale has at most %(limit)s lines.") % {"limit": MAX_LINES},
            status=400,
        )
    wanted = {line.variation_id for line in request.lines}
    found = {row.pk: row for row in sellable(location).filter(pk__in=wanted)}
    check_sellable(request, found)
    return found


def check_sellable(request: SaleRequest, found: Mapping[uuid.UUID, Any]) -> None:
    """Raises Refused where a line is of something else, or a part of what is sold in whole numbers."""
    problems: dict[str, list[str]] = {}
    for index, line in enumerate(request.lines):
        row = found.get(line.variation_id)
        if row is None:
            problems[f"lines.{index}.variation"] = [_("This product cannot be sold here.")]
        elif line.quantity != line.quantity.to_integral_value() and not row.product.allow_decimal:
            problems[f"lines.{index}.quantity"] = [
                _("%(product)s is sold in whole numbers.") % {"product": row.full_name}
            ]
    if problems:
        first = next(iter(problems.values()))[0]
        raise Refused("cannot_sell", first, problems, status=400)
