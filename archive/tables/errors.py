"""The one error that a table raises."""

from __future__ import annotations


class TableError(Exception):
    """The file as a whole cannot be read as a table, or not further than to where it was read.

    The message is for the person: what the file seems to be, and what to do.
    """
