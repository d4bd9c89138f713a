"""What becomes of one draft: the values to be written, and the ones that they replace."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from archive.products.drafts import WARNING, Problem, ProductDraft, VariationDraft

ZERO: Final = Decimal(0)


@dataclass(slots=True)
class VariationPlan:
    """`values`: all columns of a new one, what changes of another; `before`: what that was."""

    id: uuid.UUID
    draft: VariationDraft
    new: bool
    values: dict[str, Any]
    before: dict[str, Any] = field(default_factory=dict)
    codes: list[str] = field(default_factory=list)
    #: (location, id of the row that is there, its price, the new price)
    prices: list[tuple[uuid.UUID, uuid.UUID | None, Decimal | None, Decimal]] = field(
        default_factory=list
    )
    #: Where nothing was kept so far: (location, quantity).
    opening: list[tuple[uuid.UUID, Decimal]] = field(default_factory=list)
    #: Where the level becomes another: (location, as it was, as counted).
    counted: list[tuple[uuid.UUID, Decimal, Decimal]] = field(default_factory=list)
    label: str = ""
    cost: Decimal = ZERO

    @property
    def differs(self) -> bool:
        return bool(self.values or self.codes or self.prices or self.opening or self.counted)


@dataclass(slots=True)
class ProductPlan:
    """One draft: what becomes of it, or (`problems` with an error) why nothing does."""

    draft: ProductDraft
    id: uuid.UUID
    new: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] = field(default_factory=dict)
    updated_at: datetime | None = None
    variations: list[VariationPlan] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    #: The name to remember the product by, where it is not remembered so yet.
    reference: str = ""
    #: The picture that it has.
    image: str = ""
    part_of: bool = False
    #: Quantities that are left alone: of what is kept already, and of services.
    left: int = 0
    services: int = 0

    @property
    def is_good(self) -> bool:
        return all(problem.level == WARNING for problem in self.problems)

    @property
    def differs(self) -> bool:
        return bool(self.new or self.values or any(one.differs for one in self.variations))
