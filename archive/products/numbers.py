"""Numbers as people and programs write them, read exactly: prices, quantities, percentages."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, localcontext
from functools import cache
from typing import Final

from django.utils.translation import gettext as _

from archive.fitting import Unfit
from archive.tables import Exact

_PLACES: Final = Decimal("0.0001")
_LARGEST: Final = Decimal(10) ** 14  # numeric(18,4)

#: Above these an amount or a quantity is taken in, and doubted (a stock value of 23 trillion
#: began with one mistyped cost).
IMPLAUSIBLE_AMOUNT: Final = Decimal(1_000_000)
IMPLAUSIBLE_QUANTITY: Final = Decimal(1_000_000)
IMPLAUSIBLE_VALUE: Final = Decimal(100_000_000)


_NOT_FINITE: Final = re.compile(r"[+-]?(nan|inf|infinity|∞)", re.IGNORECASE)
_EXPONENT: Final = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+")
_SHAPE: Final = re.compile(r"[0-9][0-9.,'’\u00a0\u2009\u202f ]*|[.,][0-9]+")
_SIGNS: Final = str.maketrans({"−": "-", "–": "-", "٫": ".", "٬": ",", "，": ",", "．": "."})
#: As in 5,- or 5.–
_NO_CENTS: Final = re.compile(r"[.,][-—]{1,2}(?=\D*$)")
_WORDS: Final = re.compile(r"[^\W\d_]{1,4}\.?")


@cache
def _currency_words() -> frozenset[str]:
    from babel.core import get_global

    common = {"kr", "kr.", "zł", "kč", "ft", "fr.", "fr", "lei", "лв", "лв.", "руб", "руб.", "р."}
    return frozenset(
        {code.lower() for code in get_global("all_currencies")} | common | {"rs", "rs."}
    )


def number(text: str, *, decimal_comma: bool) -> Decimal:
    """The number that a cell states, to four decimals; further ones are rounded half up.

    Currency signs and codes, thousands separators, accounting's parentheses, a minus at either
    end and the digits of other scripts are understood. A separator before exactly three digits
    is the decimal one or not as `decimal_comma` says; anything else speaks for itself.
    """
    if _USUAL.fullmatch(text):
        # As nearly all are written: read in one way, whatever the table's habit.
        return Decimal(f"{text}00" if "." in text else f"{text}.0000")
    if isinstance(text, Exact):
        return _fits(Decimal(text)) if _EXACT.fullmatch(text) else _not_a_number(text)
    plain = _NO_CENTS.sub("", _ascii_digits(text.strip()).translate(_SIGNS))
    negative, plain = _sign(plain)
    plain = _without_currency(plain)
    if not negative:
        negative, plain = _sign(plain)
    if not _SHAPE.fullmatch(plain):
        return _not_a_number(text)
    found = _fits(Decimal(_with_point(plain.rstrip(), decimal_comma)))
    return -found if negative else found


_USUAL: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{2})?")
_EXACT: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def _not_a_number(text: str) -> Decimal:
    stripped = text.strip()
    if _NOT_FINITE.fullmatch(stripped):
        raise Unfit(_("is not a finite number"))
    if _EXPONENT.fullmatch(stripped):
        raise Unfit(_("is a number with an exponent; write it in full"))
    raise Unfit(_("is not a number"))


def _ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    return "".join(
        str(unicodedata.decimal(char)) if char.isdecimal() else char
        for char in unicodedata.normalize("NFKC", text).replace("’", "'")
    )


def _sign(text: str) -> tuple[bool, str]:
    if text.startswith("(") and text.endswith(")"):
        return True, text[1:-1].strip()
    if text.startswith("-") or text.endswith("-"):
        return True, text.strip("-").strip() if text.count("-") == 1 else text
    return False, text.removeprefix("+").strip()


def _without_currency(text: str) -> str:
    if text and not text[0].isdigit():
        text = _without_word(text, text[0], _WORDS.match(text), text[1:], end=False)
    if text and not text[-1].isdigit():
        text = _without_word(
            text, text[-1], re.search(r"[^\W\d_]{1,4}\.?$", text), text[:-1], end=True
        )
    return text.strip()


def _without_word(text: str, char: str, word: re.Match[str] | None, rest: str, *, end: bool) -> str:
    if unicodedata.category(char) == "Sc":
        return rest.strip()
    if word is not None and word[0].lower() in _currency_words():
        return (text[: word.start()] if end else text[word.end() :]).strip()
    return text


def _with_point(text: str, decimal_comma: bool) -> str:
    """ASCII digits with at most one separator, a point. Raises Unfit where groups are broken."""
    text = re.sub(r"(?<=[0-9])['’\u00a0\u2009\u202f ](?=[0-9]{3}(?![0-9]))", "", text)
    comma, point = text.rfind(","), text.rfind(".")
    if comma < 0 and point < 0:
        return text
    if comma >= 0 and point >= 0:
        decimal, group = (",", ".") if comma > point else (".", ",")
    else:
        mark = "," if comma >= 0 else "."
        after = len(text) - max(comma, point) - 1
        is_decimal = text.count(mark) == 1 and (
            after != 3 or (mark == ",") == decimal_comma or text.startswith(("0" + mark, mark))
            or max(comma, point) > 3
        )  # fmt: skip
        decimal, group = (mark, "") if is_decimal else ("", mark)
    if group:
        whole, _point, rest = text.partition(decimal) if decimal else (text, "", "")
        if not re.fullmatch(rf"[0-9]{{1,3}}({re.escape(group)}[0-9]{{2,3}})*", whole):
            raise Unfit(_("is not a number"))
        text = whole.replace(group, "") + (f".{rest}" if rest else "")
    elif decimal:
        text = text.replace(decimal, ".")
    if not re.fullmatch(r"[0-9]*\.?[0-9]*", text) or not text.strip("."):
        raise Unfit(_("is not a number"))
    return text.rstrip(".") if text.endswith(".") else text


def _fits(found: Decimal) -> Decimal:
    with localcontext(prec=60):
        if abs(found) >= _LARGEST:
            raise Unfit(_("is too large"))
        return found.quantize(_PLACES, "ROUND_HALF_UP")


def amount(text: str, *, decimal_comma: bool) -> Decimal:
    """A price or a cost: a number that is not below zero."""
    found = number(text, decimal_comma=decimal_comma)
    if found < 0:
        raise Unfit(_("is below zero"))
    return found


_AMBIGUOUS: Final = re.compile(r"\D*[1-9][0-9]{0,2}[.,][0-9]{3}\D*")
_DECIMALS: Final = re.compile(r"[.,]([0-9]{5,})\D*$")


def doubt_number(text: str, found: Decimal, *, is_mixed: bool) -> str:
    """What is odd about how a number is written; `is_mixed`: the table has both separators."""
    if isinstance(text, Exact) or _USUAL.fullmatch(text):
        return ""
    if is_mixed and _AMBIGUOUS.fullmatch(text.strip()):
        return _("can be read in two ways; %s was taken") % format(found.normalize(), "f")
    if (cut := _DECIMALS.search(text)) and cut[1].rstrip("0")[4:]:
        return _("has more than four decimals; it was rounded")
    return ""


def percent(text: str, *, decimal_comma: bool) -> str:
    """A percentage as “20%”. Raises Unfit where the text is none: it may be a name instead."""
    bare = text.strip().removesuffix("%").strip()
    found = number(Exact(bare) if isinstance(text, Exact) else bare, decimal_comma=decimal_comma)
    if not 0 <= found <= 1000:
        raise Unfit(_("is not a percentage between 0 and 1000"))
    return f"{found.normalize():f}%"
