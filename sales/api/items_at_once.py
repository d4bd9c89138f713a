"""A look-up and a search at a terminal, by one call of `sql/sales_items_v1.sql`.

It looks at the device, whoever stands at it, what they may see and the register, finds, and writes
the answer as `ItemsView` and `ItemLookupView` do, which answer everything else; `metering/at_once.py`
tells how they share the work.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from babel.core import get_global
from django.urls import get_script_prefix
from django.utils import timezone

from accounts.bodies import query_text, query_uuid
from inventory.search import cases, question
from inventory.showing import around_id
from metering.at_once import Answer, Asked, OutOfTheOrdinary, come_in, read
from sales.api import items

NEEDED: Final = [str(permission) for permission in items.NEEDS["GET"]]


def look_up(request: Any, asked: Asked) -> Answer:
    """The one item with this code; what has no code goes the usual way."""
    code = query_text(request.GET.get("code", ""), "code")
    if not code:
        raise OutOfTheOrdinary
    return _answer(request, asked, {"code": code, "codes": cases(code)})


def search(request: Any, asked: Asked) -> Answer:
    """What is found by words or codes; lists of everything go the usual way."""
    text = query_text(request.GET.get("q", ""), "q")
    if not text:
        raise OutOfTheOrdinary
    return _answer(request, asked, {"find": question(text, only="sold", limit=items.FOUND)})


def _answer(request: Any, asked: Asked, what: dict[str, Any]) -> Answer:
    register = query_uuid(request.GET.get("register", ""), "register")
    found = read(
        asked,
        "sales_items_v1",
        {
            "now": timezone.now().isoformat(),
            "register": str(register),
            "needed": NEEDED,
            "digits": _digits(),
            "picture": _picture(get_script_prefix()),
            **what,
        },
    )
    come_in(request, asked, found["who"])
    # Line ends of JavaScript, which JSON as we write it escapes and PostgreSQL does not.
    text = found["content"].replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return Answer(text.encode())


@cache
def _digits() -> str:
    """Of the currencies that have not two, as `Business.digits`: "BHD3 JPY0"."""
    known = get_global("currency_fractions")
    return " ".join(f"{code}{digits[0]}" for code, digits in known.items() if digits[0] != 2)


@cache
def _picture(_prefix: str) -> tuple[str, str]:
    return around_id()
