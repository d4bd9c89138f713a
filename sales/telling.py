"""What webhooks say of documents and shifts: what the API answers for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import get_script_prefix, set_script_prefix

from sales.models import Sale, Shift
from sales.readings import shift_figures
from tenants.context import current
from tenants.models import Business
from webhooks.building import builds
from webhooks.kinds import OF_DOCUMENT, Kind
from webhooks.models import Event


@dataclass(frozen=True, slots=True)
class _Asked:
    """As much of a request as paths to pages are made of."""

    business: Business
    device: object = True


@builds(*OF_DOCUMENT.values())
def document_shape(event: Event) -> dict[str, Any] | None:
    """As `GET /api/v1/sales/<id>` answers at the time of sending."""
    # Not before there is something to tell: a web process starts without it.
    from sales.api.sales import with_parts
    from sales.api.shapes import stored_sale_shape

    sale = with_parts(Sale.objects.all()).filter(pk=event.object_id).first()
    if sale is None:
        return None
    before = get_script_prefix()
    # Sent from a page too, which stands inside the business.
    set_script_prefix("/")
    try:
        return stored_sale_shape(_Asked(current()), sale)
    finally:
        set_script_prefix(before)


@builds(Kind.SHIFT_CLOSED)
def shift_shape(event: Event) -> dict[str, Any] | None:
    """As the API answers for a closed shift, with what was expected in the drawer, and the figures
    of its reading."""
    from sales.api.readings import figures_shape
    from sales.api.shapes import shift_shape as shape

    shifts = Shift.objects.select_related("register__location", "opened_by", "closed_by")
    shift = shifts.filter(pk=event.object_id).first()
    if shift is None:
        return None
    figures = figures_shape(shift_figures(shift))
    return {**shape(_Asked(current()), shift, shift.expected_cash), "figures": figures}
