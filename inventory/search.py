"""The one search for variations: exact code, then the beginning of a code, then words.

Codes are found through indexes of PostgreSQL (migration 0003). Words are compared with every
variation of the business, which an index finds: row-level security keeps LIKE out of indexes. That
takes 0.3 ms a thousand variations; no statement sorts all the matches of a common word.
"""

from __future__ import annotations

import sys
import uuid
from typing import Any

from django.db.models import CharField, Lookup, Q
from django.http import HttpRequest

from inventory.catalogue import search_form
from inventory.models import Barcode, Variation

# Digits of the shortest code that scanners read (UPC-E, EAN-8 in its short form): nobody types so
# many to look for something that only begins with them.
SCANNED = 6
LONGEST = 100


@CharField.register_lookup
class Begins(Lookup[bool]):
    """The text begins with exactly these characters; a range that an index serves on PostgreSQL."""

    lookup_name = "begins"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        return f"substr({column}, 1, %s) = %s", (*params, len(self.rhs), self.rhs)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        # Compared byte by byte whatever the collation, and leakproof: see migration 0003.
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


def asked(request: HttpRequest) -> str:
    """What `?q=` asks for; PostgreSQL takes no NUL, and nobody types a hundred characters."""
    return request.GET.get("q", "").replace("\0", "").strip()[:LONGEST]


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
