"""`manage.py import_products` as the person at the keyboard sees it."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from archive.models import ImportBatch, SavedMapping
from inventory.models import Variation
from tests.archive.products.importing_them import GOOD, HALF_GOOD, HEADER, contents
from tests.factories import Shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return write(tmp_path, GOOD)


def write(folder: Path, rows: list[str], header: str = HEADER) -> Path:
    path = folder / "products.csv"
    path.write_text("\n".join([header, *rows, ""]), "utf-8")
    return path


def run(*arguments: object, **options: Any) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    options = {"business": "acme", "location": "HS", **options}
    texts = [str(one) for one in arguments]
    call_command("import_products", *texts, stdout=out, stderr=err, no_color=True, **options)
    return out.getvalue(), err.getvalue()


def test_a_dry_run_shows_old_and_new_and_writes_nothing(inside: Shop, good: Path) -> None:
    before = contents()
    out, err = run(good, dry_run=True)
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert lines[0] == "CSV, utf-8, delimiter ,, decimal point"
    assert "2 products are new" in lines
    assert "New brands: Nord." in lines
    assert "+ row 2 CUP-1 Red cup 4.5" in lines
    assert "MUG-1 price: 5 → 6" in lines
    assert lines[-1] == "Nothing was written: this was a dry run."
    assert err == ""
    assert contents() == before


def test_import_list_and_undo(inside: Shop, good: Path) -> None:
    before = contents()
    out, _err = run(good)
    batch = ImportBatch.objects.get()
    assert out.endswith(f"Imported. To take it back: --undo {batch.pk}\n")
    assert "products.csv" in run(list=True)[0]
    assert "here already" in run(good)[0]
    assert "is taken back" in run(undo=str(batch.pk))[0]
    assert contents() == before


def test_what_is_wrong_is_named_and_the_command_fails(inside: Shop, tmp_path: Path) -> None:
    path = write(tmp_path, HALF_GOOD)
    err = StringIO()
    with pytest.raises(CommandError, match="nothing was imported") as caught:
        call_command(
            "import_products", str(path), business="acme", location="HS",
            stderr=err, stdout=StringIO(), no_color=True,
        )  # fmt: skip
    assert caught.value.returncode == 1
    assert err.getvalue().startswith("products.csv, row 3, Price: “twelve” is")
    assert not Variation.objects.filter(sku="CUP-1").exists()
    run(path, only="good")
    assert Variation.objects.filter(sku="CUP-1").exists()


def test_the_report_as_json(inside: Shop, good: Path) -> None:
    report = json.loads(run(good, dry_run=True, json=True)[0])
    assert report["counts"]["new"] == 2
    assert report["changed"][0]["changes"][0]["new"] == "6"


def test_a_mapping_is_saved_and_used(inside: Shop, tmp_path: Path) -> None:
    path = write(tmp_path, ["Cup,C-1,3"], "Bezeichnung,Nr,VK")
    mapping = {"columns": {"name": "Bezeichnung", "sku": "Nr", "price": "VK"}}
    (tmp_path / "map.json").write_text(json.dumps(mapping), "utf-8")
    run(path, map=str(tmp_path / "map.json"), save_mapping="ours")
    assert SavedMapping.objects.get().mapping["columns"] == mapping["columns"]
    path = write(tmp_path, ["Cup,C-1,4"], "Bezeichnung,Nr,VK")
    run(path, mapping="ours")
    assert Variation.objects.get(sku="C-1").price == 4


@pytest.mark.parametrize(
    ("arguments", "options", "says"),
    [
        (["no-such-file.csv"], {}, "no-such-file.csv: No such file"),
        ([], {}, "Which file"),
        ([], {"undo": "17"}, "no import “17”"),
        ([], {"business": "nobody", "list": True}, "no business “nobody”"),
        (["FILE"], {"location": "Nowhere"}, "no location “Nowhere”"),
        (["FILE"], {"mapping": "theirs"}, "no saved mapping “theirs”"),
        (["FILE"], {"encoding": "klingon"}, "no encoding “klingon”"),
        (["FILE"], {"pictures": "FILE"}, "not in a zip archive"),
        (["FILE"], {"map": "FILE"}, "is not JSON"),
    ],
)
def test_bad_choices_are_one_sentence(
    inside: Shop, good: Path, arguments: list[str], options: dict[str, Any], says: str
) -> None:
    here = [str(good) if one == "FILE" else one for one in arguments]
    there = {name: str(good) if one == "FILE" else one for name, one in options.items()}
    with pytest.raises(CommandError, match=says) as caught:
        run(*here, **there)
    assert caught.value.returncode == (2 if "business" in options else 1)
    assert "\n" not in str(caught.value)
