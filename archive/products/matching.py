"""Which product of the business a draft means, by its codes and never by a blank one.

By SKU (exactly, then whatever its letter case), by barcode, by the product's own code, and by what
an earlier import remembers: the name that another system gave the product, or the row without any
code that it made a product of. What could mean several is a problem and never a guess.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from archive.products.drafts import Problem, ProductDraft, VariationDraft
from archive.products.known import Known, StoredProduct, StoredVariation, reference_key
from inventory.catalogue import search_form

NAMELESS = "row:"


@dataclass(slots=True)
class Match:
    """The product and, for each variation of the draft in order, which of its variations it is.

    `part_of` says that the draft is one variation of a product with several: then only what
    belongs to the variation is the draft's to say.
    """

    product: StoredProduct | None = None
    variations: list[StoredVariation | None] = field(default_factory=list)
    part_of: bool = False


class References:
    """Under which name each draft of a file is remembered, "" for those found by their codes."""

    def __init__(self) -> None:
        self._nameless: Counter[str] = Counter()

    def of(self, draft: ProductDraft) -> str:
        if draft.reference:
            return reference_key(draft.reference)
        has_code = draft.sku or any(one.sku or one.barcodes for one in draft.variations)
        if has_code:
            return ""
        # The second row of this name and without a code is another product than the first.
        name = search_form(draft.name)
        self._nameless[name] += 1
        count = self._nameless[name]
        return reference_key(f"{NAMELESS}{name}" + (f" {count}" if count > 1 else ""))


class Matcher:
    """Remembers, over a whole file, which row spoke of which code and which variation."""

    def __init__(self, column: Callable[[str], str]) -> None:
        self._column = column
        self._skus: dict[str, int] = {}
        self._folded: dict[str, int] = {}
        self._codes: dict[str, int] = {}
        self._variations: dict[uuid.UUID, int] = {}
        self._products: dict[uuid.UUID, int] = {}

    def match(self, draft: ProductDraft, reference: str, known: Known) -> Match | list[Problem]:
        """Where a list comes back, the draft can be taken for nothing, for these reasons."""
        problems = self._claim(draft, known)
        targets: list[StoredVariation | None] = []
        for one in draft.variations:
            found = self._variation(one, known)
            if isinstance(found, Problem):
                problems.append(found)
            else:
                targets.append(found)
        if problems:
            return problems
        product = self._product(draft, reference, targets, known)
        if isinstance(product, Problem):
            return [product]
        if product is None:
            return Match(None, targets)
        match = self._within(draft, product, targets)
        if isinstance(match, Problem):
            return [match]
        return self._claim_match(draft, match) or match

    def _problem(self, row: int, field: str, value: str, reason: Any) -> Problem:
        return Problem(row, self._column(field), value, reason)

    # -- the same code twice in one file --------------------------------------------------------

    def _claim(self, draft: ProductDraft, known: Known) -> list[Problem]:
        found = []
        for one in draft.variations:
            if one.sku:
                before = self._skus.setdefault(one.sku, one.row)
                if before == one.row and not known.exactly(one.sku):
                    before = self._folded.setdefault(one.sku.casefold(), one.row)
                if before != one.row or self._repeated(draft, one):
                    reason = _("stands in row %(row)d already") % {"row": before}
                    found.append(self._problem(one.row, "sku", one.sku, reason))
            for code in dict.fromkeys(one.barcodes):
                before = self._codes.setdefault(code, one.row)
                if before != one.row:
                    reason = _("stands in row %(row)d already") % {"row": before}
                    found.append(self._problem(one.row, "barcode", code, reason))
        return found

    @staticmethod
    def _repeated(draft: ProductDraft, one: VariationDraft) -> bool:
        """Several variations can stand in one row."""
        for other in draft.variations:
            if other is one:
                return False
            if other.sku.casefold() == one.sku.casefold():
                return True
        return False

    def _claim_match(self, draft: ProductDraft, match: Match) -> list[Problem]:
        """Two rows that mean one thing would overwrite each other."""
        found = []
        assert match.product is not None
        if not match.part_of:
            before = self._products.setdefault(match.product.id, draft.row)
            if before != draft.row:
                reason = _("means the same product as row %(row)d") % {"row": before}
                found.append(Problem(draft.row, "", draft.name, reason))
        for one, target in zip(draft.variations, match.variations, strict=True):
            if target is None:
                continue
            before = self._variations.setdefault(target.id, one.row)
            if before != one.row:
                reason = _("means the same as row %(row)d") % {"row": before}
                found.append(Problem(one.row, "", one.sku or one.name or draft.name, reason))
        return found

    # -- which one ------------------------------------------------------------------------------

    def _variation(self, one: VariationDraft, known: Known) -> StoredVariation | Problem | None:
        by_sku = known.with_sku(one.sku) if one.sku else []
        if len(by_sku) > 1:
            reason = _("could be %(names)s") % {
                "names": ", ".join(_called(found, known) for found in by_sku[:3])
            }
            return self._problem(one.row, "sku", one.sku, reason)
        target = by_sku[0] if by_sku else None
        for code in one.barcodes:
            owner = known.with_code(code)
            if owner is None:
                continue
            if target is not None and owner is not target:
                reason = _("is a barcode of %(name)s") % {"name": _called(owner, known)}
                return self._problem(one.row, "barcode", code, reason)
            target = owner
        return target

    def _product(
        self,
        draft: ProductDraft,
        reference: str,
        targets: list[StoredVariation | None],
        known: Known,
    ) -> StoredProduct | Problem | None:
        by_code = known.with_product_code(draft.sku) if draft.sku else []
        candidates: dict[uuid.UUID, StoredProduct] = {}
        for target in targets:
            if target is not None:
                candidates[target.product_id] = known.products[target.product_id]
        if draft.kind == "variable" and not candidates:
            candidates = {product.id: product for product in by_code}
        remembered = known.references.get(reference) if reference else None
        if remembered is not None and not candidates:
            candidates[remembered] = known.products[remembered]
        if len(candidates) > 1:
            names = ", ".join(str(one.values["name"]) for one in list(candidates.values())[:3])
            reason = _("could be several products: %(names)s") % {"names": names}
            return self._problem(draft.row, "sku", draft.sku or draft.name, reason)
        return next(iter(candidates.values()), None)

    def _within(
        self, draft: ProductDraft, product: StoredProduct, targets: list[StoredVariation | None]
    ) -> Match | Problem:
        """The variations that no code finds, by their names within the product."""
        if draft.kind == "single":
            if targets[0] is None:
                if len(product.variations) != 1:
                    reason = _("has several variations; name one by its SKU")
                    return Problem(draft.row, "", draft.name, reason)
                targets = [product.variations[0]]
            several = product.values["kind"] == "variable" or len(product.variations) > 1
            return Match(product, targets, part_of=several)
        taken = {target.id for target in targets if target is not None}
        for index, one in enumerate(draft.variations):
            if targets[index] is not None or not one.name:
                continue
            name = search_form(one.name)
            same = [
                stored
                for stored in product.variations
                if stored.id not in taken and search_form(stored.values["name"]) == name
            ]
            if len(same) > 1:
                reason = _("could be several variations of %(name)s") % {
                    "name": product.values["name"]
                }
                return Problem(one.row, "", one.name, reason)
            if same:
                targets[index] = same[0]
                taken.add(same[0].id)
        return Match(product, targets)


def _called(found: StoredVariation, known: Known) -> str:
    product = known.products[found.product_id]
    parts = [str(product.values["name"]), found.values["name"], found.values["sku"]]
    return " ".join(part for part in parts if part)
