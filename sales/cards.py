"""Card numbers must never be stored: recognising one where it was typed by mistake."""

from __future__ import annotations

import re
import unicodedata

_RUN = re.compile(r"[0-9](?:[ .\-]{0,2}[0-9])*")


def holds_card_number(text: str) -> bool:
    """Whether 13 to 19 digits with a right check digit (ISO/IEC 7812, Luhn) stand in the text.

    Also in groups with blanks, points or dashes between them, and beside other groups of digits.
    """
    plain = unicodedata.normalize("NFKC", text)
    return any(_in_groups(re.findall("[0-9]+", run)) for run in _RUN.findall(plain))


def _in_groups(groups: list[str]) -> bool:
    for start in range(len(groups)):
        digits = ""
        for group in groups[start:]:
            digits += group
            if len(digits) > 19:
                break
            if len(digits) >= 13 and _luhn(digits):
                return True
    return False


def _luhn(digits: str) -> bool:
    doubled = (2 * int(digit) for digit in digits[-2::-2])
    total = sum(map(int, digits[-1::-2])) + sum(value - 9 * (value > 9) for value in doubled)
    return total % 10 == 0 and set(digits) != {"0"}
