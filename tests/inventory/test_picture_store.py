"""Pictures of products in the database: as if they were files, for their own business alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.test import Client

from inventory import pictures
from inventory.models import PictureFile, Product
from inventory.products import save_product
from tenants.context import NoBusiness, business
from tests.factories import Shop
from tests.inventory.product_forms import stored
from tests.inventory.test_product_detail import photo, upload, url
from tests.pos.test_settings import KEY, STRONG, load

NAME = "products/1/cup.webp"


@pytest.fixture(autouse=True)
def in_database(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    store = {"BACKEND": "inventory.picture_store.PictureStore"}
    settings.STORAGES = {**settings.STORAGES, "default": store}
    return settings.MEDIA_ROOT


def kept(shop: Shop) -> list[str]:
    with business(shop.business):
        return list(PictureFile.objects.values_list("name", flat=True))


def test_uploaded_shown_replaced_and_removed(
    shop: Shop, owner: Client, cashier: Client, in_database: Path
) -> None:
    assert upload(shop, owner, photo()).status_code == 302
    (first,) = kept(shop)
    with business(shop.business):
        assert Product.objects.get(pk=shop.mug.product_id).image.name == first
        data = bytes(PictureFile.objects.get().data)
    shown = cashier.get(url(shop, "image/"))
    assert (shown["Content-Type"], shown.content) == ("image/webp", data)
    again = cashier.get(url(shop, "image/"), headers={"If-None-Match": shown["ETag"]})
    assert again.status_code == 304
    upload(shop, owner, photo((20, 20)))
    (second,) = kept(shop)
    assert second != first
    assert len(cashier.get(url(shop, "image/")).content) < len(data)
    owner.post(url(shop, "edit/"), stored(shop, shop.mug, remove_picture="on"))
    assert kept(shop) == []
    assert owner.get(url(shop, "image/")).status_code == 404
    assert not in_database.exists()


def test_a_stranger_finds_none(
    shop: Shop, owner: Client, stranger: Client, other_shop: Shop
) -> None:
    upload(shop, owner, photo())
    assert stranger.get(url(shop, "image/")).status_code == 404
    theirs = other_shop.url(f"products/{shop.mug.product_id}/image/")
    assert stranger.get(theirs).status_code == 404


def test_one_that_is_gone_is_missing_and_no_failure(shop: Shop, owner: Client) -> None:
    upload(shop, owner, photo())
    with business(shop.business):
        PictureFile.objects.all().delete()
    assert owner.get(url(shop, "image/")).status_code == 404


def test_names_of_another_business_do_not_exist(shop: Shop, other_shop: Shop) -> None:
    with business(shop.business):
        assert default_storage.save(NAME, ContentFile(b"mine")) == NAME
        assert (default_storage.exists(NAME), default_storage.size(NAME)) == (True, 4)
    with business(other_shop.business):
        assert not default_storage.exists(NAME)
        for look in (default_storage.open, default_storage.size):
            with pytest.raises(FileNotFoundError):
                look(NAME)
        default_storage.delete(NAME)
        assert default_storage.save(NAME, ContentFile(b"theirs")) == NAME
    with business(shop.business), default_storage.open(NAME) as file:
        assert file.read() == b"mine"


def test_nothing_without_a_business(shop: Shop) -> None:
    for touch in (default_storage.exists, default_storage.open, default_storage.delete):
        with pytest.raises(NoBusiness):
            touch(NAME)
    with pytest.raises(NoBusiness):
        default_storage.save(NAME, ContentFile(b"nobody's"))


def test_it_is_read_whole_and_has_no_address(shop: Shop) -> None:
    with business(shop.business):
        default_storage.save(NAME, ContentFile(b"mine"))
        with pytest.raises(ValueError, match="never changed"):
            default_storage.open(NAME, "wb")
        with pytest.raises(ValueError, match="no address"):
            default_storage.url(NAME)


def test_it_comes_and_goes_with_the_change_of_its_product(shop: Shop) -> None:
    with business(shop.business):
        product = Product.objects.get(pk=shop.mug.product_id)
        save_product(actor=shop.owner, product=product, rows=[], picture=b"first")
        before = kept(shop)
        with transaction.atomic():
            save_product(actor=shop.owner, product=product, rows=[], picture=b"second")
            assert kept(shop) not in ([], before)
            transaction.set_rollback(True)
        assert kept(shop) == before
        # What was rolled back has taken its pictures along; those that are there stay.
        pictures.discard(before)
        assert kept(shop) == before


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({}, "False FileSystemStorage 5"),
        ({"MEDIA_IN_DATABASE": "1"}, "True PictureStore 5"),
        ({"VERCEL": "1"}, "False FileSystemStorage 4"),
        ({"VERCEL": "1", "DATABASE_URL": "postgres://u:p@db.example/shop"}, "True PictureStore 4"),
    ],
)
def test_where_they_are_and_how_large_they_may_be(
    environ: dict[str, str], told: str, tmp_path: Path
) -> None:
    done = load(
        "import pos.settings as s; print(s.MEDIA_IN_DATABASE,"
        " s.STORAGES['default']['BACKEND'].rpartition('.')[2], s.PICTURE_LIMIT // 1024**2)",
        VAR_DIR=str(tmp_path),
        SECRET_KEY=STRONG,
        APP_ENCRYPTION_KEY=KEY,
        **environ,
    )
    assert done.stdout.strip() == told, done.stderr
