"""Files that people bring and take away: kept in the database in pieces of one megabyte.

So each process finds them, they survive a restart, and a disk is not needed. Reading and writing
hold one piece in memory, however large the file is.
"""

from __future__ import annotations

import errno
import hashlib
import io
from collections.abc import Iterable
from datetime import timedelta
from typing import IO, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from archive.models import Departure, FilePart, ImportBatch, Job, StoredFile
from tenants import context
from tenants.errors import Refused
from tenants.models import Business

PART = 1024 * 1024


class FileRefused(Refused):
    """The file is not taken in; the message says why."""


class Writing(io.RawIOBase):
    """A file of the bound business that is being written; `finish()` gives the row.

    Must live within one transaction: what is not finished is rolled back with it. A `limit` in bytes
    is for what people bring; write() raises FileRefused beyond it.
    """

    def __init__(self, name: str, *, by: User | None, limit: int | None = None) -> None:
        super().__init__()
        self._limit = limit
        self._hash = hashlib.sha256()
        self._size = self._number = 0
        self._rest = bytearray()
        self._file: StoredFile = StoredFile.objects.create(
            name=plain_name(name), size=0, sha256="", created_by=by
        )

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._size += len(data)
        if self._limit is not None and self._size > self._limit:
            raise FileRefused(
                "too_large",
                _("The file is larger than %(limit)s MB, which is the most that is taken here.")
                % {"limit": self._limit // PART},
            )
        self._hash.update(data)
        self._rest += data
        while len(self._rest) >= PART:
            self._put(bytes(self._rest[:PART]))
            del self._rest[:PART]
        return len(data)

    def _put(self, data: bytes) -> None:
        FilePart.objects.create(file=self._file, number=self._number, data=data)
        self._number += 1

    def finish(self) -> StoredFile:
        if self._rest:
            self._put(bytes(self._rest))
            self._rest.clear()
        self._file.size, self._file.sha256 = self._size, self._hash.hexdigest()
        self._file.save(update_fields=["size", "sha256"])
        return self._file


class _Reading(io.RawIOBase):
    def __init__(self, file: StoredFile) -> None:
        super().__init__()
        self._file = file
        self._at = 0
        self._number = -1
        self._data = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size}[whence]
        if start + offset < 0:
            # What a file on a disk says, and readers of archives rely on.
            raise OSError(errno.EINVAL, "A position in a file is not negative.")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self._file.size:
            return 0
        number, offset = divmod(self._at, PART)
        if number != self._number:
            parts = FilePart.objects.filter(file=self._file, number=number)
            self._data = bytes(parts.values_list("data", flat=True).get())
            self._number = number
        piece = self._data[offset : offset + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def store(name: str, chunks: Iterable[bytes], *, by: User | None) -> StoredFile:
    """Keep what a person brought, under the last part of its name.

    Raises FileRefused beyond settings.UPLOAD_LIMIT bytes; nothing is kept then.
    """
    with transaction.atomic():
        writing = Writing(name, by=by, limit=settings.UPLOAD_LIMIT)
        for chunk in chunks:
            writing.write(chunk)
        return writing.finish()


def copied(name: str, source: IO[bytes], *, by: User | None) -> StoredFile:
    """Keep what was made here: all that is left of `source`, however large. Part of the caller's
    transaction."""
    writing = Writing(name, by=by)
    while data := source.read(PART):
        writing.write(data)
    return writing.finish()


def opened(file: StoredFile) -> io.BufferedReader:
    """The contents, seekable; at most two megabytes of them are in memory at a time.

    Reads the database as it is read, so the business must be bound and the transaction open.
    """
    return io.BufferedReader(_Reading(file), 64 * 1024)


def plain_name(name: str) -> str:
    """A name that is safe to show and to send in a header: no path, no control characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last if c.isprintable()).strip()[-200:] or _("file")


def prune() -> int:
    """Delete the files of every business that are older than settings.KEEP_FILES_DAYS; how many.

    Files of work that is still to be done, and the archive of a departing business, stay.
    """
    before = timezone.now() - timedelta(days=settings.KEEP_FILES_DAYS)
    count = 0
    for company in Business.objects.all():
        with context.business(company), transaction.atomic():
            count += _prune_bound(before)
    return count


def _prune_bound(before: Any) -> int:
    waiting = Job.objects.filter(state__in=[Job.State.WAITING, Job.State.RUNNING])
    old = StoredFile.objects.filter(created_at__lt=before)
    old = old.exclude(pk__in=Departure.objects.filter(archive__isnull=False).values("archive"))
    old = old.exclude(pk__in=waiting.filter(file__isnull=False).values("file"))
    ids = list(old.values_list("pk", flat=True)[:1000])
    if ids:
        ImportBatch.objects.filter(file__in=ids).update(file=None)
        Job.objects.filter(file__in=ids).update(file=None)
        FilePart.objects.filter(file__in=ids).delete()
        StoredFile.objects.filter(pk__in=ids).delete()
    return len(ids)
