"""What people type of a customer's name, and what of it is kept to find the name by.

A name is found by the beginnings of its words: "ann sm" finds Anna Smith, "odo" and "dowd" find
Brian O'Dowd, "omer" finds Ömer.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Final

from django.conf import settings

from tenants.encryption import blind_numbers

#: Letters of a word that are kept and looked at; what is longer is found all the same.
LONGEST: Final = 12
#: Words of a name, and of what is asked for.
MOST_WORDS: Final = 8
#: Letters that Unicode does not take apart, as people type them who do not have them.
_TYPED: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "þ": "th", "æ": "ae", "œ": "oe"}
)
_APOSTROPHES: Final = str.maketrans("", "", "'’‘ʼʹ`")


def folded(text: str) -> str:
    """How names are compared and ordered: compatible letters, any letter case, no accents."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(char for char in apart if not unicodedata.combining(char))
    return unicodedata.normalize("NFC", plain.translate(_TYPED))


def beginnings(name: str) -> set[str]:
    """The beginnings of the words of a name, folded."""
    plain = folded(name)
    words = dict.fromkeys([*_words(plain.translate(_APOSTROPHES))[:MOST_WORDS],
                           *_words(plain)[:MOST_WORDS]])  # fmt: skip
    return {word[:end] for word in words for end in _ends(word)}


def asked_words(text: str) -> list[str]:
    """The words of what somebody typed, each of which a name has to have the beginning of.

    A letter beside other words is passed over: a name is not kept by single letters.
    """
    words = _words(folded(text).translate(_APOSTROPHES))[:MOST_WORDS]
    telling = [word for word in words if len(word) >= _fewest(word)]
    return [word[:LONGEST] for word in telling or words]


def name_hashes(name: str, business_id: int) -> set[int]:
    """What a name is found by, as it is stored: by the newest key."""
    return all_name_hashes(name, business_id)[0]


def all_name_hashes(name: str, business_id: int) -> list[set[int]]:
    """The same by every key, newest first: while keys change, rows of each are there."""
    keys = tuple(settings.APP_ENCRYPTION_KEYS)
    hashes = [_hashes(one, business_id, keys) for one in beginnings(name)]
    return [{one[place] for one in hashes} for place in range(len(keys))]


def asked_hashes(word: str, business_id: int) -> list[int]:
    """What to look one of `asked_words()` up by: its hash by every key."""
    return blind_numbers(word, _purpose(business_id))


def _words(plain: str) -> list[str]:
    kept = (
        char if char.isalnum() or unicodedata.category(char).startswith("M") else " "
        for char in plain
    )
    return "".join(kept).split()


def _ends(word: str) -> range:
    last = min(len(word), LONGEST)
    return range(min(_fewest(word), last), last + 1)


def _fewest(word: str) -> int:
    """From so many letters on: from one where a letter is a syllable or a word."""
    return 1 if unicodedata.category(word[0]) == "Lo" else 2


def _purpose(business_id: int) -> str:
    return f"customer-name-{business_id}"


@lru_cache(maxsize=65536)
def _hashes(beginning: str, business_id: int, keys: tuple[str, ...]) -> list[int]:
    """By every key; they are named so that others make others. Names share most of their
    beginnings."""
    return blind_numbers(beginning, _purpose(business_id))
