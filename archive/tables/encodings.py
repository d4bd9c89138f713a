"""Which encoding text is in. Byte order marks and valid UTF-8 are certain; the rest is judged.

The judgement among the Windows code pages is by which letters the bytes would be: right text
has many of the frequent letters of its languages, wrong text has signs inside words. Encodings
outside of that family are left to charset-normalizer.
"""

from __future__ import annotations

import codecs
import re
from functools import cache
from typing import Final

#: What a person may state; the order is that of a choice on a page.
ENCODINGS: Final = (
    "utf-8",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "cp1252",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "latin-1",
)

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_CYRILLIC: Final = "".join(map(chr, range(0x410, 0x430)))
_GREEK: Final = "".join(map(chr, range(0x391, 0x3AA)))

#: For each code page the letters that make it likely (other alphabets' by frequency), and those
#: that may occur.
_LETTERS: Final[dict[str, tuple[str, str]]] = {
    "cp1252": ("äöüßéèêàâçñóíáãõåæøœÄÖÜÉØÅ€–—’‘“”„°®™´½×", "ëîïôûùúìòÀÁÂÃÇÈÊËÍÑÓÔÕÚÆŒýÿ²³µ£©…•«»"),
    "cp1250": ("ąćęłńśźżóěščřžýáíéúůďťňőűöüäŁŚŻŠŽČŘ€–—’“”„°®™", "âăîşţđßëôôÁÉÍÓÚÝÖÜÄĄĆĘŃŹĚĎŤŇŮŐŰ×´½…•«»"),
    "cp1254": ("ğışöüçİŞÖÜÇâ€–—’“”„°®™", "îûéĞßäáó²³½×´…•«»"),
    "cp1251": ("оеаинтсрвлкмдпуяыгзбчйхжшюцщэфьъіїєґ№–—«»", _CYRILLIC + "ЁёІЇЄЂЃѓЉљЊњЋћЏџ°®™“”„’…•"),
    "cp1253": ("αοιετσνηυρπκμλςάόίέήώύγδθχφβζξω–—", _GREEK + "ψΆΈΉΊΌΎΏϊϋΐΰ€°®™“”„’…•«»"),
    "cp1255": ("יוהלאתרמבשנעדחקפסגטכזצםןךףץ–—", "₪€°®™“”„’…•«»״׳"),
    "cp1256": ("اليمنورتبةدعسفحكقهجشصطخأإىضزغثذظءئؤآ،–—", "پچژگکی؟؛ًٌٍَُِّْ€°®™“”„’…•«»×"),
}  # fmt: skip

_HEAD: Final = 65536
_ENOUGH: Final = 1000
#: Bytes that begin a character of several bytes in UTF-8.
_LEADS: Final = bytes(range(0xC2, 0xF5))

_LATIN: Final = frozenset({"cp1250", "cp1252", "cp1254"})

#: As good as certain; below it the choice is doubtful and the person is told.
_SURE: Final = 0.5

_TWICE: Final = re.compile(
    # UTF-8 that was read as cp1252 or latin-1 …
    r"[ÂÃÅ][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc"
    r"\u2013-\u203a\u20ac\u2122]|[ÐÑ][\u0080-\u00bf\u2013-\u203a‚ƒ„…†‡ˆ‰Š‹Œ]|â[€‚„][\u0080-\uffff]"
    # … or as cp1251, where only pairs that no language has are taken.
    r"|[РС][\u00a0-\u00bf\u0402-\u040f\u0452-\u045f\u2013-\u203a\u20ac\u2116\u2122]{1}[РС]"
    r"|Г[ђѓѕјћќџ©¤¦§¬±¶]|[вВ][Ђ€][\u0080-\uffff]|[гГ][ўЎ][вВ]|[вВ] [ўЎ](?![а-яё])|\bд[єЄ]\b|[A-Za-z]г['ґ¤]"
)


class Encoding:
    """A decision: the codec's name, whether it is certain, and what speaks against it."""

    __slots__ = ("errors", "is_sure", "name")

    def __init__(self, name: str, *, is_sure: bool = True, errors: str = "strict") -> None:
        self.name, self.is_sure, self.errors = name, is_sure, errors


class Survey:
    """Looks at all bytes of a file as they pass, and keeps what the decision needs."""

    def __init__(self) -> None:
        self.size = 0
        self.lines = 0
        self.has_quotes = False
        self.head = b""
        self._unusual: list[bytes] = []
        self._kept = 0
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._wrong = 0
        self._leads = 0

    def see(self, block: bytes) -> None:
        if not self.size:
            self.head = block[:_HEAD]
        self.size += len(block)
        self.lines += block.count(b"\n")
        self.has_quotes = self.has_quotes or b'"' in block
        if block.isascii() and not self._utf8.getstate()[0]:
            return
        if self._wrong < _ENOUGH:
            self._leads += len(block) - len(block.translate(None, _LEADS))
            self._check(block)
        if self._kept < _HEAD:
            self._keep(block)

    def _check(self, block: bytes) -> None:
        while self._wrong < _ENOUGH:
            try:
                self._utf8.decode(block)
                return
            except UnicodeDecodeError as error:
                self._wrong += 1
                self._utf8.reset()
                block = error.object[error.end :]

    def _keep(self, block: bytes) -> None:
        for line in re.split(rb"[\r\n]+", block):
            if not line.isascii():
                self._unusual.append(line[:1000])
                self._kept += len(self._unusual[-1])
                if self._kept >= _HEAD:
                    return

    def decide(self) -> Encoding:
        for mark, name in _MARKS:
            if self.head.startswith(mark):
                return Encoding(name, errors="replace")
        unmarked = wide(self.head)
        if unmarked:
            return Encoding(unmarked, errors="replace")
        if not self._wrong:
            return Encoding("utf-8", errors="replace")  # the last character may be cut
        # Now and then a broken character in otherwise good UTF-8 does not make it something else.
        if self._wrong < _ENOUGH and self._leads > 20 * self._wrong:
            return Encoding("utf-8", errors="replace", is_sure=False)
        return _among_code_pages(b"\n".join(self._unusual))


def wide(head: bytes) -> str:
    """UTF-16 without a mark: every other byte of line ends, digits and delimiters is zero."""
    even, odd = head[0:4096:2].count(0), head[1:4096:2].count(0)
    half = max(len(head[:4096]) // 2, 1)
    enough = max(half // 10, 2)
    if odd > enough and odd > 10 * even:
        return "utf-16-le"
    if even > enough and even > 10 * odd:
        return "utf-16-be"
    return ""


def _among_code_pages(sample: bytes) -> Encoding:
    best, best_score = "cp1252", -1.0
    for name in _LETTERS:
        score = _score(sample, name)
        if score > best_score + 1e-9:
            best, best_score = name, score
    if best_score >= _SURE:
        return Encoding(best, errors=_leniency(sample, best))
    other = _by_library(sample)
    if other:
        return Encoding(other, is_sure=False, errors="replace")
    return Encoding(best, is_sure=False, errors="replace")


def _leniency(sample: bytes, name: str) -> str:
    try:
        sample.decode(name)
    except UnicodeDecodeError:
        return "replace"
    return "strict"


@cache
def _weights(name: str) -> dict[str, float]:
    """What each character adds. Alphabets other than the Latin are told by how frequent theirs are,
    so the letters of those stand in that order."""
    usual, rare = _LETTERS[name]
    falling = 0.0 if name in _LATIN else 0.4 / len(usual)
    weights = dict.fromkeys(rare, 0.4) | {"\xa0": 0.3}
    return weights | {char: 1 - falling * place for place, char in enumerate(usual)}


def _score(sample: bytes, name: str) -> float:
    """How much like text the sample is in this code page: 1 at best, below 0 at worst."""
    weights = _weights(name)
    text = sample.decode(name, errors="replace")
    points, count = 0.0, 0
    for before, char in zip(" " + text, text, strict=False):
        if char < "\x80":
            continue
        count += 1
        if char in weights:
            points += weights[char]
        elif not char.isalpha():
            points -= 1.0 if before.isalpha() else 0.2
    return points / count if count else 0.0


def _by_library(sample: bytes) -> str:
    from charset_normalizer import from_bytes

    found = from_bytes(sample[:32768]).best()
    return found.encoding if found is not None and found.encoding != "ascii" else ""


def is_encoded_twice(text: str) -> bool:
    """Whether text looks like UTF-8 that was taken for a code page on its way (mojibake)."""
    return not text.isascii() and _TWICE.search(text) is not None
