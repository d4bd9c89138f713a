"""The one search for variations, of the till, the API and the pages.

1. First what has exactly this code. A scanned code that is found ends the search.
2. Then codes that begin so.
3. Then what has every word, each at the beginning of some word of it. Where more has them than is
   asked for: of a single word those with the whole word before those with a longer one, of several
   the oldest.
4. Where all of that is nothing: texts with the words inside others, the oldest first.

Those of one step are in the order of their names.

On PostgreSQL all of it is one call of `sql/inventory_find_v1.sql`, elsewhere a few statements. Each
step but the last is served by an index. Row-level security keeps LIKE out of indexes, so words are
looked up by their beginning in a table of their own (`SearchWord`). The last step reads all
variations of the business: 0.3 ms a thousand.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterable
from typing import Any, Final, Literal

from django.db import connection
from django.db.models import CharField, Lookup, Min, Q, QuerySet

from inventory.catalogue import search_form
from inventory.models import Barcode, SearchWord, Variation
from tenants import bulk
from tenants.functions import call

# Digits of the shortest code that scanners read (UPC-E, EAN-8 in its short form): nobody types so
# many to look for something that only begins with them.
SCANNED = 6
# Up to so many variations are named one by one; more are found sooner by a join of their words.
FEW = 1000

#: What the till may sell; what has stock.
Only = Literal["sold", "kept"]
_ONLY: Final[dict[Only | None, Q]] = {
    None: Q(),
    "sold": Q(is_active=True, product__is_active=True, product__is_for_sale=True),
    "kept": Q(is_active=True, product__is_active=True, product__is_stocked=True),
}


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

    No words, no condition. Of rows of another table `column` names their variation. Which variations
    these are is asked here, by one statement: PostgreSQL cannot know how few have all of the words,
    and would join whole catalogues to find out. Of many it holds the words instead.
    """
    entries = _entries(text)
    if not entries:
        return Q()
    ids = [pk for (pk,) in _in_all(entries)[: FEW + 1]]
    if not ids:
        return Q(**{f"{column}__in": ids})  # Known to be nothing: no statement asks for more.
    if len(ids) <= FEW:
        return Q(bulk.among(column, ids))
    condition = Q()
    for begun in entries:
        condition &= Q(**{f"{column}__in": begun})
    return condition


def _entries(text: str) -> list[QuerySet[Any, Any]]:
    """For each word the variations of which some word begins so."""
    return [
        SearchWord.objects.filter(word__begins=word).order_by().values_list("variation_id")
        for word in _spoken(text)
    ]


def _in_all(entries: list[QuerySet[Any, Any]]) -> QuerySet[Any, Any]:
    first, *others = entries
    return first.intersection(*others) if others else first.distinct()


def _spoken(text: str) -> list[str]:
    """The words of a text as far as they are stored, each once, the longest first."""
    spoken = dict.fromkeys(word[: SearchWord.LONGEST] for word in search_form(text).split())
    return sorted(spoken, key=len, reverse=True)


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
    by_sku = Variation.objects.filter(sku__in=cases(code)).order_by().values_list("pk")
    by_code = Barcode.objects.filter(code__in=cases(code)).order_by().values_list("variation_id")
    return [pk for (pk,) in by_sku.union(by_code)]


def cases(code: str) -> list[str]:
    """As typed, in capitals and in small letters, each once."""
    return list(dict.fromkeys([code, code.upper(), code.lower()]))


def find(text: str, *, among: Any, only: Only | None = None, limit: int = 20) -> list[Variation]:
    """At most `limit` variations, best first, as the module's text says.

    `only` says what is offered, and the queryset `among` what is read of it along. On PostgreSQL two
    statements and those of the queryset's prefetches.
    """
    text = text.strip()
    if not text:
        return []
    if connection.vendor == "postgresql":
        ids = call("inventory_find_v1", json.dumps(question(text, only=only, limit=limit)))
        return _in_order(among.filter(pk__in=ids), ids)
    return portable(text, among=among, only=only, limit=limit)


def question(text: str, *, only: Only | None, limit: int) -> dict[str, Any]:
    """What `inventory_find_v1` is asked."""
    text = text.strip()
    codes, spoken = cases(text), _spoken(text)
    return {
        "most": limit,
        "only_these": only,
        "codes": codes,
        "is_scanned": is_scanned(text),
        "code_from": codes,
        "code_beyond": [_end(code) for code in codes],
        "word_from": spoken,
        "word_beyond": [_end(word) for word in spoken],
        "inside": [f"%{_plain(word)}%" for word in search_form(text).split()],
    }


def is_scanned(text: str) -> bool:
    return len(text) >= SCANNED and text.isdecimal()


def _end(text: str) -> str:
    """As `_beyond`, and where there is nothing beyond, what no text of ours reaches."""
    return _beyond(text) or text + chr(sys.maxunicode) * 100


def _plain(word: str) -> str:
    """So that each sign means itself in LIKE."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


# -- where there are no functions in the database --------------------------------------------------


def portable(
    text: str, *, among: Any, only: Only | None = None, limit: int = 20
) -> list[Variation]:
    """The same by at most seven statements; a scanned code that is found takes two."""
    among = among.filter(_ONLY[only]).order_by()
    exact = _in_order(among.filter(pk__in=(ids := sorted(with_code(text)))), ids)[:limit]
    found = sorted(exact, key=_by_name)
    if found and is_scanned(text):
        return found
    for step in (_code_begins, _with_words):
        if len(found) < limit:
            known = [row.pk for row in found]
            rows = step(text, among.exclude(pk__in=known), limit)[: limit - len(found)]
            found += sorted(rows, key=_by_name)
    if not found and search_form(text):
        rows = list(among.filter(inside_words(text)).order_by("pk")[:limit])
        found = sorted(rows, key=_by_name)
    return found


def _code_begins(text: str, among: Any, limit: int) -> list[Variation]:
    skus, codes = Q(), Q()
    for case in cases(text):
        skus |= Q(sku__begins=case)
        codes |= Q(code__begins=case)
    # Two look-ups by index; in one condition, an OR over two tables would scan both.
    by_sku = Variation.objects.filter(skus).order_by("sku", "pk").values_list("pk", flat=True)
    by_code = Barcode.objects.filter(codes).order_by("code").values_list("variation_id", flat=True)
    ids = [*by_sku[:limit], *by_code[:limit]]
    return _in_order(among.filter(pk__in=ids), ids)


def _with_words(text: str, among: Any, limit: int) -> list[Variation]:
    spoken = _spoken(text)
    if len(spoken) != 1:
        return list(among.filter(words(text)).order_by("pk")[:limit]) if spoken else []
    entries = SearchWord.objects.filter(word__begins=spoken[0], variation__in=among.values("pk"))
    first = entries.order_by().values("variation_id").annotate(first=Min("word"))
    ids = [row["variation_id"] for row in first.order_by("first", "variation_id")[:limit]]
    return _in_order(among.filter(pk__in=ids), ids)


def _in_order(rows: Iterable[Variation], ids: list[uuid.UUID]) -> list[Variation]:
    by_id = {row.pk: row for row in rows}
    return [by_id[key] for key in dict.fromkeys(ids) if key in by_id]


def _by_name(variation: Variation) -> tuple[str, int, str]:
    return (variation.product.name.lower(), variation.position, str(variation.pk))
