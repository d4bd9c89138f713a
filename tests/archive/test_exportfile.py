"""A file that cannot be read gets one sentence; one that can is read as a stream."""

import gzip
import json
from pathlib import Path

import pytest

from archive.exportfile import TABLES, ExportFile, ExportFileError, Nested
from tests.archive.exports import stalls, write


def rows(path: Path) -> list[tuple[str, object]]:
    return list(ExportFile(path).rows())


@pytest.mark.parametrize("name", ["export.json", "export.json.gz"])
def test_plain_and_compressed_give_the_same_rows(tmp_path: Path, name: str) -> None:
    export = stalls()
    found = rows(write(tmp_path, export, name))
    counts = {table: sum(1 for t, _ in found if t == table) for table in TABLES}
    assert counts == {table: len(export[table]) for table in TABLES}


def test_compression_is_told_by_content_and_not_by_name(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(gzip.compress(json.dumps(stalls()).encode()))
    assert len(rows(path)) == sum(len(stalls()[table]) for table in TABLES)


def test_copies_of_other_rows_are_passed_over(tmp_path: Path) -> None:
    found = dict(rows(write(tmp_path, stalls())))
    assert isinstance(found["productVariations"]["product"], Nested)  # type: ignore[index]
    assert found["businesses"]["locations"][0]["id"] == 3  # type: ignore[index]


def test_progress_ends_at_the_size_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, stalls(), "export.json.gz")
    told: list[tuple[int, int]] = []
    list(ExportFile(path, lambda done, size: told.append((done, size))).rows())
    assert told[-1] == (path.stat().st_size, path.stat().st_size)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_other_keys_are_named_and_a_mark_at_the_start_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    text = json.dumps({"version": 3, **stalls(), "sales": [{"lines": [[1]]}]})
    path.write_bytes(b"\xef\xbb\xbf  \n" + text.encode())
    file = ExportFile(path)
    list(file.rows())
    assert file.ignored == ["version", "sales"]
    assert file.found == set(TABLES)


def test_what_is_no_list_or_stands_twice_is_remembered(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text('{"brands": {"id": 1}, "units": [], "units": [{"id": 1}]}')
    file = ExportFile(path)
    assert list(file.rows()) == []
    assert file.wrong == {"brands": "is no list", "units": "stands twice in the file"}


def sentence(path: Path) -> str:
    with pytest.raises(ExportFileError) as caught:
        rows(path)
    text = str(caught.value)
    assert text.endswith(".") and "\n" not in text
    return text


WHOLE = json.dumps(stalls()).encode()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (b"   \n ", "does not begin like JSON"),
        (b"{}", "none of the tables"),
        (b'{"version": 1, "other": []}', "none of the tables"),
        (b"[1, 2]", "JSON list"),
        (b'"text"', "does not begin like JSON"),
        (b"\x89PNG\r\n\x1a\n0000", "does not begin like JSON"),
        (b"Name,Price\nTeapot,4.99\n", "does not begin like JSON"),
        ("{}".encode("utf-16"), "does not begin like JSON"),
        (WHOLE[:700], "breaks off in “businesses” after row"),
        (WHOLE[:-1], "breaks off"),
        (WHOLE + b"x", "is not valid JSON"),
        (WHOLE.replace(b'"12.0000"', b"NaN"), "is not valid JSON in “units” after row 1"),
        (
            WHOLE.replace(b'"id": 1,', b'"id": 1', 1),
            "is not valid JSON in “businesses” after row 1",
        ),
        (b'{"businesses": [{"name": "\xff\xfe"}]}', "is not valid JSON"),
        (gzip.compress(WHOLE)[:-400], "damaged or cut off"),
        (gzip.compress(WHOLE)[:-4] + b"0000", "damaged or cut off"),
        (b"\x1f\x8bnot really", "damaged or cut off"),
    ],
)
def test_one_clear_sentence(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(content)
    assert says in sentence(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    assert "There is no file" in sentence(tmp_path / "nothing.json")
    assert "is a folder" in sentence(tmp_path)


def test_deep_nesting_is_no_crash(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    path.write_text('{"users": [{"roles": ' + "[" * 5000 + "]" * 5000 + "}]}")
    assert "nested too deeply" in sentence(path)
    path.write_text('{"other": ' + "[" * 5000 + "]" * 5000 + ', "brands": []}')
    assert rows(path) == []
