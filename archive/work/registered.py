"""All kinds of work. Nobody needs them to answer a till: archive/jobs.py imports this when asked."""

from archive.work import books, exports, imports, leaving

__all__ = ["books", "exports", "imports", "leaving"]
