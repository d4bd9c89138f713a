"""Files in the database: what goes in comes out, from any place, and old ones go."""

from __future__ import annotations

import hashlib
import io
import tracemalloc
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from archive import files
from archive.files import PART, FileRefused, opened, store
from archive.models import Departure, FilePart, ImportBatch, Job, StoredFile
from tenants.context import business
from tests.factories import Shop

DATA = bytes(range(256)) * (PART // 256) * 2 + b"the end"


def keep(data: bytes, chunk: int = 100_000, name: str = "a.csv") -> StoredFile:
    return store(name, (data[at : at + chunk] for at in range(0, len(data), chunk)), by=None)


@pytest.mark.parametrize("chunk", [7_777, PART, len(DATA)])
def test_what_goes_in_comes_out(inside: Shop, chunk: int) -> None:
    file = keep(DATA, chunk)
    assert (file.size, file.sha256) == (len(DATA), hashlib.sha256(DATA).hexdigest())
    assert list(FilePart.objects.filter(file=file).values_list("number", flat=True)) == [0, 1, 2]
    assert opened(file).read() == DATA


def test_any_place_can_be_read(inside: Shop) -> None:
    reading, same = opened(keep(DATA)), io.BytesIO(DATA)
    for offset, whence, length in [
        (PART - 3, 0, 6), (-5, 2, 10), (0, 0, 1), (PART, 1, PART), (len(DATA) + 9, 0, 4),
    ]:  # fmt: skip
        assert reading.seek(offset, whence) == same.seek(offset, whence)
        assert reading.read(length) == same.read(length)
        assert reading.tell() == same.tell()
    with pytest.raises(OSError):
        reading.seek(-1)


def test_an_empty_file(inside: Shop) -> None:
    file = keep(b"")
    assert file.size == 0
    assert opened(file).read() == b""


def test_memory_is_bounded(inside: Shop) -> None:
    """Thirty megabytes go in and come out through a few."""

    def pieces() -> Iterator[bytes]:
        for _number in range(300):
            yield bytes(100_000)

    tracemalloc.start()
    reading = opened(store("zeros.bin", pieces(), by=None))
    while reading.read(65_536):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Twenty-eight of them go through; about nine are there at once.
    assert peak < 20 * PART


def test_too_much_is_refused_and_nothing_kept(inside: Shop, settings: Any) -> None:
    settings.UPLOAD_LIMIT = 2 * PART
    with pytest.raises(FileRefused, match="larger than 2 MB"):
        keep(DATA)
    assert not StoredFile.objects.exists()
    assert not FilePart.objects.exists()


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("C:\\Users\\x\\list.csv", "list.csv"),
        ("../../etc/passwd", "passwd"),
        ("a\r\nb.csv", "ab.csv"),
        ("", "file"),
        ("x" * 300 + ".csv", "x" * 196 + ".csv"),
    ],
)
def test_names_are_made_plain(inside: Shop, name: str, plain: str) -> None:
    assert keep(b"x", name=name).name == plain


def test_old_files_go_and_needed_ones_stay(shop: Shop, settings: Any) -> None:
    settings.KEEP_FILES_DAYS = 30
    with business(shop.business):
        old, wanted, leaving, young = (keep(b"x", name=name) for name in "abcd")
        long_ago = timezone.now() - timedelta(days=31)
        StoredFile.objects.exclude(pk=young.pk).update(created_at=long_ago)
        batch = ImportBatch.objects.create(
            kind="products", file_name="a", file_hash="", file=old, created_by=shop.owner
        )
        Job.objects.create(kind="x", file=old, state=Job.State.DONE)
        Job.objects.create(kind="x", file=wanted)
        Departure.objects.create(archive=leaving, keep_months=1, delete_after=timezone.now())
    assert files.prune() == 1
    with business(shop.business):
        assert set(StoredFile.objects.values_list("name", flat=True)) == {"b", "c", "d"}
        assert FilePart.objects.count() == 3
        batch.refresh_from_db()
        assert batch.file is None
    assert files.prune() == 0
