"""What the two demo catalogues share: items, groups, prices, titles and in-store barcodes."""

from __future__ import annotations

import csv
import gzip
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

CENT = Decimal("0.01")
SMALL_WORDS = {"a", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}


@dataclass(slots=True)
class Item:
    """One thing with a price, before it is grouped with its siblings."""

    code: str
    words: str
    price: Decimal
    sold: int
    option: str = ""


@dataclass(slots=True)
class Group:
    name: str
    category: tuple[str, ...]
    tax: str
    items: list[Item]
    brand: str = ""
    unit: str = "pc"
    option: str = ""

    @property
    def sold(self) -> int:
        return sum(item.sold for item in self.items)


def rows(path: Path) -> Iterator[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def cents(value: float) -> Decimal:
    return Decimal(str(value)).quantize(CENT, ROUND_HALF_UP)


def title(text: str) -> str:
    """Capitals as a shop writes them: `SET OF 3 T-LIGHTS A6` → `Set of 3 T-Lights A6`."""
    done = []
    for at, word in enumerate(text.lower().split()):
        if at and word in SMALL_WORDS:
            done.append(word)
        elif len(word) < 4 and any(c.isdigit() for c in word):
            done.append(word.upper())
        else:
            done.append(re.sub(r"(^|[-/(+&.,\"])([a-z])", lambda m: m[1] + m[2].upper(), word))
    return " ".join(done)


def ean13(shop: int, number: int) -> str:
    """A valid EAN-13 from the range 20 to 29, which GS1 leaves to shops for use inside the shop."""
    digits = f"20{shop}{number:09d}"
    odd, even = sum(map(int, digits[::2])), sum(map(int, digits[1::2]))
    return digits + str(-(odd + 3 * even) % 10)


def cost(code: str, price: Decimal, percent: Decimal) -> Decimal:
    """60 to 70% of the price without tax; the share depends on the code alone."""
    share = Decimal(60 + hashlib.sha256(code.encode()).digest()[0] % 11) / 100
    net = price * 100 / (100 + percent)
    return max(CENT, (net * share).quantize(CENT, ROUND_HALF_UP))
