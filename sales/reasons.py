"""Why a sale made offline is to be looked at: codes for programs, sentences for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Reason = dict[str, Any]

# What stands beside a sale that was recorded as the customer was charged.
REMARKS: Final[dict[str, str | Promise]] = {
    "price_changed": _("%(name)s was sold at %(was)s. Its price was %(now)s when this came in."),
    "tax_changed": _("%(name)s was sold with %(was)s. Its tax was %(now)s when this came in."),
    "not_sold": _("%(name)s was not for sale any more when this came in."),
    "not_whole": _("%(name)s is sold in whole numbers, and %(was)s of it were sold."),
    "below_zero": _("The stock of %(name)s was %(now)s after it: more was sold than was there."),
    "unknown_customer": _("The customer does not exist here. The sale has none."),
    "customer_inactive": _("The customer was switched off when this came in."),
    "operator_unknown": _("Who sold this is not one of the staff. It stands in the sender's name."),
    "operator_inactive": _("Who sold this was not at work here any more when this came in."),
    "other_operator": _("It was sent by another person than the one who sold it."),
    "no_permission": _("Who sold this lacked the permission “%(name)s” when this came in."),
    "shift_closed": _("Its shift was closed when this came in. It is in shift %(now)s."),
    "no_open_shift": _("No shift was open when this came in. Shift %(now)s was opened for it."),
    "clock": _("The device's clock was wrong. The time is that at which this came in."),
    "cash_step_changed": _("Cash was rounded to %(was)s. It was %(now)s when this came in."),
    "register_inactive": _("The register was switched off when this came in."),
    "other_number": _("The customer's receipt says %(was)s. The sale is recorded as %(now)s."),
}
# Why one cannot be a document at all, or not by itself.
HOLDS: Final[dict[str, str | Promise]] = {
    "invalid": _("It cannot be read: %(said)s"),
    "unknown_variation": _("Line %(line)s is of a product that does not exist here."),
    "other_total": _("Its lines come to %(now)s, and the customer was shown %(was)s."),
    "other_register": _("The device may not use this register."),
    "not_allowed": _("Who sent this may not sell."),
    "unknown_series": _("Its number %(was)s is of no series of this register."),
    "number_taken": _("Its number %(was)s is that of another sale."),
    "unexpected": _("Something went wrong with it here. The log says what."),
}


def sentence(reason: Mapping[str, Any]) -> str:
    """The reason as people read it, in their language; what the server said where it has no text."""
    code = str(reason.get("code", ""))
    text = REMARKS.get(code) or HOLDS.get(code)
    if text is None:
        return str(reason.get("said", code))
    known = dict.fromkeys(("name", "was", "now", "line", "said"), "")
    return str(text) % {**known, **reason}
