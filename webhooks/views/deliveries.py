"""One webhook with what was sent to it; trying it out, and sending something again."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.limits import Limit, TooMany
from tenants.errors import Refused
from webhooks import endpoints
from webhooks.kinds import NEEDS, Kind
from webhooks.models import Delivery, Mailbox
from webhooks.sending import send_now
from webhooks.views.doors import calling_desk, delivery_or_404, desk, endpoint_or_404

PAGE = 50
#: Whoever waits for an answer holds a place of the web server for as long.
BY_HAND = Limit("webhook", most=60)


@desk
@require_safe
@vary_on_headers("HX-Request")
def webhook_detail(request: Any, endpoint_id: uuid.UUID) -> HttpResponse:
    endpoint = endpoint_or_404(endpoint_id)
    rows = Delivery.objects.filter(endpoint=endpoint).select_related("event")
    state, kind = request.GET.get("state", ""), request.GET.get("event", "")
    if state in Delivery.State.values:
        rows = rows.filter(state=state)
    if kind in Kind.values:
        rows = rows.filter(event__kind=kind)
    context = {
        "endpoint": endpoint,
        "mailbox": Mailbox.objects.filter(endpoint=endpoint).first(),
        "page": Paginator(rows.order_by("-pk"), PAGE).get_page(request.GET.get("page")),
        "chosen": [Kind(one).label for one in endpoint.kinds if one in Kind.values],
        "states": Delivery.State.choices,
        "kinds": [(one, Kind(one).label) for one in (*NEEDS, Kind.TEST)],
        "state": state,
        "kind": kind,
    }
    return render(request, "webhooks/webhook_detail.html", context)


@desk
@require_safe
def delivery_detail(request: Any, delivery_id: uuid.UUID) -> HttpResponse:
    delivery = delivery_or_404(delivery_id)
    return render(request, "webhooks/delivery_detail.html", {"delivery": delivery})


@calling_desk
@require_POST
def webhook_test(request: Any, endpoint_id: uuid.UUID) -> HttpResponse:
    """Send a test at once, and show what came of it."""
    try:
        with transaction.atomic():
            delivery = endpoints.add_test(
                actor=request.membership, endpoint=endpoint_or_404(endpoint_id)
            )
    except Refused as refused:
        messages.error(request, str(refused.message))
        return redirect("webhook_detail", endpoint_id)
    return _sent(request, delivery)


@calling_desk
@require_POST
def delivery_repeat(request: Any, delivery_id: uuid.UUID) -> HttpResponse:
    """Send it again at once, and show what came of it."""
    with transaction.atomic():
        delivery = delivery_or_404(delivery_id)
    try:
        endpoints.repeat(actor=request.membership, delivery=delivery)
    except Refused as refused:
        messages.error(request, str(refused.message))
        return redirect("delivery_detail", delivery_id)
    return _sent(request, delivery)


def _sent(request: Any, delivery: Delivery) -> HttpResponse:
    try:
        BY_HAND.count(request.business.slug)
    except TooMany:
        messages.info(request, _("It is sent in a moment; that was a lot by hand."))
        return redirect("delivery_detail", delivery.pk)
    tries = delivery.tries
    send_now(delivery)
    with transaction.atomic():
        delivery = delivery_or_404(delivery.pk)
    if delivery.tries == tries:
        messages.info(request, _("It is sent as soon as what goes before it is."))
    elif delivery.state == Delivery.State.DELIVERED:
        messages.success(request, _("It arrived."))
    else:
        messages.error(request, _("It did not arrive; what was answered stands below."))
    return redirect("delivery_detail", delivery.pk)
