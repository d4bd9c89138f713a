"""The one error that a table raises."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from typing import Final
from xml.parsers import expat

#: Whatever the libraries throw at an archive or at XML that is damaged or makes no sense.
BROKEN: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    expat.ExpatError,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


class TableError(Exception):
    """The file as a whole cannot be read as a table, or not further than to where it was read.

    The message is for the person: what the file seems to be, and what to do.
    """
