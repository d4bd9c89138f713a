"""The example in docs/migrating.md does what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.factories import Shop

PAGE = Path(__file__).resolve().parents[3] / "docs/migrating.md"


def test_the_example_can_be_followed(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = PAGE.read_text("utf-8")
    files = dict(re.findall(r"```json (\S+)\n(.*?)```", page, re.DOTALL))
    assert set(files) == {"users.json", "credits.json", "transactions.json", "map.json"}
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    call_command(
        "import_file_store", tmp_path, "--map", tmp_path / "map.json", "--business", "acme"
    )
    said = capsys.readouterr().out.strip().splitlines()
    shown = "\n".join(line.removeprefix("    ") for line in page.splitlines())
    assert said.pop().startswith("Imported. To take it back: --undo ")
    assert len(said) == 6
    assert "\n".join(said) in shown
