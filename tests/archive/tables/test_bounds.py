"""Files made to fill the memory are refused, quickly, and without filling it."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from archive.tables import TableError
from tests.archive.tables.making import opened, told

ROOT = Path(__file__).resolve().parents[3]
MEGABYTE = 1024 * 1024

#: Reads a table to its end in a process of its own and tells the most memory that it had.
_READ = """
import os, re, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pos.settings")
import django
django.setup()
from archive.tables import TableError, open_table
try:
    count = sum(1 for row in open_table(sys.argv[1], name="file").rows())
except TableError as refused:
    count = refused
# Not getrusage(): after a fork it counts what the parent had.
most = re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())
print(int(most[1]) // 1024, count, sep="|")
"""


def _read(path: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(path)], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    memory, _bar, told = done.stdout.strip().rpartition("\n")[2].partition("|")
    return int(memory), told


def _packed(path: Path, head: bytes, block: bytes, count: int) -> Path:
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(head)
        for _number in range(count):
            file.write(block)
    return path


def test_two_gigabytes_of_zeros_in_a_small_file(tmp_path):
    path = _packed(tmp_path / "zeros.csv.gz", b"", bytes(32 * MEGABYTE), 64)
    memory, told = _read(path)
    assert told == "file holds nothing but zero bytes; it is no table."
    assert memory < 150


def test_zeros_after_a_good_beginning(tmp_path):
    path = _packed(tmp_path / "t.csv.gz", b"name,sku\nTea,1\n", bytes(8 * MEGABYTE), 32)
    memory, told = _read(path)
    assert "unpacks to far more" in told
    assert memory < 150


def test_a_long_table_takes_no_more_memory_than_a_short_one(tmp_path):
    path = tmp_path / "long.csv"
    with path.open("w") as file:
        file.write("name,sku,price\n")
        file.writelines(f'"Tea, number {n}",{n:08},{n}.50\n' for n in range(400_000))
    memory, told = _read(path)
    assert told == "400000"
    assert memory < 150


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"a" * (2 * MEGABYTE), "line of more than a million characters"),
        (b"name,sku\n" + b"a" * (2 * MEGABYTE), "line of more than a million characters"),
        (b"a," * 2000 + b"\n1,2\n", "more than 1000 cells"),
        (b"name,sku\n" + b"," * 5000, "more than 1000 cells"),
        (b"name,sku\n" + b'"aaa\n' * 20_000, "do not fit its header"),
        (b'name,sku\n"' + b"abc\n" * 200_000, "do not fit its header"),
    ],
    ids=told,
)
def test_lines_and_cells_beyond_all_bounds(content, reason):
    with pytest.raises(TableError, match=reason):
        list(opened(content).rows())


def test_a_record_that_goes_on_for_ever_is_cut_into_lines():
    found = opened(b"name,sku\n" + b'"a\nb",' * 400_000).rows()
    assert sum(1 for _row in found) == 400_001
