"""A small export of two stalls, written by hand, and ways to spoil it."""

import copy
import gzip
import json
from pathlib import Path
from typing import Any

_FIXTURE = Path(__file__).parent / "fixtures" / "two-stalls.json"
_STALLS = json.loads(_FIXTURE.read_text(encoding="utf-8"))

#: The password behind every hash in the fixture.
PASSWORD = "correct horse battery"


def stalls() -> dict[str, Any]:
    """A copy to change."""
    return copy.deepcopy(_STALLS)


def row(export: dict[str, Any], table: str, row_id: int) -> dict[str, Any]:
    if table == "locations":
        rows = [place for shop in export["businesses"] for place in shop["locations"]]
    else:
        rows = export[table]
    return next(r for r in rows if r["id"] == row_id)


def write(folder: Path, export: Any, name: str = "export.json") -> Path:
    """The file; compressed when its name says so."""
    path = folder / name
    text = json.dumps(export, ensure_ascii=False).encode()
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    return path
