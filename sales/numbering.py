"""Who gives which receipt numbers: registers give theirs without gaps, older systems gave others.

A number stands once in a business. Where an older system's stood in the way of a register's next
one, nothing could be sold there any more: neither may come after the other.
"""

from __future__ import annotations

import re
from typing import Final

from sales.models import Register, Sale

_RECEIPT: Final = re.compile(r"([A-Z0-9]+)-V?[0-9]+")


def prefix_of(number: str) -> str:
    """The prefix of the register that gives such numbers; "" where none can."""
    found = _RECEIPT.fullmatch(number)
    return found[1] if found else ""


def living_prefixes() -> dict[str, str]:
    """{prefix: name} of the registers that give numbers, or did and may again."""
    return dict(Register.objects.filter(is_history=False).values_list("prefix", "name"))


def is_in_history(prefix: str) -> bool:
    """Whether imported documents have numbers that a register with this prefix would give."""
    pattern = rf"^{re.escape(prefix)}-V?[0-9]+$"
    there = Sale.objects.filter(register__is_history=True, number__startswith=f"{prefix}-")
    return bool(prefix) and there.filter(number__regex=pattern).exists()
