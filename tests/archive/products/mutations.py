"""Ways in which a good file goes bad on its way: cut, doubled, re-encoded, moved, spoilt."""

from __future__ import annotations

import csv
import gzip
import io
import random
from collections.abc import Callable, Iterator

from tests.archive.tables.making import workbook

ENCODINGS = (
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "cp1252",
    "cp1251",
    "cp1256",
    "latin-1",
)
SPOILT = (
    "NaN", "twelve", "1e400", "-1", "Infinity", "1,2,3", "5,9E+12", "", "NULL", "#REF!", "=1+1",
    "\u202e1", "9" * 400, "0", "1.234,56", "(3)", "٣", "|", "||1|", "a|b|c", "\x00", "yes", "%",
)  # fmt: skip

Mutation = Callable[[bytes, random.Random], bytes]


def _cells(content: bytes) -> list[list[str]]:
    text = content.decode("utf-8", errors="replace").replace("\x00", "")
    delimiter = ";" if text.partition("\n")[0].count(";") > 5 else ","
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)) or [[""]]
    except csv.Error:
        return [[text[:1000]]]


def _written(rows: list[list[str]], delimiter: str = ",") -> bytes:
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter).writerows(rows)
    return file.getvalue().encode("utf-8", errors="replace")


def cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def cut_out(content: bytes, chance: random.Random) -> bytes:
    start = chance.randrange(len(content) + 1)
    return content[:start] + content[start + chance.randrange(40) :]


def doubled(content: bytes, chance: random.Random) -> bytes:
    return content + content


def re_encoded(content: bytes, chance: random.Random) -> bytes:
    text = content.decode("utf-8", errors="replace")
    return text.encode(chance.choice(ENCODINGS), errors="replace")


def encoded_twice(content: bytes, chance: random.Random) -> bytes:
    return content.decode(chance.choice(["cp1252", "cp1251", "latin-1"]), errors="ignore").encode()


def columns_moved(content: bytes, chance: random.Random) -> bytes:
    rows = _cells(content)
    order = list(range(len(rows[0])))
    chance.shuffle(order)
    return _written([[row[i] if i < len(row) else "" for i in order] for row in rows])


def column_lost(content: bytes, chance: random.Random) -> bytes:
    rows = _cells(content)
    place = chance.randrange(len(rows[0]) or 1)
    return _written([row[:place] + row[place + 1 :] for row in rows])


def rows_repeated(content: bytes, chance: random.Random) -> bytes:
    rows = _cells(content)
    for _time in range(chance.randrange(1, 5)):
        rows.insert(chance.randrange(len(rows) + 1), chance.choice(rows))
    return _written(rows)


def rows_moved(content: bytes, chance: random.Random) -> bytes:
    header, *rows = _cells(content)
    chance.shuffle(rows)
    return _written([header, *rows])


def row_lost(content: bytes, chance: random.Random) -> bytes:
    rows = _cells(content)
    del rows[chance.randrange(len(rows))]
    return _written(rows)


def cell_lost(content: bytes, chance: random.Random) -> bytes:
    rows = _cells(content)
    row = chance.choice(rows)
    if row:
        del row[chance.randrange(len(row))]
    return _written(rows)


def cells_spoilt(content: bytes, chance: random.Random) -> bytes:
    rows = _cells(content)
    for _time in range(chance.randrange(1, 8)):
        row = chance.choice(rows)
        if row:
            row[chance.randrange(len(row))] = chance.choice(SPOILT)
    return _written(rows, chance.choice(",;\t|"))


def quotes_broken(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _time in range(chance.randrange(1, 5)):
        changed.insert(chance.randrange(len(changed) + 1), ord('"'))
    return bytes(changed)


def bytes_spoilt(content: bytes, chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _time in range(chance.randrange(1, 12)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def line_ends(content: bytes, chance: random.Random) -> bytes:
    return content.replace(b"\r\n", b"\n").replace(
        b"\n", chance.choice([b"\r", b"\r\n", b"\n\n", b" "])
    )


def packed(content: bytes, chance: random.Random) -> bytes:
    whole = gzip.compress(content)
    return whole if chance.random() < 0.5 else whole[: chance.randrange(len(whole))]


def as_workbook(content: bytes, chance: random.Random) -> bytes:
    legal = [[cell.translate(_ILLEGAL)[:30_000] for cell in row] for row in _cells(content)]
    whole = workbook(*[[_typed(cell, chance) for cell in row] for row in legal[:200]])
    return whole if chance.random() < 0.5 else bytes_spoilt(whole, chance)


_ILLEGAL = dict.fromkeys([*range(9), 11, 12, *range(14, 32)])


def _typed(cell: str, chance: random.Random) -> str | float:
    """Now and then a spreadsheet takes digits for a number."""
    return float(cell) if cell.isascii() and cell.isdigit() and chance.random() < 0.5 else cell


MUTATIONS: tuple[Mutation, ...] = (
    cut, cut_out, doubled, re_encoded, encoded_twice, columns_moved, column_lost, rows_repeated,
    rows_moved, row_lost, cell_lost, cells_spoilt, quotes_broken, bytes_spoilt, line_ends, packed,
    as_workbook,
)  # fmt: skip


def mutated(content: bytes, count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """`count` files made from a good one by one to three mutations each, with their names."""
    for number in range(count):
        chance = random.Random(f"{seed} {number}")
        changed, names = content, []
        for _step in range(chance.choice([1, 1, 2, 3])):
            mutation = chance.choice(MUTATIONS)
            if changed:
                changed = mutation(changed, chance)
                names.append(mutation.__name__)
        yield f"{number}: {' '.join(names)}", changed
