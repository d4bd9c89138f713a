"""The lines of a sales file, out of whatever table it is stored as."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from archive.history.mapping import SalesMap
from archive.history.reading import Faults, Line, LineReader
from archive.tables import Faulty, open_table
from archive.tables.source import Source

_BLOCK = 1024 * 1024


class SalesFile:
    """A file that can be read again and again. Raises TableError where it is no table."""

    def __init__(self, source: Path | str | IO[bytes], name: str, mapping: SalesMap) -> None:
        self._source = Source(source, name)
        self.mapping = mapping
        self.table = open_table(
            source,
            name=name,
            encoding=mapping.encoding,
            delimiter=mapping.delimiter,
            decimal_comma=mapping.decimal_comma,
        )

    def sha256(self) -> str:
        """Of the bytes as they are stored."""
        told = hashlib.sha256()
        with self._source.stored() as file:
            while block := file.read(_BLOCK):
                told.update(block)
        return told.hexdigest()

    def lines(self, faults: Faults) -> Iterator[tuple[Line, float]]:
        """Each good line and which part of the file was read with it; the others are faults.

        Raises MapError for a column that is not there, TableError where the file breaks off.
        """
        about = self.table.about
        reader = LineReader(self.mapping, self.table.columns, faults, comma=about.decimal_comma)
        expected = max(about.lines, 1)
        for row, cells in self.table.rows():
            if isinstance(cells, Faulty):
                faults.add(row, "", "", cells.reason)
                continue
            line = reader.read(row, cells)
            if line is not None:
                yield line, min(row / expected, 1.0)
