"""Writing the words that variations are found by."""

from __future__ import annotations

import re
from collections.abc import Iterable

from inventory.models import SearchWord, Variation

_BATCH = 5000
_BETWEEN = re.compile(r"[\W_]+")


def words_of(search_text: str) -> set[str]:
    """The words of a search text, as written and in parts: "t-light" is also "t" and "light"."""
    whole = search_text.split()
    parts = (part for word in whole for part in _BETWEEN.split(word) if part)
    return {word[: SearchWord.LONGEST] for word in (*whole, *parts)}


def write_words(variations: Iterable[Variation], *, fresh: bool = False) -> None:
    """Write the words of these variations anew, from their `search_text`.

    `fresh` says that they were made just now, so that there is nothing to take away.
    """
    rows = list(variations)
    if not fresh:
        SearchWord.objects.filter(variation__in=[row.pk for row in rows]).delete()
    SearchWord.objects.bulk_create(
        [
            SearchWord(variation=row, word=word)
            for row in rows
            for word in sorted(words_of(row.search_text))
        ],
        batch_size=_BATCH,
    )
