"""Texts of the till's dialog for cash that moves without a sale; see `till_texts.py`."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sales.models import CashMovement

CASH_TEXTS: dict[str, str | Promise] = {
    "cash_move": _("Cash in or out"),
    "cash_kind": _("What happens"),
    **{f"cash_{kind.value}": kind.label for kind in CashMovement.Kind},
    "cash_drop": _("To the safe"),
    "cash_open": _("Open only"),
    "cash_reason": _("What for"),
    **{f"cash_for_{reason.value}": reason.label for reason in CashMovement.Reason},
    "cash_say_why": _("Say what for."),
    "cash_note_it": _("Note it"),
    "cash_noted": _("%(what)s %(amount)s: noted."),
    "cash_offline": _("The server cannot be reached. Cash can be noted when it is back."),
    "cash_before": _("What you sent before was recorded. Look at the shift before you try again."),
}
