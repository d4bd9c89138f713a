"""The kinds of work that archive/jobs.py knows: importing this registers them."""

from archive.work import books, exports, imports, leaving

__all__ = ["books", "exports", "imports", "leaving"]
