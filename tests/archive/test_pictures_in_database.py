"""Pictures that lie in the database move in and out, come to nothing and go, as files do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from archive import jobs
from archive.leaving.deleting import delete_business
from archive.models import ImportBatch
from archive.work import imports
from inventory.models import PictureFile, Product
from tenants.context import business
from tenants.models import Business
from tests.archive.leaving.test_deleting import LATER, ask
from tests.archive.rich import bring, elsewhere, picture, rich, taken
from tests.archive.web.test_pictures import waiting
from tests.factories import Shop

assert waiting  # A fixture.


@pytest.fixture(autouse=True)
def in_database(settings: Any) -> None:
    store = {"BACKEND": "inventory.picture_store.PictureStore"}
    settings.STORAGES = {**settings.STORAGES, "default": store}


@pytest.fixture
def file(db: None, tmp_path: Path) -> Path:
    """A shop with a picture, from another installation."""
    path = tmp_path / "rich.json"
    with elsewhere():
        rich("acme")
        taken(path)
    assert not Business.objects.exists()
    return path


def test_out_of_one_database_and_into_another(file: Path, tmp_path: Path) -> None:
    bring(file)
    with business(Business.objects.get()):
        row = PictureFile.objects.get()
        product = Product.objects.exclude(image="").get()
        assert (product.image.name, bytes(row.data)) == (row.name, picture())
    assert taken(tmp_path / "again.json") == file.read_bytes()
    assert not list(tmp_path.rglob("*.webp"))


def test_interrupted_it_leaves_none(file: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done >= total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring(file, progress=stop)
    assert not Business.objects.exists()
    bring(file)
    with business(Business.objects.get()):
        assert PictureFile.objects.count() == 1


def test_a_job_that_failed_leaves_none(
    waiting: ImportBatch, inside: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[int] = []

    class Clock:
        """What is asked for the time when everything else is done."""

        @staticmethod
        def now() -> None:
            there.append(PictureFile.objects.count())
            raise ValueError

    monkeypatch.setattr(imports, "timezone", Clock)
    assert waiting.job is not None
    assert jobs.run(waiting.job).state == "failed"
    assert (there, PictureFile.objects.count()) == ([1], 0)


def test_they_go_with_their_business(shop: Shop, other_shop: Shop) -> None:
    for one in (shop, other_shop):
        with business(one.business):
            PictureFile.objects.create(name="products/cup.webp", data=b"cup")
    ask(shop)
    done = delete_business(shop.business, now=timezone.now() + LATER)
    assert done.rows["inventory_picturefile"] == 1
    with business(other_shop.business):
        assert PictureFile.objects.count() == 1
