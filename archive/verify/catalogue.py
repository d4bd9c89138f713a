"""Products, their codes, units, categories, prices and what they are found by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from archive.verify.report import Level
from archive.verify.rules import Look, Rule, rule
from inventory.catalogue import search_text
from inventory.models import (
    Barcode,
    Category,
    LocationPrice,
    Product,
    SearchWord,
    TaxRate,
    Unit,
    Variation,
)
from inventory.words import words_of
from tenants.context import current

AREA = "catalogue"
CHUNK = 1000
REFRESH = "manage.py refresh_search --business {slug}"


@rule(AREA, _("A product has no variation, so that it cannot be sold or counted."))
def product_has_a_variation(look: Look) -> None:
    """FORMATS 1; LESSONS 9: editing a product took its only variation."""
    variations = Variation.objects.filter(product=OuterRef("pk"))
    look.rows(
        Product.objects.filter(~Exists(variations)),
        "variations",
        "at least one",
        found="none",
        name="name",
    )


# -- codes ----------------------------------------------------------------------------------------


def _coded() -> Any:
    return Variation.objects.filter(is_active=True).exclude(sku="")


@rule(AREA, _("Several variations that are for sale have the same SKU."))
def sku_is_unique(look: Look) -> None:
    """FORMATS 1: a SKU names one active variation."""
    look.doubles(_coded(), F("sku"), "sku")


@rule(AREA, _("Several SKUs differ only in capital and small letters."), level=Level.WARNING)
def sku_differs_in_more_than_case(look: Look) -> None:
    """FORMATS 3: files of other systems name a code in any letter case."""
    look.doubles(_coded(), Upper("sku"), "sku", of=Count("sku", distinct=True))


@rule(AREA, _("Several variations have the same barcode."))
def barcode_is_unique(look: Look) -> None:
    """FORMATS 1: a scan finds one variation."""
    look.doubles(Barcode.objects.all(), F("code"), "code")


# -- units and categories -------------------------------------------------------------------------


@rule(AREA, _("A unit is made of another one, but not of how many, or the other way round."))
def unit_has_base_and_factor(look: Look) -> None:
    """A unit names both the unit that it is made of and how many of them, or neither."""
    whole = Q(base_unit=None, factor=None) | Q(base_unit__isnull=False, factor__gt=0)
    look.rows(Unit.objects.exclude(whole), "factor", "more than zero of a unit")


@rule(AREA, _("A unit is made of itself."))
def unit_is_not_made_of_itself(look: Look) -> None:
    """Units are made of each other without a circle."""
    _circles(look, Unit, "base_unit_id")


@rule(AREA, _("A category lies inside itself."))
def category_is_not_inside_itself(look: Look) -> None:
    """Categories are a tree."""
    _circles(look, Category, "parent_id")


def _circles(look: Look, model: Any, column: str) -> None:
    above = dict(model.objects.filter(**{f"{column}__isnull": False}).values_list("pk", column))
    for pk in sorted(_in_circles(above)):
        look.tell(model, pk, column, "one that does not lead back here", above[pk])


def _in_circles(above: Mapping[Any, Any]) -> set[Any]:
    """Those from which the way up leads back to themselves."""
    done: set[Any] = set()
    circles: set[Any] = set()
    for start in above:
        way: dict[Any, int] = {}
        place = start
        while place in above and place not in done and place not in way:
            way[place] = len(way)
            place = above[place]
        if place in way:
            circles |= {one for one, number in way.items() if number >= way[place]}
        done |= way.keys()
    return circles


# -- prices ---------------------------------------------------------------------------------------

# More than this many of the currency's smallest coin is hardly a price; a cost of more than this
# many times the price hardly a cost.
VERY_HIGH = Decimal(10) ** 9
VERY_MANY_TIMES = 100


@rule(AREA, _("A price, a cost or a tax rate is less than nothing."))
def price_is_not_negative(look: Look) -> None:
    """DESIGN 4."""
    for model, column in (
        (Variation, "price"), (Variation, "cost"), (LocationPrice, "price"), (TaxRate, "rate"),
    ):  # fmt: skip
        wrong = model.objects.filter(**{f"{column}__lt": 0})
        look.rows(wrong, column, "nothing or more")


@rule(AREA, _("A price or a cost is so high that it looks mistyped."), level=Level.WARNING)
def price_is_plausible(look: Look) -> None:
    """LESSONS 24: one mistyped cost made a stock value of 23.56 trillion."""
    high = VERY_HIGH.scaleb(-current().digits)
    dear = Q(cost__gt=F("price") * VERY_MANY_TIMES) & Q(cost__gt=high / 10**5, price__gt=0)
    wrong = Variation.objects.filter(Q(cost__gt=high) | dear)
    look.rows(wrong, "cost", f"at most {VERY_MANY_TIMES} times the price")
    for model in (Variation, LocationPrice):
        look.rows(model.objects.filter(price__gt=high), "price", f"at most {high:f}")


# -- search ---------------------------------------------------------------------------------------


@rule(AREA, _("A product is not found by all of its names and codes."), weight=4, repair=REFRESH)
def product_is_found_by_its_names(look: Look) -> None:
    """Search text and search words are those of names, codes and brand. Reads chunk by chunk."""
    for chunk in _chunks():
        words: dict[Any, set[str]] = defaultdict(set)
        keys = [row.pk for row in chunk]
        for key, word in SearchWord.objects.filter(variation__in=keys).values_list(
            "variation", "word"
        ):
            words[key].add(word)
        for row in chunk:
            expected = search_text(row)
            if set(row.search_text.split()) != set(expected.split()):
                look.tell(Variation, row.pk, "search_text", expected, row.search_text or "none")
            missing = words_of(row.search_text) ^ words[row.pk]
            if missing:
                told = ", ".join(sorted(missing))
                look.tell(
                    Variation, row.pk, "search_words", "one for each word", f"wrong about {told}"
                )


def _chunks() -> Iterator[list[Variation]]:
    rows = (
        # Without a product there are no names: that is another rule's.
        Variation.objects.filter(Exists(Product.objects.filter(pk=OuterRef("product"))))
        .select_related("product__brand")
        .prefetch_related("barcodes")
        .order_by("pk")
    )
    last = None
    while True:
        chunk = list((rows if last is None else rows.filter(pk__gt=last))[:CHUNK])
        yield chunk
        if len(chunk) < CHUNK:
            return
        last = chunk[-1].pk


RULES: tuple[Rule, ...] = (
    product_has_a_variation,
    sku_is_unique,
    sku_differs_in_more_than_case,
    barcode_is_unique,
    unit_has_base_and_factor,
    unit_is_not_made_of_itself,
    category_is_not_inside_itself,
    price_is_not_negative,
    price_is_plausible,
    product_is_found_by_its_names,
)
