"""The words that variations are found by."""

from __future__ import annotations

from django.db import models

from inventory.models.catalogue import Variation
from tenants.constraints import walls
from tenants.models import TenantForeignKey, TenantRow


class SearchWord(TenantRow):
    """One word that a variation is found by the beginning of; written by `inventory/words.py`.

    A table of words and not an index over the text: row-level security keeps LIKE and the other
    text operators out of indexes, but not the comparisons that find what begins with a word.
    """

    LONGEST = 40

    variation = TenantForeignKey(Variation, on_delete=models.CASCADE, related_name="search_words")
    word = models.CharField(max_length=LONGEST)

    class Meta(TenantRow.Meta):
        constraints = [
            *walls("search_word", "variation"),
            models.UniqueConstraint(
                fields=["business", "variation", "word"], name="search_word_once"
            ),
        ]
        # A second index, over (business, word) with the operators that do not depend on the
        # collation, comes from the migration: Django gives indexes no operators by database.

    def __str__(self) -> str:
        return self.word
