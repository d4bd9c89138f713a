"""Who gives which receipt numbers: registers give theirs without gaps, older systems gave others.

A number stands once in a business. Where an older system's stood in the way of a register's next
one, nothing could be sold there any more: neither may come after the other.
"""

from __future__ import annotations

import re
from typing import Final

from django.db import OperationalError, transaction
from django.utils.translation import gettext as _

from sales.models import Register, Sale
from tenants.context import require_id
from tenants.errors import Refused
from tenants.models import Business

# What may stand between prefix and counter: a kind of document, or a device's own series.
_BETWEEN: Final = "(?:[VRE]|[A-HJ-NP-Z]{2,4})?"
_RECEIPT: Final = re.compile(rf"([A-Z0-9]+)-{_BETWEEN}[0-9]+")


def prefix_of(number: str) -> str:
    """The prefix of the register that gives such numbers; "" where none can."""
    found = _RECEIPT.fullmatch(number)
    return found[1] if found else ""


def living_prefixes() -> dict[str, str]:
    """{prefix: name} of the registers that give numbers, or did and may again."""
    return dict(Register.objects.filter(is_history=False).values_list("prefix", "name"))


def is_in_history(prefix: str) -> bool:
    """Whether imported documents have numbers that a register with this prefix would give."""
    pattern = rf"^{re.escape(prefix)}-{_BETWEEN}[0-9]+$"
    there = Sale.objects.filter(register__is_history=True, number__startswith=f"{prefix}-")
    return bool(prefix) and there.filter(number__regex=pattern).exists()


def hold_numbers() -> None:
    """No history comes in until the transaction ends, so that what `is_in_history()` says stays true.

    Raises Refused, without waiting, while an import is at work in the business: that takes minutes.
    """
    try:
        with transaction.atomic():
            Business.objects.select_for_update(no_key=True, nowait=True).get(pk=require_id())
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) != "55P03":
            raise
        raise Refused(
            "import_at_work",
            _("An import is at work, which may bring such numbers. Try again when it is done."),
        ) from error
