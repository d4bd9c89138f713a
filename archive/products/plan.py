"""What an import would do to the bound business, product by product; writes nothing.

A batch of drafts is planned in a fixed number of statements (`known.py`). A variation is added or
changed and never taken away, and what a draft does not say stays as it is.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from archive.products.credit import faults_of_credit
from archive.products.drafts import WARNING, Problem, ProductDraft, VariationDraft
from archive.products.known import Known, MixedCase, StoredProduct, StoredVariation
from archive.products.matching import Match, Matcher, References
from archive.products.options import Options
from archive.products.planned import ZERO, ProductPlan, VariationPlan
from archive.products.shelves import Shelves
from inventory.catalogue import search_form
from inventory.models import Product
from tenants.context import current
from tenants.errors import Refused
from tenants.ids import uuid7
from tenants.spelling import plain_number

#: So many variations are planned and written together.
BATCH: Final = 1000
#: A price that changes by this factor, or is above the limit, is more often a slip than a price.
MANY_TIMES: Final = 10
VERY_HIGH: Final = Decimal(1_000_000)
_LIMITS: Final = {"name": 300, "sku": 100}
_VARIATION_LIMITS: Final = {"name": 200, "sku": 100}


def batches(drafts: Iterable[ProductDraft]) -> Iterator[list[ProductDraft]]:
    """The drafts in groups of about BATCH variations."""
    group: list[ProductDraft] = []
    size = 0
    for draft in drafts:
        group.append(draft)
        size += max(1, len(draft.variations))
        if size >= BATCH:
            yield group
            group, size = [], 0
    if group:
        yield group


class Planner:
    """Plans the drafts of one file, batch by batch, in their order.

    `columns` tells what the file calls a field, for problems; `source` whose names the references
    are. With `lock` the products that are found are held until the transaction ends. Raises Refused
    when the location that was chosen is not here.
    """

    def __init__(
        self,
        options: Options,
        *,
        source: str,
        columns: dict[str, str] | None = None,
        lock: bool = False,
    ) -> None:
        self.options = options
        self.source = source
        self.lock = lock
        self.shelves = Shelves(create=options.missing == "create")
        self._columns = columns or {}
        self._matcher = Matcher(self.column)
        self._references = References()
        self._mixed = MixedCase()
        self._inclusive = current().prices_include_tax
        self._location = self._chosen_location()

    def column(self, field: str) -> str:
        return self._columns.get(field, "")

    def _chosen_location(self) -> uuid.UUID | None:
        if not self.options.location:
            return self.shelves.only_location()
        found = self.shelves.location(self.options.location)
        if found is None:
            raise Refused(
                "unknown_location",
                _("There is no location “%(name)s” here.") % {"name": self.options.location},
            )
        return found

    def plan(self, drafts: Sequence[ProductDraft]) -> list[ProductPlan]:
        """One plan for each draft, in their order."""
        references = [self._references.of(draft) for draft in drafts]
        known = Known(
            drafts,
            references={one for one in references if one},
            source=self.source,
            mixed=self._mixed,
            stock=self.options.stock != "ignore",
            lock=self.lock,
        )
        return [
            self._plan(draft, reference, known)
            for draft, reference in zip(drafts, references, strict=True)
        ]

    def _plan(self, draft: ProductDraft, reference: str, known: Known) -> ProductPlan:
        plan = ProductPlan(draft, uuid7(), problems=list(draft.problems))
        if not plan.is_good:
            return plan
        matched = self._matcher.match(draft, reference, known)
        if isinstance(matched, list):
            plan.problems += matched
            return plan
        plan.problems += self._checked(draft, matched)
        if not plan.is_good:
            return plan
        if reference and reference not in known.references:
            plan.reference = reference
        if matched.product is None:
            self._plan_new(plan)
        else:
            self._plan_change(plan, matched.product, part_of=matched.part_of)
        stocked = plan.values.get(
            "is_stocked", matched.product.values["is_stocked"] if matched.product else True
        )
        position = _next_position(matched.product)
        for one, target in zip(draft.variations, matched.variations, strict=True):
            variation = self._variation(plan, one, target, position)
            position += target is None
            self._prices(variation, target)
            self._stock(plan, variation, target, stocked=stocked)
            plan.variations.append(variation)
        self._search(plan, matched.product)
        return plan

    # -- what stands against a draft --------------------------------------------------------------

    def _checked(self, draft: ProductDraft, match: Match) -> list[Problem]:
        found = []
        if not draft.name and match.product is None:
            found.append(Problem(draft.row, self.column("name"), "", _("A product needs a name.")))
        if not match.part_of:
            found += self.shelves.problems(draft, self.column)
        found += self._too_long(draft, draft.row, _LIMITS)
        for one in draft.variations:
            found += self._too_long(one, one.row, _VARIATION_LIMITS)
            for code in one.barcodes:
                if len(code) > 64:
                    found.append(self._longer(one.row, "barcode", code, 64))
            for name, value in (("price", one.price), ("cost", one.cost)):
                if value is not None and value < 0:
                    reason = _("is less than nothing")
                    found.append(Problem(one.row, self.column(name), plain_number(value), reason))
            found += self._places(one)
        if match.product is not None and match.product.adds_credit:
            stocked = self.options.stock != "ignore" and match.product.values["is_stocked"]
            found += faults_of_credit(draft, self.column, stocked=stocked)
        return found

    def _too_long(self, thing: Any, row: int, limits: dict[str, int]) -> list[Problem]:
        return [
            self._longer(row, name, getattr(thing, name), limit)
            for name, limit in limits.items()
            if len(getattr(thing, name)) > limit
        ]

    def _longer(self, row: int, name: str, value: str, limit: int) -> Problem:
        reason = _("is longer than %(limit)d characters") % {"limit": limit}
        return Problem(row, self.column(name), value[:100], reason)

    def _places(self, one: VariationDraft) -> list[Problem]:
        """Prices and stock are for locations that are here."""
        found = []
        stock = one.stock if self.options.stock != "ignore" else {}
        for name in {**one.prices, **stock}:
            if name and self.shelves.location(name) is None:
                reason = _("is no location here")
                found.append(Problem(one.row, self.column("location"), name, reason))
        for name, price in one.prices.items():
            if price < 0:
                found.append(Problem(one.row, name, plain_number(price), _("is less than nothing")))
        if "" in stock and self._location is None:
            reason = _("For which location? Choose one.")
            found.append(Problem(one.row, self.column("stock"), plain_number(stock[""]), reason))
        return found

    # -- the product ----------------------------------------------------------------------------

    def _plan_new(self, plan: ProductPlan) -> None:
        draft = plan.draft
        ids = self.shelves.ids(draft)
        plan.new = True
        plan.values = {
            "name": draft.name,
            "kind": draft.kind,
            # A single product is found by its variation's code.
            "sku": draft.sku if draft.kind == "variable" else "",
            "description": draft.description or "",
            "category_id": ids.get("category_id"),
            "brand_id": ids.get("brand_id"),
            "unit_id": ids.get("unit_id"),
            "tax_rate_id": ids.get("tax_rate_id", self.shelves.default_rate),
            "tax_inclusive": _or(draft.tax_inclusive, self._inclusive),
            "is_stocked": _or(draft.is_stocked, True),
            "is_for_sale": _or(draft.is_for_sale, True),
            "alert_quantity": draft.alert_quantity,
            "is_active": _or(draft.is_active, True),
            "image": "",
        }

    def _plan_change(self, plan: ProductPlan, stored: StoredProduct, *, part_of: bool) -> None:
        draft = plan.draft
        plan.id, plan.updated_at = stored.id, stored.updated_at
        plan.image, plan.part_of = stored.values["image"], part_of
        if part_of:
            return
        wanted: dict[str, Any] = {
            "name": draft.name or None,
            "kind": Product.Kind.VARIABLE.value if draft.kind == "variable" else None,
            "sku": (draft.sku or None) if draft.kind == "variable" else None,
            "description": draft.description,
            "tax_inclusive": draft.tax_inclusive,
            "is_stocked": draft.is_stocked,
            "is_for_sale": draft.is_for_sale,
            "alert_quantity": draft.alert_quantity,
            "is_active": draft.is_active,
            **self.shelves.ids(draft),
        }
        plan.values, plan.before = _changes(stored.values, wanted)
        if not stored.values["is_active"] and not plan.values.get("is_active"):
            self._warn(plan, draft.row, "name", draft.name, _("is not in use, and stays so"))
        if plan.values.get("is_stocked") is False:
            self._warn(plan, draft.row, "is_stocked", "", _("No stock is kept of it any more."))

    # -- its variations ---------------------------------------------------------------------------

    def _variation(
        self,
        plan: ProductPlan,
        one: VariationDraft,
        target: StoredVariation | None,
        position: int,
    ) -> VariationPlan:
        product_active = plan.values.get("is_active")
        active = one.is_active
        # A single product and its variation are in use together.
        if product_active is not None and (plan.new or plan.draft.kind == "single"):
            active = product_active and active is not False
        if target is None:
            values = {
                "name": one.name,
                "sku": one.sku,
                "cost": _or(one.cost, ZERO),
                "price": _or(one.price, ZERO),
                "position": position,
                "is_active": _or(active, True),
            }
            variation = VariationPlan(uuid7(), one, True, values, codes=_once(one.barcodes))
            variation.label, variation.cost = one.sku or one.name, values["cost"]
            if one.price is None:
                self._warn(plan, one.row, "price", "", _("There is no price; it becomes 0."))
            self._doubts(plan, one, ZERO, ZERO)
            return variation
        wanted = {
            "name": (one.name or None) if plan.draft.kind == "variable" else None,
            # A code that differs in letter case alone stays as it is written here.
            "sku": one.sku if one.sku.casefold() != target.values["sku"].casefold() else None,
            "cost": one.cost,
            "price": one.price,
            "is_active": active,
        }
        wanted["sku"] = wanted["sku"] or None
        values, before = _changes(target.values, wanted)
        codes = [code for code in _once(one.barcodes) if code not in target.codes]
        variation = VariationPlan(target.id, one, False, values, before, codes)
        variation.label = target.values["sku"] or target.values["name"]
        variation.cost = values.get("cost", target.values["cost"])
        if before.get("sku"):
            reason = _("replaces the SKU %(old)s, found by barcode or name")
            self._warn(plan, one.row, "sku", one.sku, reason % {"old": before["sku"]})
        self._doubts(plan, one, target.values["price"], target.values["cost"])
        return variation

    def _warn(self, plan: ProductPlan, row: int, field: str, value: str, reason: str) -> None:
        plan.problems.append(Problem(row, self.column(field), value, reason, WARNING))

    def _doubts(
        self, plan: ProductPlan, one: VariationDraft, price: Decimal, cost: Decimal
    ) -> None:
        """What is more often a slip than meant."""
        for name, old, new in (("price", price, one.price), ("cost", cost, one.cost)):
            if new is None or new == old:
                continue
            if new > VERY_HIGH:
                self._warn(plan, one.row, name, plain_number(new), _("is very high"))
            elif old and (new >= old * MANY_TIMES or new * MANY_TIMES <= old):
                reason = _("is far from the %(old)s of before") % {"old": plain_number(old)}
                self._warn(plan, one.row, name, plain_number(new), reason)
        if (
            one.cost
            and one.price
            and one.cost > one.price
            and (one.cost, one.price) != (cost, price)
        ):
            reason = _("is above the price of %(price)s") % {"price": plain_number(one.price)}
            self._warn(plan, one.row, "cost", plain_number(one.cost), reason)

    def _prices(self, variation: VariationPlan, target: StoredVariation | None) -> None:
        """A price like the variation's own needs no row, unless there is one."""
        own = variation.values.get("price", target.values["price"] if target else ZERO)
        for name, price in variation.draft.prices.items():
            place = self.shelves.location(name)
            assert place is not None
            row, old = target.prices.get(place, (None, None)) if target else (None, None)
            if price != (own if old is None else old):
                variation.prices.append((place, row, old, price))

    def _stock(
        self,
        plan: ProductPlan,
        variation: VariationPlan,
        target: StoredVariation | None,
        *,
        stocked: bool,
    ) -> None:
        if self.options.stock == "ignore":
            return
        for name, quantity in variation.draft.stock.items():
            place = self.shelves.location(name) if name else self._location
            assert place is not None
            if not stocked:
                plan.services += bool(quantity)
            elif target is None or place not in target.levels:
                variation.opening.append((place, quantity))
            elif self.options.stock == "opening":
                plan.left += 1
            elif target.levels[place] != quantity:
                variation.counted.append((place, target.levels[place], quantity))

    def _search(self, plan: ProductPlan, stored: StoredProduct | None) -> None:
        """Give `search_text` to each variation that is found by something else now."""
        product = {**(stored.values if stored else {}), **plan.values}
        everyone = stored is not None and bool(plan.values.keys() & {"name", "sku", "brand_id"})
        brand = self.shelves.name("brand_id", product.get("brand_id"))
        known = {one.id: one for one in stored.variations} if stored else {}
        planned = {one.id: one for one in plan.variations}
        for one in plan.variations:
            if one.new or one.codes or everyone or one.values.keys() & {"name", "sku"}:
                _write_search(one, known.get(one.id), product, brand)
        if everyone:
            for other in known.values():
                if other.id not in planned:
                    draft = VariationDraft(plan.draft.row)
                    one = VariationPlan(other.id, draft, False, {}, label=other.values["sku"])
                    _write_search(one, other, product, brand)
                    if one.values:
                        plan.variations.append(one)


def _write_search(
    one: VariationPlan, stored: StoredVariation | None, product: dict[str, Any], brand: str
) -> None:
    values = {**(stored.values if stored else {}), **one.values}
    codes = sorted([*(stored.codes if stored else []), *one.codes])
    parts = [product["name"], values["name"], values["sku"], product["sku"], *codes, brand]
    text = search_form(" ".join(part for part in parts if part))
    if stored is None:
        one.values["search_text"] = text
    elif stored.search_text != text:
        one.values["search_text"], one.before["search_text"] = text, stored.search_text


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value


def _once(codes: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(codes))


def _changes(
    stored: dict[str, Any], wanted: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is wanted and is not so yet, and what it is instead; None wants nothing."""
    values = {
        name: value for name, value in wanted.items() if value is not None and value != stored[name]
    }
    return values, {name: stored[name] for name in values}


def _next_position(stored: StoredProduct | None) -> int:
    if stored is None:
        return 0
    return max((one.values["position"] for one in stored.variations), default=-1) + 1
