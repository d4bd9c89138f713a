"""Everything a business has, in one archive that can be read without us: `manifest.json` says what
it holds, how much of it, and the hash of every file."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, Final, Self

from django.utils import timezone

from accounts.models import AuditEntry
from archive.exporting.form import Hashed
from archive.exporting.people import people_tables
from archive.exporting.reading import in_order
from archive.exporting.sheets import Table, write_csv
from archive.exporting.snapshot import Progress, snapshot
from archive.exporting.writing import export_business
from tenants.context import current

FORMAT: Final = "tillbook-archive"
VERSION: Final = 1
README: Final = """\
Everything that this business had in Tillbook.

data.json          all of it, for programs; Tillbook reads it again with import_data
tables/*.csv       the same for people: open them in a spreadsheet
audit.jsonl        who did what and when, one entry a line
manifest.json      how many rows each file has, its size, and its SHA-256

It holds personal data and password hashes. Keep it where only the owners of the business get at it.
"""


class Archive:
    """A ZIP that is being written. Holds neither a file nor a table in memory."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED)
        self.files: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._zip.close()

    @contextmanager
    def file(self, name: str) -> Iterator[Any]:
        """Where the file's bytes go; what is put into `rows` of its entry stands in the manifest."""
        entry = zipfile.ZipInfo(name)
        entry.compress_type = zipfile.ZIP_DEFLATED
        with self._zip.open(entry, "w", force_zip64=True) as file:
            hashed = Hashed(file)
            yield hashed
        self.files[name] = {"size": hashed.size, "sha256": hashed.sha256}

    def tables(self, tables: Iterable[Table]) -> None:
        for table in tables:
            name = f"tables/{table.name}.csv"
            with self.file(name) as file:
                count = write_csv(file, table.columns, table.rows())
            self.files[name]["rows"] = count

    def end(self, **facts: Any) -> dict[str, Any]:
        """Write the manifest; returns the manifest."""
        business = current()
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "business": {"name": business.name, "slug": business.slug},
            "made_at": timezone.now().isoformat(),
            "files": self.files,
            **facts,
        }
        self._zip.writestr("manifest.json", json.dumps(manifest, indent=2, ensure_ascii=False))
        return manifest


def write_archive(stream: IO[bytes], progress: Progress | None = None) -> dict[str, Any]:
    """Write the bound business as of one moment and return the manifest; see `Archive`.

    With the hashes of passwords: for owners only.

    Within an open transaction use `snapshot.at_one_moment()`.
    """
    with snapshot(), Archive(stream) as archive:
        with archive.file("README.txt") as file:
            file.write(README.encode())
        with archive.file("data.json") as file:
            written = export_business(file, secrets=True, progress=progress)
        archive.files["data.json"]["rows"] = written.counts
        archive.tables(people_tables())
        with archive.file("audit.jsonl") as file:
            count = _lines(file.write)
        archive.files["audit.jsonl"]["rows"] = count
        return archive.end()


def _lines(write: Callable[[bytes], int]) -> int:
    count = 0
    for row in in_order(AuditEntry.objects.select_related("actor")):
        entry = {
            "at": row.created_at.isoformat(),
            "by": row.actor.name if row.actor else None,
            "action": row.action,
            "kind": row.object_type,
            "id": row.object_id,
            "what": row.object_text,
            "changes": row.changes,
        }
        write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
        count += 1
    return count
