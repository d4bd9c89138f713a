"""The one search for variations: exact code, then the beginning of a code, then words.

Each step is served by an index on PostgreSQL. Row-level security keeps LIKE out of indexes, so
words are looked up by their beginning in a table of their own (`SearchWord`); only when nothing
begins so, texts that contain the words are looked for, among all variations of the business: 0.3 ms
a thousand. No statement sorts all the matches of a common word.
"""

from __future__ import annotations

import sys
import uuid
from typing import Any

from django.db.models import CharField, Lookup, Q

from inventory.catalogue import search_form
from inventory.models import Barcode, SearchWord, Variation

# Digits of the shortest code that scanners read (UPC-E, EAN-8 in its short form): nobody types so
# many to look for something that only begins with them.
SCANNED = 6


@CharField.register_lookup
class Begins(Lookup[bool]):
    """The text begins with exactly these characters; a range that an index serves on PostgreSQL."""

    lookup_name = "begins"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        return f"substr({column}, 1, %s) = %s", (*params, len(self.rhs), self.rhs)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        # Compared byte by byte whatever the collation, and leakproof, which LIKE is not.
        column, params = self.process_lhs(compiler, connection)
        beyond = _beyond(self.rhs)
        if beyond is None:
            return f"{column} ~>=~ %s", (*params, self.rhs)
        return f"({column} ~>=~ %s AND {column} ~<~ %s)", (*params, self.rhs, *params, beyond)


def _beyond(text: str) -> str | None:
    """The smallest text after all that begin with `text`; None where there is none."""
    while text:
        code = ord(text[-1]) + 1
        if 0xD800 <= code <= 0xDFFF:
            code = 0xE000  # Between them lie no characters.
        if code <= sys.maxunicode:
            return text[:-1] + chr(code)
        text = text[:-1]
    return None


def words(text: str, column: str = "pk") -> Q:
    """A condition on variations: every word of `text` begins some word that they are found by.

    No words, no condition. Of rows of another table `column` names their variation.
    """
    condition = Q()
    for word in search_form(text).split():
        begins = SearchWord.objects.filter(word__begins=word[: SearchWord.LONGEST])
        condition &= Q(**{f"{column}__in": begins.order_by().values("variation_id")})
    return condition


def inside_words(text: str) -> Q:
    """The same, but each word may stand inside another one: "light" in "nightlight"."""
    condition = Q()
    for word in search_form(text).split():
        condition &= Q(search_text__contains=word)
    return condition


def with_code(code: str) -> list[uuid.UUID]:
    """Ids of the variations with this SKU or barcode as typed, in capitals or in small letters."""
    code = code.strip()
    if not code:
        return []
    by_sku = Variation.objects.filter(sku__in=_cases(code)).order_by().values_list("pk")
    by_code = Barcode.objects.filter(code__in=_cases(code)).order_by().values_list("variation_id")
    return [pk for (pk,) in by_sku.union(by_code)]


def _cases(code: str) -> list[str]:
    return list(dict.fromkeys([code, code.upper(), code.lower()]))


def find(text: str, *, among: Any, limit: int = 20) -> list[Variation]:
    """At most `limit` variations of the queryset `among`, best first.

    First those with exactly this code, then codes that begin so, then those with every word, by
    name. `among` decides what is offered (active, for sale) and what is read along; its order does
    not matter. At most seven statements; a scanned code that is found ends the search after two.
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
    if not found:
        rows = among.filter(inside_words(text))[:limit]
        found.update((row.pk, row) for row in sorted(rows, key=_by_name))
    return list(found.values())


def _code_begins(text: str, limit: int) -> Q:
    skus, codes = Q(), Q()
    for case in _cases(text):
        skus |= Q(sku__begins=case)
        codes |= Q(code__begins=case)
    # Two look-ups by index; in one condition, an OR over two tables would scan both.
    by_sku = Variation.objects.filter(skus).order_by().values_list("pk", flat=True)
    by_code = Barcode.objects.filter(codes).order_by().values_list("variation_id", flat=True)
    return Q(pk__in=[*by_sku[:limit], *by_code[:limit]])


def _by_name(variation: Variation) -> tuple[str, int, str]:
    return (variation.product.name.casefold(), variation.position, str(variation.pk))
