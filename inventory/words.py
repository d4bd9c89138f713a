"""Writing the words that variations are found by."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping

from inventory.models import SearchWord, Variation
from tenants.bulk import insert_rows

_BATCH = 5000
_BETWEEN = re.compile(r"[\W_]+")


def words_of(search_text: str) -> set[str]:
    """The words of a search text, as written and in parts: "t-light" is also "t" and "light"."""
    whole = search_text.split()
    several = (word for word in whole if not word.isalnum())
    parts = (part for word in several for part in _BETWEEN.split(word) if part)
    return {word[: SearchWord.LONGEST] for word in (*whole, *parts)}


def write_words(variations: Iterable[Variation], *, fresh: bool = False) -> None:
    """Write the words of these variations anew, from their `search_text`.

    `fresh` says that they were made just now, so that there is nothing to take away.
    """
    write_words_of({row.pk: row.search_text for row in variations}, fresh=fresh)


def write_words_of(texts: Mapping[uuid.UUID, str], *, fresh: bool = False) -> None:
    """The same, from {variation: search text}."""
    if not fresh:
        SearchWord.objects.filter(variation__in=list(texts)).delete()
    insert_rows(
        SearchWord,
        ("variation_id", "word"),
        ((key, word) for key, text in texts.items() for word in sorted(words_of(text))),
        batch=_BATCH,
    )
