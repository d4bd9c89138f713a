"""Importing as the tests of this folder do it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archive.importing import Moved, import_export
from archive.validation import read_export
from tests.archive.exports import stalls, write
from tests.archive.moving import Change


@pytest.fixture
def bring(tmp_path: Path) -> Callable[..., list[Moved]]:
    """Import the two stalls, changed as asked."""

    def run(*changes: Change, **options: Any) -> list[Moved]:
        export = stalls()
        for change in changes:
            change(export)
        return import_export(read_export(write(tmp_path, export)), **options)

    return run
