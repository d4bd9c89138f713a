"""What a file holds, found out before anything is looked up or written: the first of two readings.

Kept are one number for each document and a little for each code and customer, never the lines: the
second reading knows when a document is complete, wherever its lines stand.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from archive.history.mapping import SalesMap
from archive.history.reading import Line
from sales.models import Sale

#: Different descriptions of one code that are kept; the most frequent one is hardly later than that.
MOST_NAMES: Final = 50


@dataclass(slots=True)
class Code:
    """A code of the file, whatever its letter case."""

    item: str
    row: int
    spellings: Counter[str] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)
    locations: set[str] = field(default_factory=set)
    lines: int = 0
    price: Decimal = Decimal(0)

    @property
    def spelling(self) -> str:
        """The most frequent one; of equals the first."""
        return self.spellings.most_common(1)[0][0]

    @property
    def name(self) -> str:
        """The most frequent description, of equals the first; the code itself without one."""
        return self.names.most_common(1)[0][0] if self.names else self.spelling


@dataclass(slots=True)
class Survey:
    """`documents` gives the number of lines of each document number, `codes` are by their code
    without letter case, `customers` give the name that the file has for each, or nothing."""

    mapping: SalesMap
    lines: int = 0
    documents: dict[str, int] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    customers: dict[str, str] = field(default_factory=dict)
    locations: dict[str, int] = field(default_factory=dict)

    def see(self, line: Line) -> None:
        self.lines += 1
        self.documents[line.number] = self.documents.get(line.number, 0) + 1
        folded = line.code.casefold()
        code = self.codes.get(folded)
        if code is None:
            code = self.codes[folded] = Code(self.mapping.item_kind(line.code), line.row)
        code.lines += 1
        code.locations.add(line.location)
        code.spellings[line.code] += 1
        if line.name and (line.name in code.names or len(code.names) < MOST_NAMES):
            code.names[line.name] += 1
        if line.kind in ("", Sale.Kind.SALE) and line.quantity > 0 and line.price > 0:
            code.price = line.price
        if line.customer and not self.customers.get(line.customer):
            self.customers[line.customer] = line.customer_name[:200]
        self.locations.setdefault(line.location, line.row)
