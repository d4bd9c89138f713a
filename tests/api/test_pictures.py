"""The picture of a product over the API: put, fetched with a token, and taken away."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from PIL import Image

from accounts.models import AuditEntry
from inventory.models import PictureFile, Product
from tenants.context import business
from tests.api.calls import NOWHERE, ask, said
from tests.factories import Shop, make_device, with_token


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def keeper(shop: Shop) -> Client:
    """A terminal at the high street in the name of somebody who keeps the catalogue."""
    return with_token(make_device(shop, user=shop.owner)[1])


def one(shop: Shop) -> str:
    return f"/api/v1/products/{shop.mug.product_id}"


def picture(shop: Shop) -> str:
    return f"{one(shop)}/picture"


def photo(size: tuple[int, int] = (60, 30), kind: str = "PNG", colour: str = "red") -> bytes:
    """A picture that says where it was taken."""
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind, exif=exif)
    return out.getvalue()


def put(client: Client, url: str, content: bytes, kind: str = "image/png", **headers: str) -> Any:
    return client.generic("PUT", url, content, content_type=kind, headers=headers)


def form(client: Client, url: str, **fields: Any) -> Any:
    return put(client, url, encode_multipart(BOUNDARY, fields), MULTIPART_CONTENT)


def version(client: Client, shop: Shop) -> str:
    return str(client.get(one(shop)).json()["version"])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_it_is_drawn_anew_and_fetched_with_a_token(
    shop: Shop, keeper: Client, terminal: Client, kind: str
) -> None:
    assert keeper.get(one(shop)).json()["image"] is None
    told = put(keeper, picture(shop), photo((2400, 1200), kind), f"image/{kind.lower()}")
    assert told.status_code == 200, told.content
    assert told["ETag"] == f'"{told.json()["version"]}"' == f'"{version(keeper, shop)}"'
    address = told.json()["image"]
    assert address.startswith(f"{picture(shop)}?v=")
    shown = terminal.get(address)
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/webp")
    assert shown["Cache-Control"] == "private, max-age=86400"
    assert "Authorization" in shown["Vary"]
    drawn = Image.open(io.BytesIO(shown.content))
    assert (drawn.format, drawn.size) == ("WEBP", (1200, 600))
    assert b"taken at home" not in shown.content
    for tag in (shown["ETag"], f"W/{shown['ETag']}", f'"other", {shown["ETag"]}'):
        again = terminal.get(address, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert again["ETag"] == shown["ETag"]
    other = terminal.get(address, headers={"If-None-Match": '"other"'})
    assert other.content == shown.content


def test_as_the_file_of_a_form(shop: Shop, keeper: Client) -> None:
    file = SimpleUploadedFile("holiday.png", photo(), "image/png")
    told = form(keeper, picture(shop), picture=file)
    assert told.status_code == 200, told.content
    assert keeper.get(picture(shop)).status_code == 200
    with business(shop.business):
        assert "holiday" not in str(Product.objects.get(pk=shop.mug.product_id).image.name)


def test_people_in_a_browser_find_it_on_its_page(shop: Shop, keeper: Client, owner: Client) -> None:
    put(keeper, picture(shop), photo())
    told = owner.get(shop.url(f"api/v1/products/{shop.mug.product_id}")).json()
    assert told["image"] == shop.url(f"products/{shop.mug.product_id}/image/")
    page = owner.get(told["image"])
    assert page.content == keeper.get(picture(shop)).content
    assert put(owner, shop.url(picture(shop)[1:]), photo(colour="blue")).status_code == 200


def test_it_is_the_picture_that_the_page_makes(
    shop: Shop, keeper: Client, media: Path, django_capture_on_commit_callbacks: Any
) -> None:
    first = put(keeper, picture(shop), photo()).json()
    again = put(keeper, picture(shop), photo()).json()
    assert again == first
    with django_capture_on_commit_callbacks(execute=True):
        other = put(keeper, picture(shop), photo(colour="blue")).json()
    assert len(list(media.rglob("*.webp"))) == 1
    assert other["image"] != first["image"]
    assert other["version"] != first["version"]
    with django_capture_on_commit_callbacks(execute=True):
        gone = ask(keeper, "DELETE", picture(shop)).json()
    assert gone["image"] is None
    assert list(media.rglob("*.webp")) == []
    assert ask(keeper, "DELETE", picture(shop)).json() == gone
    said(keeper.get(picture(shop)), 404, "not_found")
    with business(shop.business):
        entries = AuditEntry.objects.filter(action="product.update", object_id=first["id"])
        assert [[*entry.changes] for entry in entries] == [["image"]] * 3
        assert all(entry.device is not None for entry in entries)


def test_in_the_database(shop: Shop, keeper: Client, settings: Any, media: Path) -> None:
    store = {"BACKEND": "inventory.picture_store.PictureStore"}
    settings.STORAGES = {**settings.STORAGES, "default": store}
    for colour in ("red", "red", "blue"):
        assert put(keeper, picture(shop), photo(colour=colour)).status_code == 200
    with business(shop.business):
        kept = bytes(PictureFile.objects.get().data)
    assert keeper.get(picture(shop)).content == kept
    ask(keeper, "DELETE", picture(shop))
    with business(shop.business):
        assert not PictureFile.objects.exists()
    assert not media.exists()


def test_not_over_somebody_else(shop: Shop, keeper: Client) -> None:
    old = f'"{version(keeper, shop)}"'
    assert put(keeper, picture(shop), photo(), **{"If-Match": old}).status_code == 200
    late = put(keeper, picture(shop), photo(colour="blue"), **{"If-Match": old})
    said(late, 412, "changed_meanwhile")
    gone = keeper.generic("DELETE", picture(shop), headers={"If-Match": old})
    said(gone, 412, "changed_meanwhile")
    assert keeper.get(picture(shop)).status_code == 200
    new = f'"{version(keeper, shop)}"'
    assert keeper.generic("DELETE", picture(shop), headers={"If-Match": new}).status_code == 200


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a" + b"\0" * 50,
        b"\xff\xd8\xff\xe0 not a picture",
        photo((400, 400), "JPEG")[:900],
        b"",
    ],
)
def test_what_is_no_picture_is_refused(
    shop: Shop, keeper: Client, media: Path, content: bytes
) -> None:
    for kind in ("image/jpeg", "image/png", "image/gif"):
        assert [*said(put(keeper, picture(shop), content, kind), 400, "invalid")] == ["picture"]
    assert not media.exists()


def test_what_is_no_form_with_a_picture(shop: Shop, keeper: Client, settings: Any) -> None:
    file = SimpleUploadedFile("a.png", photo(), "image/png")
    wrong = form(keeper, picture(shop), picture=file, name="Mug")
    assert [*said(wrong, 400, "invalid")] == ["name"]
    for fields in ({}, {"picture": "text"}, {"photo": file}):
        assert "picture" in said(form(keeper, picture(shop), **fields), 400, "invalid")
    broken = put(keeper, picture(shop), b"--x", "multipart/form-data")
    said(broken, 400, "parse_error")
    many = {f"f{number}": "x" for number in range(60)}
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 50
    said(form(keeper, picture(shop), **many), 400, "parse_error")
    said(put(keeper, picture(shop), b"{}", "application/json"), 415, "unsupported_media_type")


def test_large_pictures_are_refused(
    shop: Shop, keeper: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PICTURE_LIMIT = 100_000
    large = photo() + bytes(100_000)
    fields = said(put(keeper, picture(shop), large), 400, "invalid")
    assert "larger than" in fields["picture"][0]
    said(put(keeper, picture(shop), large + bytes(100_000)), 413, "too_large")
    file = SimpleUploadedFile("a.png", large + bytes(100_000), "image/png")
    said(form(keeper, picture(shop), picture=file), 413, "too_large")
    monkeypatch.setattr("inventory.pictures.MOST_PIXELS", 1000)
    assert "pixels" in said(put(keeper, picture(shop), photo()), 400, "invalid")["picture"][0]


def test_who_may_what(
    shop: Shop, keeper: Client, terminal: Client, stranger: Client, strange_terminal: Client
) -> None:
    """A cashier sees it and changes nothing; of another business there is none."""
    put(keeper, picture(shop), photo())
    assert terminal.get(picture(shop)).status_code == 200
    said(put(terminal, picture(shop), photo()), 403, "permission_denied")
    said(ask(terminal, "DELETE", picture(shop)), 403, "permission_denied")
    said(stranger.get(shop.url(picture(shop)[1:])), 404, "not_found")
    said(strange_terminal.get(picture(shop)), 404, "not_found")
    for verb in ("GET", "PUT", "DELETE"):
        body = photo() if verb == "PUT" else None
        said(ask(keeper, verb, f"/api/v1/products/{NOWHERE}/picture", body), 404, "not_found")


def test_what_is_asked_for(shop: Shop, keeper: Client, media: Path) -> None:
    """A picture may be asked for as one; what tells of errors is JSON."""
    put(keeper, picture(shop), photo())
    for kind in ("image/webp", "image/*", "*/*", "image/avif,image/webp;q=0.9"):
        shown = keeper.get(picture(shop), headers={"Accept": kind})
        assert (shown.status_code, shown["Content-Type"]) == (200, "image/webp"), kind
    said(keeper.get(picture(shop), headers={"Accept": "image/png"}), 406, "not_acceptable")
    for file in media.rglob("*.webp"):
        file.unlink()
    # A file that is gone is a missing picture and no failure.
    said(keeper.get(picture(shop), headers={"Accept": "image/webp"}), 404, "not_found")
    assert put(keeper, picture(shop), photo()).status_code == 200
    assert keeper.get(picture(shop)).status_code == 200
