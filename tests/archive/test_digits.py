"""Numbers that would end the process are kept from the parser."""

import io
from pathlib import Path

import pytest

from archive.digits import MOST, EndlessNumber, Measured
from archive.exportfile import ExportFileError
from archive.fitting import Unfit, number, settings, text
from archive.validation import read_export
from tests.archive.exports import stalls, write


def read(data: bytes, piece: int) -> bytes:
    stream = Measured(io.BytesIO(data))
    return b"".join(iter(lambda: stream.read(piece), b""))


@pytest.mark.parametrize("piece", [1, 7, 999, MOST, MOST + 1, 64 * 1024])
def test_a_run_is_found_wherever_the_pieces_end(piece: int) -> None:
    good = b'{"a": ' + b"7" * MOST + b', "b": "' + b"3x" * MOST + b'"}'
    assert read(good, piece) == good
    with pytest.raises(EndlessNumber):
        read(b'{"a": ' + b"7" * (MOST + 1) + b"}", piece)


def test_again_and_again(tmp_path: Path) -> None:
    """Without the guard the second file ends the process."""
    path = write(tmp_path, stalls())
    whole = path.read_text()
    for _time in range(3):
        path.write_text(whole.replace('"id": 1,', '"id": ' + "1" * 5000 + ",", 1))
        with pytest.raises(ExportFileError, match="a number without measure"):
            read_export(path)


@pytest.mark.parametrize("value", ["1e99", "-1e99", "123456789012345"])
def test_a_power_that_no_column_holds(value: str) -> None:
    with pytest.raises(Unfit, match="is too large"):
        number(value)


def test_numbers_of_the_parser_that_no_column_holds(tmp_path: Path) -> None:
    path = write(tmp_path, stalls())
    whole = path.read_text()
    for spelt, reason in (("1e999999999", "is too large"), ("1e-999999999", "four decimals")):
        path.write_text(whole.replace('"12.0000"', spelt, 1))
        (fault,) = read_export(path).faults
        assert reason in fault.reason


@pytest.mark.parametrize("value", ["a\x00b", "half \ud83d of it"])
def test_characters_that_no_column_takes(value: str) -> None:
    with pytest.raises(Unfit, match="cannot be stored"):
        text(20)(value)
    for told in ({"note": value}, {value: 1}, {"in": [{"deep": value}]}):
        with pytest.raises(Unfit, match="cannot be stored"):
            settings(told)
