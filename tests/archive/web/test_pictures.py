"""Pictures that an import stored when its job comes to nothing after all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from archive import jobs
from archive.models import ImportBatch
from archive.products import addresses
from archive.work import imports
from inventory.models import Product
from tests.archive.web.files import checked, url
from tests.factories import Shop

FILE = b"Name,SKU,Price,Image\nRed cup,CUP-1,4,https://example.com/cup.png\n"


@pytest.fixture
def waiting(
    owner: Client, inside: Shop, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ImportBatch:
    """An import with a picture to fetch, asked for and not begun."""
    settings.MEDIA_ROOT = tmp_path / "media"
    out = io.BytesIO()
    Image.new("RGB", (20, 10), "red").save(out, "PNG")
    monkeypatch.setattr(addresses, "fetch", lambda *args, **kwargs: out.getvalue())
    batch = checked(owner, inside, FILE, pictures="on")
    owner.post(url(inside, batch, "apply/"), {"only": "all"})
    batch.refresh_from_db()
    assert batch.job is not None and batch.job.state == "waiting"
    return batch


def stored(tmp_path: Path) -> int:
    return sum(one.is_file() for one in (tmp_path / "media").rglob("*"))


def test_they_stay_where_it_is_done(waiting: ImportBatch, tmp_path: Path) -> None:
    assert waiting.job is not None and jobs.run(waiting.job).state == "done"
    assert stored(tmp_path) == 1


@pytest.mark.parametrize("error", [jobs.Cancelled, ValueError])
def test_they_go_where_it_failed_at_the_end(
    waiting: ImportBatch,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: type[BaseException],
) -> None:
    there: list[int] = []

    class Clock:
        """What is asked for the time when everything else is done."""

        @staticmethod
        def now() -> None:
            there.append(stored(tmp_path))
            raise error

    monkeypatch.setattr(imports, "timezone", Clock)
    assert waiting.job is not None
    done = jobs.run(waiting.job)
    assert done.state in ("failed", "cancelled")
    assert (there, stored(tmp_path)) == ([1], 0)
    assert not Product.objects.filter(name="Red cup").exists()
