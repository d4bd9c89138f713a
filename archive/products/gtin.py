"""Barcodes: what a code is, and what is suspicious about it.

GTIN-8, 12, 13 and 14 end in a check digit (GS1 General Specifications, section 7.9); UPC-E is a
GTIN-12 whose zeros are left out. Any other code is free: allowed, and marked as such.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from django.utils.translation import gettext as _

from archive.tables.writing import unmarked

LONGEST: Final = 64

_LENGTHS: Final = (8, 12, 13, 14)
_MANGLED: Final = re.compile(r"[0-9]([.,][0-9]+)?[eE]\+?[0-9]{1,3}")
_MANGLED_SKU: Final = re.compile(r"[0-9][.,][0-9]+E\+[0-9]{2,3}")
_FLOAT: Final = re.compile(r"([0-9]{6,})[.,]0+")
_SPACED: Final = re.compile(r"[0-9][0-9 \-–]{6,}[0-9Xx]")


class Kind(Enum):
    GTIN_8 = "GTIN-8"
    GTIN_12 = "GTIN-12"
    GTIN_13 = "GTIN-13"
    GTIN_14 = "GTIN-14"
    UPC_E = "UPC-E"
    FREE = "free"


@dataclass(slots=True, frozen=True)
class Checked:
    """A barcode as it is kept. `error` refuses it, `warning` does not; both go on after the code.

    `is_internal`: numbers that a shop gives out itself, of scales above all.
    """

    code: str
    kind: Kind
    error: str = ""
    warning: str = ""
    is_internal: bool = False


def has_check_digit(digits: str) -> bool:
    """Whether the last digit is the check digit of those before it."""
    return check_digit(digits[:-1]) == digits[-1]


def check_digit(digits: str) -> str:
    """What follows these ASCII digits: with it, the digits from the right times 1, 3, 1, 3, … sum to
    a multiple of ten."""
    values = digits.encode("ascii")
    # Bytes sum at once; each is 48 above its digit.
    total = 3 * (sum(values[-1::-2]) - 48 * (len(values) + 1 >> 1))
    total += sum(values[-2::-2]) - 48 * (len(values) >> 1)
    return str(-total % 10)


def check(raw: str) -> Checked:
    """What a cell of barcodes holds, leading zeros and all; spaces and hyphens of print are left out.

    A code that a spreadsheet has turned into a rounded number is an error: its digits are gone.
    """
    code = unmarked(raw.strip())
    if _MANGLED.fullmatch(code):
        return Checked(code, Kind.FREE, error=mangled_advice())
    if found := _FLOAT.fullmatch(code):
        code = found[1]
    elif _SPACED.fullmatch(code):
        code = re.sub(r"[ \-–]", "", code)
    if len(code) > LONGEST:
        return Checked(code, Kind.FREE, error=_("is longer than %d characters") % LONGEST)
    if not (code.isascii() and code.isdigit()):
        return Checked(code, Kind.FREE)
    if len(code) in _LENGTHS and has_check_digit(code):
        return Checked(code, Kind(f"GTIN-{len(code)}"), is_internal=_is_internal(code))
    if len(code) == 8 and _is_upc_e(code):
        return Checked(code, Kind.UPC_E)
    return Checked(code, Kind.FREE, warning=_suspicion(code))


def mangled_advice() -> str:
    return _(
        "is a code that a spreadsheet has turned into a rounded number; format its column as text "
        "there, enter the code again, and save the file anew"
    )


def is_mangled_sku(code: str) -> bool:
    """Whether an SKU is a rounded number: 1E5 may be a code, 1.23E+12 is none."""
    return _MANGLED_SKU.fullmatch(code) is not None


def _is_internal(code: str) -> bool:
    """Restricted circulation: GS1 prefixes 02, 04 and 20 to 29 of GTIN-13, 2 and 4 of UPC-A."""
    if len(code) == 13:
        return code[0] == "2" or code[:2] in ("02", "04")
    return (len(code) == 12 and code[0] in "24") or (len(code) == 8 and code[0] in "02")


def _is_upc_e(code: str) -> bool:
    return code[0] in "01" and has_check_digit(expand_upc_e(code))


def expand_upc_e(code: str) -> str:
    """The twelve digits that eight of UPC-E stand for."""
    system, body, check_digit = code[0], code[1:7], code[7]
    last = body[5]
    if last in "012":
        long = body[:2] + last + "0000" + body[2:5]
    elif last == "3":
        long = body[:3] + "00000" + body[3:5]
    elif last == "4":
        long = body[:4] + "00000" + body[4]
    else:
        long = body[:5] + "0000" + last
    return system + long + check_digit


def _suspicion(code: str) -> str:
    if len(code) in _LENGTHS:
        return _("is no valid GTIN-%(length)d: its check digit would be %(digit)s") % {
            "length": len(code),
            "digit": check_digit(code[:-1]),
        }
    for length in (8, 12, 13):
        padded = code.zfill(length)
        # One zero that is missing is an accident; several would make any number a barcode.
        if len(code) == length - 1 and has_check_digit(padded):
            return _("may have lost a leading zero: %s would be a valid GTIN") % padded
    return ""
