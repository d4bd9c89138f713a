"""`manage.py import_data` as the person at the keyboard sees it."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from archive.progress import Bar
from tenants.models import Business
from tests.archive.exports import row, stalls, write

pytestmark = pytest.mark.django_db


def run(path: Path, **options: Any) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("import_data", str(path), stdout=out, stderr=err, no_color=True, **options)
    return out.getvalue(), err.getvalue()


def test_one_line_for_each_table_and_what_was_left_out(tmp_path: Path) -> None:
    export = {**stalls(), "extras": []}
    row(export, "products", 1)["shoeSize"] = 9
    out, err = run(write(tmp_path, export, "shop.json.gz"))
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[0] == "Ada's Stall /b/adas-stall/"
    assert "Products 5 created 0 changed 0 left alone" in lines
    assert "Opening stock 7 created 0 changed 0 left alone" in lines
    assert "Permissions without a counterpart here, left out: job_order.diagnose." in lines
    assert "Unknown columns of products, left out: shoeSize." in lines
    assert "Other parts of the file, left out: extras." in lines
    assert err == ""


def test_dry_run_says_so(tmp_path: Path) -> None:
    out, _ = run(write(tmp_path, stalls()), dry_run=True)
    assert "would be created" in out
    assert out.endswith("Nothing was written: this was a dry run.\n")
    assert not Business.objects.exists()


def test_every_fault_is_named_and_the_command_fails(tmp_path: Path) -> None:
    export = stalls()
    row(export, "products", 1)["sellingPrice"] = "twelve"
    row(export, "stock", 1)["qtyAvailable"] = "NaN"
    err = StringIO()
    with pytest.raises(CommandError, match="2 faults; nothing was imported") as caught:
        call_command("import_data", str(write(tmp_path, export)), stderr=err, no_color=True)
    assert caught.value.returncode == 1
    assert err.getvalue().splitlines() == [
        "products 1, sellingPrice: is not a number (twelve)",
        "stock 1, qtyAvailable: is not a finite number (NaN)",
    ]


def test_a_file_that_is_no_export_is_one_sentence(tmp_path: Path) -> None:
    for content, says in (
        (b"", "is empty"),
        (b"{}", "none of the tables"),
        (b"a,b", "not an export"),
    ):
        path = tmp_path / "x.json"
        path.write_bytes(content)
        with pytest.raises(CommandError, match=says) as caught:
            run(path)
        assert caught.value.returncode == 1
    with pytest.raises(CommandError, match="There is no file"):
        run(tmp_path / "nothing")


def test_business_and_name(tmp_path: Path) -> None:
    out, _ = run(write(tmp_path, stalls()), business="Cleo's Stall", rename="Quay")
    assert "Quay  /b/quay/" in out
    assert [b.name for b in Business.objects.all()] == ["Quay"]


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_the_bar_shows_on_a_terminal_only() -> None:
    screen, file = Terminal(), StringIO()
    for stream in (screen, file):
        bar = Bar("Reading", stream)
        bar(1, 4)
        bar(4, 4)
        bar.close()
    assert file.getvalue() == ""
    assert "25%" in screen.getvalue() and "100%" in screen.getvalue()
    assert screen.getvalue().endswith("\r")
