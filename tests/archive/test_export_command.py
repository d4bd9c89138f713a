"""`manage.py export_data` as the person at the keyboard sees it."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from archive.exportfile import OWN_TABLES, TABLES
from archive.exporting import writing
from archive.exporting.reading import pieces
from archive.exporting.target import TargetRefused, whole_file
from inventory.models import StockLevel, StockMovement
from tests.conftest import ROOT
from tests.factories import Shop

pytestmark = pytest.mark.django_db


def run(path: Path, **options: Any) -> str:
    out = StringIO()
    call_command("export_data", str(path), stdout=out, no_color=True, **options)
    return out.getvalue()


def test_one_file_with_every_array_in_its_order(shop: Shop, tmp_path: Path) -> None:
    told = run(tmp_path / "shop.json")
    data = json.loads((tmp_path / "shop.json").read_text())
    assert list(data) == ["format", "version", *TABLES, *OWN_TABLES]
    assert (*TABLES, *OWN_TABLES) == writing.TABLES
    lines = [" ".join(line.split()) for line in told.splitlines()]
    assert "products 3" in lines and "movements 2" in lines
    assert hashlib.sha256((tmp_path / "shop.json").read_bytes()).hexdigest() in lines[-1]
    assert os.listdir(tmp_path) == ["shop.json"]
    assert (tmp_path / "shop.json").stat().st_mode & 0o777 == 0o600


def test_the_rows_have_the_columns_of_the_format(shop: Shop, tmp_path: Path) -> None:
    """Those of the hand-made file, and no other name for them."""
    run(tmp_path / "shop.json")
    data = json.loads((tmp_path / "shop.json").read_text())
    stalls = json.loads((Path(__file__).parent / "fixtures" / "two-stalls.json").read_text())
    for table in TABLES:
        if data[table]:
            assert stalls[table][0].keys() <= data[table][0].keys(), table
    place = stalls["businesses"][0]["locations"][0]
    assert place.keys() <= data["businesses"][0]["locations"][0].keys()


def test_compressed_it_is_the_same_bytes_each_time(shop: Shop, tmp_path: Path) -> None:
    run(tmp_path / "one.json.gz")
    time.sleep(1.1)
    run(tmp_path / "two", gzip=True)
    run(tmp_path / "plain.json")
    first = (tmp_path / "one.json.gz").read_bytes()
    assert first == (tmp_path / "two").read_bytes()
    assert gzip.decompress(first) == (tmp_path / "plain.json").read_bytes()


@pytest.mark.parametrize("asked", ["acme", "ACME", "id"])
def test_one_business(shop: Shop, other_shop: Shop, tmp_path: Path, asked: str) -> None:
    run(tmp_path / "x.json", business=str(shop.business.pk) if asked == "id" else asked)
    text = (tmp_path / "x.json").read_text()
    assert [row["slug"] for row in json.loads(text)["businesses"]] == ["acme"]
    assert "rival" not in text
    run(tmp_path / "both.json")
    assert "rival" in (tmp_path / "both.json").read_text()


def test_a_business_that_is_not_there(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"no business “nope”. There is: acme \("):
        run(tmp_path / "x.json", business="nope")
    assert not os.listdir(tmp_path)


def test_nothing_is_overwritten_unasked(shop: Shop, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("precious")
    with pytest.raises(CommandError, match="--overwrite"):
        run(path)
    assert path.read_text() == "precious"
    run(path, overwrite=True)
    assert path.read_text().startswith('{"format":"tillbook"')
    with pytest.raises(CommandError, match="There is no folder"):
        run(tmp_path / "nowhere" / "x.json")


def test_what_fails_leaves_no_file(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **options: Any) -> None:
        raise RuntimeError("the disk of the database")

    monkeypatch.setattr("archive.exporting.books.Books.movements", broken)
    with pytest.raises(RuntimeError):
        run(tmp_path / "x.json.gz")
    assert not os.listdir(tmp_path)


def test_what_came_in_the_way_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.json"

    def meanwhile() -> None:
        with whole_file(path) as file:
            file.write(b"ours")
            path.write_text("theirs")

    with pytest.raises(TargetRefused):
        meanwhile()
    assert path.read_text() == "theirs" and os.listdir(tmp_path) == ["x.json"]


def test_where_files_need_a_name_it_goes_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    with whole_file(tmp_path / "x") as file:
        file.write(b"all")
    assert (tmp_path / "x").read_bytes() == b"all"

    def broken() -> None:
        with whole_file(tmp_path / "y") as file:
            file.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert os.listdir(tmp_path) == ["x"]


_SLOW = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from archive.exporting.reading import pieces
from archive.exporting.target import whole_file
with whole_file(Path({path!r})) as file:
    file.write(b"x" * 1_000_000)
    file.flush()
    print("half", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="files without names are of Linux")
def test_killed_it_leaves_no_file(tmp_path: Path) -> None:
    code = _SLOW.format(root=str(ROOT), path=str(tmp_path / "x.json"))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None and child.stdout.readline() == b"half\n"
        child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL
    assert not os.listdir(tmp_path)


def test_tables_are_read_in_pieces(inside: Shop) -> None:
    sizes = [len(piece) for piece in pieces(StockMovement.objects.all(), chunk=1)]
    assert sizes == [1, 1]
    places = pieces(StockLevel.objects.all(), "variation_id", "location_id", chunk=1)
    found = [(level.variation_id, level.location_id) for piece in places for level in piece]
    assert len(found) == 2 and found == sorted(found)
