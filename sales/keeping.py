"""Writing down what a manager will look at: remarks beside a sale, and what is held.

Who judges a sale made offline (`offline.py`) calls these inside the sale's own transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.access import at_visible_locations
from accounts.models import Membership, User
from sales.models import Register, ReviewItem, Sale
from sales.reasons import Reason
from sales.series import own_number
from tenants.context import current
from tenants.errors import is_unique_violation
from tenants.models import Business

if TYPE_CHECKING:
    from sales.judging import Judgement

#: Stands in the business's settings from its first item on: until then no page counts any.
REVIEWS: Final = "reviews"
_FOUR_PLACES: Final = Decimal("0.0001")
_LARGEST: Final = Decimal(10) ** 13


def open_reviews(request: Any) -> int:
    """How many the request may see that nobody has settled; in a business that never had one without
    asking."""
    if not current().settings.get(REVIEWS):
        return 0
    items = ReviewItem.objects.filter(at_visible_locations(request), settlement="")
    return int(items.count())


def keep_remarks(judgement: Judgement, sale: Sale) -> ReviewItem:
    """The remarks beside a sale that is in the books."""
    printed = judgement.request.number
    own = own_number(printed) if printed and printed != sale.number else None
    item: ReviewItem = ReviewItem.objects.create(
        kind=ReviewItem.Kind.REMARK,
        request_id=sale.pk,
        request_hash=judgement.hash,
        sale=sale,
        location_id=sale.location_id,
        register_id=sale.register_id,
        device=judgement.device,
        operator_id=sale.operator_id,
        number=printed or sale.number,
        series=own.series if own else "",
        counter=own.counter if own else None,
        sold_at=sale.sold_at,
        total=sale.total,
        reasons=judgement.remarks,
    )
    _tell_pages()
    return item


def keep_held(
    judgement: Judgement,
    *,
    register: Register | None,
    reasons: Sequence[Reason],
    kept: Mapping[str, Any],
) -> ReviewItem:
    """What is held, or what was held under this id before."""
    request, device = judgement.request, judgement.device
    own = own_number(request.number)
    place = register.location_id if register else device.location_id if device else None
    now = timezone.now()
    try:
        with transaction.atomic():
            item: ReviewItem = ReviewItem.objects.create(
                kind=ReviewItem.Kind.HELD,
                request_id=request.id,
                request_hash=judgement.hash,
                location_id=place,
                register=register,
                device=device,
                operator=_seller(judgement),
                number=request.number[:40],
                series=own.series if own else "",
                counter=own.counter if own else None,
                sold_at=now
                if request.sold_at is None or request.sold_at > now
                else request.sold_at,
                total=_total(request.total) if request.lines else None,
                reasons=list(reasons),
                body=dict(kept),
            )
    except IntegrityError as error:
        # Two that came in at once, where no register could be locked.
        if not is_unique_violation(error):
            raise
        item = ReviewItem.objects.get(request_id=request.id)
    _tell_pages()
    return item


def _seller(judgement: Judgement) -> User:
    wanted = judgement.request.operator_id
    if wanted is None or wanted == judgement.actor.pk:
        return judgement.actor.user
    member: Membership | None = Membership.objects.select_related("user").filter(pk=wanted).first()
    return judgement.actor.user if member is None else member.user


def _total(total: Decimal) -> Decimal | None:
    """As the column takes it; None for what no sale comes to."""
    return total.quantize(_FOUR_PLACES, ROUND_HALF_UP) if abs(total) < _LARGEST else None


def _tell_pages() -> None:
    """From the first item on, pages count what is open."""
    if current().settings.get(REVIEWS):
        return
    # An import holds the row for minutes, and a sale waits for none: the next item tells it then.
    rows = Business.objects.select_for_update(skip_locked=True, no_key=True)
    company = rows.filter(pk=current().pk).first()
    if company is None:
        return
    company.settings = {**company.settings, REVIEWS: True}
    company.save(update_fields=["settings"])
    current().settings[REVIEWS] = True
