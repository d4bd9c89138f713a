"""Tables out of files: CSV, TSV and XLSX in whatever shape they come, read within fixed bounds."""

from archive.tables.delimited import DELIMITERS, Faulty
from archive.tables.encodings import ENCODINGS, is_encoded_twice
from archive.tables.errors import TableError
from archive.tables.table import About, Table, open_table
from archive.tables.workbook import Exact

__all__ = [
    "DELIMITERS",
    "ENCODINGS",
    "About",
    "Exact",
    "Faulty",
    "Table",
    "TableError",
    "is_encoded_twice",
    "open_table",
]
