"""Unpacking pictures lets plain files in, below its folder, and nothing else."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from backups import media
from backups.errors import BackupError
from backups.manifest import Pictures


def packed(**fields: object) -> io.BytesIO:
    entry = tarfile.TarInfo("1/cup.webp")
    for name, value in fields.items():
        setattr(entry, name, value)
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        tar.addfile(entry, io.BytesIO(b"x" * entry.size))
    written.seek(0)
    return written


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "../out.webp", "size": 1},
        {"name": "1/../../out.webp", "size": 1},
        {"name": "/tmp/out.webp", "size": 1},
        {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
        {"type": tarfile.LNKTYPE, "linkname": "../../secret"},
        {"type": tarfile.FIFOTYPE},
        {"type": tarfile.CHRTYPE},
        {"type": tarfile.DIRTYPE},
    ],
)
def test_whatever_is_no_plain_file_below_is_refused(
    tmp_path: Path, fields: dict[str, object]
) -> None:
    root = tmp_path / "media"
    root.mkdir()
    with pytest.raises(BackupError, match="is no file of ours"):
        media.unpack(packed(**fields), root, Pictures(0, 0, ""))
    assert [path for path in tmp_path.rglob("*") if path != root] == []
