"""What a table of products says, product by product, before the database is asked anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    pass

#: Called with the rows read so far, and their number as far as it is known (else 0).
Progress = Callable[[int, int], None]

Level = Literal["error", "warning"]
ERROR: Final = "error"
WARNING: Final = "warning"
LONGEST_VALUE: Final = 60


@dataclass(slots=True)
class Problem:
    """One thing about one cell. With an error its product cannot be taken in.

    `row` counts as the spreadsheet does (the header is row 1); `column` is the file's own name,
    empty where the row as a whole is meant; `value` is cut to what fits on a page; `reason` goes
    on after the value (“is not a number”).
    """

    row: int
    column: str
    value: str
    reason: str
    level: Level = "error"

    def __post_init__(self) -> None:
        if len(self.value) > LONGEST_VALUE:
            self.value = self.value[: LONGEST_VALUE - 1] + "…"

    def __str__(self) -> str:
        place = f"Row {self.row}{', ' + self.column if self.column else ''}"
        told = f" “{self.value}”" if self.value else ""
        return f"{place}:{told} {self.reason}"


@dataclass(slots=True)
class VariationDraft:
    """One thing that is sold. None, or no entry: the file does not say, so leave it alone.

    Amounts have at most four decimals and fit numeric(18,4). `prices` and `stock` are by the
    location's name as the file has it; in `stock`, "" means the location that the import is for.
    `stock` is the level that the file states, not a difference.
    """

    row: int
    name: str = ""
    sku: str = ""
    barcodes: list[str] = field(default_factory=list)
    cost: Decimal | None = None
    price: Decimal | None = None
    prices: dict[str, Decimal] = field(default_factory=dict)
    stock: dict[str, Decimal] = field(default_factory=dict)
    is_active: bool | None = None


@dataclass(slots=True)
class ProductDraft:
    """One product of the file. None: the column is absent or blank, so leave it alone.

    A name of "" is not told either; then a code says which product is meant. A single product has
    exactly one variation, without a name; a draft with errors may have fewer or odd ones. `sku` is
    the product's own code; of a single product its variation has the same. `category` is the path
    from the top. `tax_rate` is a name, or a percentage such as “20%”. `reference` is what the other
    system gave the product (a handle, a token), "" where it gave none. Texts are stripped, in
    Unicode's form C, and free of control characters.
    """

    row: int
    name: str = ""
    kind: Literal["single", "variable"] = "single"
    sku: str = ""
    description: str | None = None
    category: tuple[str, ...] | None = None
    brand: str | None = None
    unit: str | None = None
    tax_rate: str | None = None
    tax_inclusive: bool | None = None
    is_stocked: bool | None = None
    is_for_sale: bool | None = None
    alert_quantity: Decimal | None = None
    is_active: bool | None = None
    image: str | None = None
    variations: list[VariationDraft] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    reference: str = ""

    @property
    def is_good(self) -> bool:
        """Whether nothing stands against taking it in; warnings do not."""
        return all(problem.level != ERROR for problem in self.problems)


@dataclass(slots=True, frozen=True)
class ReadOptions:
    """What a person states about the contents. None: as the table shows it."""

    decimal_comma: bool | None = None
