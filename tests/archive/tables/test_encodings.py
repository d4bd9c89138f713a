"""Which encoding a table is in."""

from __future__ import annotations

import pytest

from archive.tables import is_encoded_twice
from tests.archive.tables.making import opened

TEXTS = {
    "cp1252": ["Müsli mit Äpfeln", "Größere Käsesoße", "Café crème"],
    "cp1250": ["Łosoś wędzony", "Żurek śląski", "Škvařená slanina"],
    "cp1251": ["Молоко коровье", "Хлеб ржаной", "Сыр твёрдый"],
    "cp1253": ["Γάλα φρέσκο", "Ψωμί ολικής", "Τυρί φέτα"],
    "cp1254": ["Şekerli çikolata", "Yoğurt süzme", "Ispanaklı börek"],
    "cp1255": ["חלב טרי", "לחם שיפון", "גבינה צהובה"],
    "cp1256": ["حليب كامل الدسم", "خبز أسمر", "جبن أبيض"],
}


def _file(texts: list[str]) -> str:
    return "name;price\r\n" + "".join(f"{text};1,50\r\n" for text in texts)


@pytest.mark.parametrize("encoding", TEXTS)
def test_code_pages_are_told_apart(encoding):
    table = opened(_file(TEXTS[encoding]).encode(encoding))
    assert table.about.encoding == encoding
    assert [cells[0] for _row, cells in table.rows()] == TEXTS[encoding]
    assert table.about.warnings == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("texts", TEXTS.values(), ids=TEXTS)
def test_unicode_with_and_without_a_mark(encoding, texts):
    table = opened(_file(texts).encode(encoding))
    assert table.columns == ["name", "price"]
    assert [cells[0] for _row, cells in table.rows()] == texts


def test_one_accent_is_enough_for_western_text():
    table = opened("name,price\nCafé,1\nTea,2\n".encode("cp1252"))
    assert [cells[0] for _row, cells in table.rows()] == ["Café", "Tea"]


def test_text_of_no_windows_page_is_doubted_and_still_read():
    table = opened(_file(["いろはす天然水", "緑茶ペットボトル", "食塩水"]).encode("shift-jis"))
    assert next(cells[0] for _row, cells in table.rows()) == "いろはす天然水"
    assert "could not be told for certain" in table.about.warnings[0]


def test_a_byte_that_is_no_unicode_does_not_change_the_encoding_of_the_rest():
    good = _file(["Größe", "Äpfel", "Öl", "Käse"] * 10).encode()
    table = opened(good + b"caf\xe9;1,50\r\n")
    assert table.about.encoding == "utf-8"
    found = [cells[0] for _row, cells in table.rows()]
    assert found[0] == "Größe"
    assert found[-1] == "caf\ufffd"
    assert any("could not be read" in warning for warning in table.about.warnings)


def test_a_last_character_that_is_cut_off_is_no_reason_to_refuse():
    table = opened("name,sku\nTea,1\nМолоко".encode()[:-1])
    assert next(cells[0] for _row, cells in table.rows()) == "Tea"


def test_zero_bytes_in_a_cell_do_not_make_it_utf_16():
    table = opened(b"name,sku\nTe\0a,1\n")
    assert table.about.encoding == "utf-8"


@pytest.mark.parametrize("through", ["cp1252", "latin-1", "cp1251"])
def test_text_that_was_encoded_twice_is_recognised(through):
    broken = [
        text.encode().decode(through, errors="ignore")
        for text in ("Müsli für Äpfel", "Café crème", "Молоко коровье", "Größe – 5 €")
    ]
    assert [is_encoded_twice(text) for text in broken] == [True] * 4
    table = opened(_file(broken))
    assert any("encoded twice" in warning for warning in table.about.warnings)


@pytest.mark.parametrize("text", [text for texts in TEXTS.values() for text in texts])
def test_good_text_is_not_taken_for_broken(text):
    assert not is_encoded_twice(text)
