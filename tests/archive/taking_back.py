"""What each kind of import promises where it cannot be taken back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from archive.models import ImportBatch
from tenants.errors import Refused
from tests.archive.products.importing_them import contents


def assert_refused(
    undo: Callable[[], object], batch: ImportBatch, *, code: str, named: str
) -> None:
    """It says why, with an example; no row is changed, and the import counts as applied."""
    before = contents()
    with pytest.raises(Refused) as refused:
        undo()
    assert refused.value.code == code
    assert refused.value.fields["examples"] == [named]
    assert named in str(refused.value)
    assert contents() == before
    batch.refresh_from_db()
    assert batch.state == ImportBatch.State.APPLIED
