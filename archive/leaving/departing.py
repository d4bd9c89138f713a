"""Asking for a business to be deleted, and taking that back."""

from __future__ import annotations

import calendar
from datetime import date, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.audit import record
from accounts.models import Membership
from archive.models import Departure, StoredFile
from sales.models import ReviewItem
from tenants.context import current
from tenants.errors import Refused
from tenants.models import Business

#: Where the day stands in the business's settings, for the notice on every page.
NOTICE: Final = "leaves_on"


def demand_owner(member: Membership) -> None:
    """Raises Refused for who is no owner."""
    if not member.is_owner:
        raise Refused("owners_only", _("Only an owner can do this."), status=403)


def departure() -> Departure | None:
    """The deletion of the bound business that is ahead, if there is one."""
    found: Departure | None = Departure.objects.select_related("asked_by", "archive").first()
    return found


def _demand_settled() -> None:
    """Raises Refused while sales are held: they are in no book, and so in no archive."""
    held = ReviewItem.objects.filter(kind=ReviewItem.Kind.HELD, settlement="").count()
    if held:
        said = ngettext(
            "%(count)s sale made offline is held and in no book yet. Settle it first: it would be lost.",
            "%(count)s sales made offline are held and in no book yet. Settle them first: they would be "
            "lost.",
            held,
        ) % {"count": held}
        raise Refused("sales_held", said, status=409)


def ask(
    *,
    by: Membership,
    name: str,
    archive: StoredFile | None,
    without_archive: bool = False,
    keep_months: int | None = None,
    reason: str = "",
) -> Departure:
    """Have the bound business deleted after settings.LEAVE_DAYS days.

    Only an owner may ask, who has typed the business's name. The archive comes first, unless they
    say that they want none. `keep_months` of the books are kept, closed: at least
    settings.RETAIN_MONTHS, which is the default. Raises Refused.
    """
    demand_owner(by)
    if name.strip().casefold() != current().name.strip().casefold():
        said = _("Type the name of the business as it stands here.")
        raise Refused("other_name", said, {"name": [said]}, status=400)
    if archive is None and not without_archive:
        said = _("Make the archive first, or say that you want none.")
        raise Refused("no_archive", said, {"without_archive": [said]}, status=400)
    _demand_settled()
    least: int = settings.RETAIN_MONTHS
    months = least if keep_months is None else keep_months
    if months < least:
        said = _("The books are kept for at least %(months)s months here.") % {"months": least}
        raise Refused("too_short", said, {"keep_months": [said]}, status=400)
    with transaction.atomic():
        # Two owners at once: one asks, the other finds it asked.
        business = Business.objects.select_for_update(no_key=True).get(pk=current().pk)
        if departure() is not None:
            raise Refused("asked_already", _("This was asked for already."))
        row = Departure.objects.create(
            archive=archive,
            keep_months=months,
            reason=reason.strip()[:200],
            asked_by=by.user,
            delete_after=timezone.now() + timedelta(days=settings.LEAVE_DAYS),
        )
        _notice(business, row.delete_after)
        changes = {"delete_after": [None, row.delete_after.isoformat()]}
        record(actor=by.user, action="business.leave", target=current(), changes=changes)
    return row


def withdraw(*, by: Membership) -> None:
    """Take it back: the business stays. Raises Refused for who is no owner, and without one."""
    demand_owner(by)
    with transaction.atomic():
        business = Business.objects.select_for_update(no_key=True).get(pk=current().pk)
        row = departure()
        if row is None:
            raise Refused("not_asked", _("Nobody asked for this business to be deleted."))
        changes = {"delete_after": [row.delete_after.isoformat(), None]}
        row.delete()
        _notice(business, None)
        record(actor=by.user, action="business.stay", target=current(), changes=changes)


def _notice(business: Business, moment: datetime | None) -> None:
    business.settings.pop(NOTICE, None)
    if moment is not None:
        business.settings[NOTICE] = moment.astimezone(business.zone).date().isoformat()
    business.save(update_fields=["settings"])


def kept_until(since: datetime, months: int) -> date:
    """The last day of keeping: so many months later, or the last day of a month that is shorter."""
    years, month = divmod(since.month - 1 + months, 12)
    year = since.year + years
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(since.day, last))
