"""Whether a table writes 1,50 or 1.50, judged by the numbers that can be read in one way only."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

# One separator, not before exactly three digits; or several, of which the last is the decimal one.
_COMMA: Final = re.compile(
    r"\D{0,4}\d+,(\d{1,2}|\d{4,6})\D{0,4}|\D{0,4}\d{1,3}([.’' ]\d{3})+,\d+\D{0,4}"
)
_POINT: Final = re.compile(
    r"\D{0,4}\d+\.(\d{1,2}|\d{4,6})\D{0,4}|\D{0,4}\d{1,3}([,’' ]\d{3})+\.\d+\D{0,4}"
)
_LONGEST: Final = 24


def uses_decimal_comma(cells: Iterable[str], *, otherwise: bool) -> tuple[bool, bool]:
    """(decimal comma or not, whether both are common); `otherwise` where no cell tells."""
    commas = points = 0
    for cell in cells:
        if len(cell) <= _LONGEST:
            if "," in cell and _COMMA.fullmatch(cell.strip()):
                commas += 1
            elif "." in cell and _POINT.fullmatch(cell.strip()):
                points += 1
    if commas == points:
        return otherwise, commas > 0
    return commas > points, min(commas, points) * 20 > commas + points
