"""The one search for variations: exact code, then the beginning of a code, then words.

Each step is one statement that an index of PostgreSQL serves (migration 0002); nothing sorts all
the matches of a common word.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import Q

from inventory.catalogue import search_form
from inventory.models import Barcode, Variation

# Digits of the shortest code that scanners read (UPC-E, EAN-8 in its short form): nobody types so
# many to look for something that only begins with them.
SCANNED = 6


def words(text: str, *, path: str = "") -> Q:
    """A condition: every word of `text` stands somewhere in what the variation is found by.

    `path` leads from the model that is filtered to the variation ("variation__"). No words, no
    condition.
    """
    condition = Q()
    for word in search_form(text).split():
        condition &= Q(**{f"{path}search_text__contains": word})
    return condition


def with_code(code: str) -> list[uuid.UUID]:
    """Ids of the variations whose SKU or one of whose barcodes is `code`, in any letter case."""
    code = code.strip()
    if not code:
        return []
    by_sku = Variation.objects.filter(sku__iexact=code).order_by().values_list("pk")
    by_barcode = Barcode.objects.filter(code__iexact=code).order_by().values_list("variation_id")
    return [pk for (pk,) in by_sku.union(by_barcode)]


def find(text: str, *, among: Any, limit: int = 20) -> list[Variation]:
    """At most `limit` variations of the queryset `among`, best first.

    First those with exactly this code, then codes that begin so, then those with every word, by
    name. `among` decides what is offered (active, for sale) and what is read along; its order does
    not matter. At most six statements; a scanned code that is found ends the search after two.
    """
    text = text.strip()
    if not text:
        return []
    among = among.order_by()
    exact = list(among.filter(pk__in=with_code(text))[:limit])
    if exact and len(text) >= SCANNED and text.isdecimal():
        return exact
    found = {row.pk: row for row in exact}
    for condition in (_code_begins(text, limit), words(text)):
        if len(found) < limit:
            rows = among.filter(condition).exclude(pk__in=list(found))[: limit - len(found)]
            found.update((row.pk, row) for row in sorted(rows, key=_by_name))
    return list(found.values())


def _code_begins(text: str, limit: int) -> Q:
    skus = Variation.objects.filter(sku__istartswith=text).order_by()
    codes = Barcode.objects.filter(code__istartswith=text).order_by()
    # Two look-ups by index; in one condition, an OR over two tables would scan both.
    ids = [*skus.values_list("pk", flat=True)[:limit]]
    ids += codes.values_list("variation_id", flat=True)[:limit]
    return Q(pk__in=ids)


def _by_name(variation: Variation) -> tuple[str, int, str]:
    return (variation.product.name.casefold(), variation.position, str(variation.pk))
