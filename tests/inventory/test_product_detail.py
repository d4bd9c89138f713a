"""The page of a product, its prices at locations, its picture."""

from __future__ import annotations

import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts.models import AuditEntry
from accounts.permissions import Permission
from inventory.ledger import set_opening
from inventory.models import Brand, LocationPrice, Product, Variation
from tenants.context import business
from tests.factories import Shop
from tests.inventory.product_forms import errors, single, stored

P = Permission


def url(shop: Shop, path: str = "") -> str:
    return shop.url(f"products/{shop.mug.product_id}/{path}")


# -- the page -------------------------------------------------------------------------------------


def test_shows_everything_about_it(shop: Shop, owner: Client) -> None:
    with business(shop.business):
        Variation.objects.create(
            product_id=shop.mug.product_id, name="Big", price=8, position=1, is_active=False
        )
        LocationPrice.objects.create(variation=shop.mug, location=shop.market, price="4.44")
        product = Product.objects.get(pk=shop.mug.product_id)
        product.brand = Brand.objects.create(name="Acorn")
        product.alert_quantity = 11
        product.save()
    page = owner.get(url(shop)).text
    for text in ["Blue mug", "5901234123457", "€2.00", "€4.44", "Acorn", "VAT 20%", "Low", "Big"]:
        assert text in page, text
    assert "Inactive" in page
    # Low where it is kept, and not at the market, which never had it.
    assert page.count(">Low<") == 1
    assert shop.url(f"stock/{shop.mug.pk}/{shop.high_street.pk}/") in page
    assert "Opening stock" in page


def test_the_cashier_sees_no_cost_no_history_and_no_buttons(shop: Shop, cashier: Client) -> None:
    page = cashier.get(url(shop))
    assert "5901234123457" in page.text
    for text in ["€2.00", "Cost", "Latest movements", "/edit/", "/prices/", "/remove/", "/stock/0"]:
        assert text not in page.text, text


def test_only_visible_locations(shop: Shop, market_only: Client, owner: Client) -> None:
    with business(shop.business):
        set_opening(actor=shop.owner, location=shop.market, quantities={shop.mug.pk: Decimal(3)})
        LocationPrice.objects.create(variation=shop.mug, location=shop.high_street, price="4.44")
        LocationPrice.objects.create(variation=shop.mug, location=shop.market, price="3.33")
    page = market_only.get(url(shop))
    assert "High Street" not in page.text
    assert "€4.44" not in page.text
    assert "€3.33" in page.text
    assert [row["quantity"] for row in page.context["stock"]] == [3]
    assert [move.level.location_id for move in page.context["movements"]] == [shop.market.pk]
    everything = owner.get(url(shop)).text
    assert "High Street" in everything
    assert "€4.44" in everything


def test_quantities_of_every_location_are_a_permission(
    shop: Shop, member: Callable[..., Client]
) -> None:
    client = member(
        P.PRODUCT_VIEW,
        P.STOCK_VIEW,
        P.STOCK_VIEW_HISTORY,
        P.PRODUCT_VIEW_ALL_BRANCH_STOCK,
        locations=[shop.market],
    )
    page = client.get(url(shop))
    rows = {row["location"].name: row for row in page.context["stock"]}
    assert rows["High Street"]["quantity"] == 10
    # Quantities only: what moved there stays there.
    assert not rows["High Street"]["history"]
    assert list(page.context["movements"]) == []


def test_the_doors(
    shop: Shop, other_shop: Shop, owner: Client, nobody: Client, stranger: Client, cashier: Client
) -> None:
    for path in ["", "prices/", "image/"]:
        assert stranger.get(url(shop, path)).status_code == 404
        assert nobody.get(url(shop, path)).status_code == 403
        theirs = shop.url(f"products/{other_shop.mug.product_id}/{path}")
        assert owner.get(theirs).status_code == 404
        assert owner.delete(url(shop, path)).status_code == 405
    assert owner.post(url(shop)).status_code == 405
    assert cashier.get(url(shop, "prices/")).status_code == 403


# -- prices at locations --------------------------------------------------------------------------


def name_of(shop: Shop, place: Any) -> str:
    return f"{shop.mug.pk}-{place.pk}"


def prices(shop: Shop) -> dict[str, Decimal]:
    with business(shop.business):
        rows = LocationPrice.objects.select_related("location")
        return {row.location.name: row.price for row in rows}


def test_set_change_and_drop_prices(shop: Shop, owner: Client) -> None:
    values = {name_of(shop, shop.high_street): "4.50", name_of(shop, shop.market): "4"}
    assert owner.post(url(shop, "prices/"), values)["Location"] == url(shop)
    assert prices(shop) == {"High Street": Decimal("4.5"), "Market": 4}
    assert 'value="4.50"' in owner.get(url(shop, "prices/")).text
    owner.post(url(shop, "prices/"), {name_of(shop, shop.market): "3"})
    assert prices(shop) == {"Market": 3}
    with business(shop.business):
        log = AuditEntry.objects.filter(action="product.prices").latest("pk")
    assert log.changes == {
        "MK Blue mug": ["4", "3"],
        "HS Blue mug": ["4.5", None],
    }
    # Nothing new is nothing to log.
    owner.post(url(shop, "prices/"), {name_of(shop, shop.market): "3"})
    with business(shop.business):
        assert AuditEntry.objects.filter(action="product.prices").count() == 2


def test_prices_of_own_locations_only(shop: Shop, market_only: Client) -> None:
    with business(shop.business):
        LocationPrice.objects.create(variation=shop.mug, location=shop.high_street, price="4.44")
    assert "High Street" not in market_only.get(url(shop, "prices/")).text
    values = {name_of(shop, shop.high_street): "1", name_of(shop, shop.market): "2"}
    market_only.post(url(shop, "prices/"), values)
    assert prices(shop) == {"High Street": Decimal("4.44"), "Market": 2}


def test_implausible_prices_are_asked_about(shop: Shop, owner: Client) -> None:
    below = {name_of(shop, shop.market): "1"}
    assert "below the cost" in owner.post(url(shop, "prices/"), below).text
    assert prices(shop) == {}
    owner.post(url(shop, "prices/"), {**below, "confirm": "on"})
    assert prices(shop) == {"Market": 1}
    minus = owner.post(url(shop, "prices/"), {name_of(shop, shop.market): "-1"})
    assert minus.status_code == 200


def test_below_the_cost_is_said_only_to_who_sees_costs(
    shop: Shop, member: Callable[..., Client]
) -> None:
    client = member(P.PRODUCT_VIEW, P.PRODUCT_PRICE_EDIT)
    answer = client.post(url(shop, "prices/"), {name_of(shop, shop.market): "1"})
    assert answer.status_code == 302


# -- the picture ----------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


def photo(size: tuple[int, int] = (2400, 1200), kind: str = "JPEG") -> SimpleUploadedFile:
    """A picture that says where it was taken."""
    image = Image.new("RGB", size, (200, 30, 30))
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    out = io.BytesIO()
    image.save(out, kind, exif=exif)
    return SimpleUploadedFile(f"holiday.{kind.lower()}", out.getvalue())


def upload(shop: Shop, client: Client, picture: Any, **fields: str) -> Any:
    values = stored(shop, shop.mug, **fields)
    return client.post(url(shop, "edit/"), {**values, "picture": picture})


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_drawn_anew_and_shown(
    shop: Shop, owner: Client, cashier: Client, media: Path, kind: str
) -> None:
    assert upload(shop, owner, photo(kind=kind)).status_code == 302
    with business(shop.business):
        name = str(Product.objects.get(pk=shop.mug.product_id).image.name)
    assert name.startswith(f"products/{shop.business.pk}/")
    assert "holiday" not in name
    answer = cashier.get(url(shop, "image/"))
    assert answer["Content-Type"] == "image/webp"
    assert answer["Cache-Control"] == "private, max-age=86400"
    shown = Image.open(io.BytesIO(answer.content))
    assert (shown.format, shown.size) == ("WEBP", (1200, 600))
    assert not shown.getexif()
    assert b"taken at home" not in answer.content
    again = cashier.get(url(shop, "image/"), headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert url(shop, "image/") in cashier.get(url(shop)).text


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a" + b"\0" * 50,
        b"\xff\xd8\xff\xe0 not a picture",
        photo().read()[:2000],
    ],
)
def test_what_is_no_picture_is_refused(
    shop: Shop, owner: Client, media: Path, content: bytes
) -> None:
    answer = upload(shop, owner, SimpleUploadedFile("x.jpg", content, content_type="image/jpeg"))
    assert "picture" in errors(answer)
    assert not media.exists()


def test_large_pictures_are_refused(
    shop: Shop, owner: Client, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr("inventory.pictures.MOST_PIXELS", 1000)
    assert "pixels" in errors(upload(shop, owner, photo()))["picture"][0]
    settings.PICTURE_LIMIT = 1024**2
    assert "at most 1 MB" in owner.get(url(shop, "edit/")).text
    large = SimpleUploadedFile("x.jpg", photo().read() + bytes(1024**2))
    assert "larger than 1 MB" in errors(upload(shop, owner, large))["picture"][0]


def test_a_replaced_or_removed_picture_is_deleted(
    shop: Shop, owner: Client, media: Path, django_capture_on_commit_callbacks: Any
) -> None:
    upload(shop, owner, photo())
    (first,) = media.rglob("*.webp")
    with django_capture_on_commit_callbacks(execute=True):
        upload(shop, owner, photo((20, 20)))
    (second,) = media.rglob("*.webp")
    assert first != second
    assert "remove_picture" in owner.get(url(shop, "edit/")).text
    with django_capture_on_commit_callbacks(execute=True):
        owner.post(url(shop, "edit/"), stored(shop, shop.mug, remove_picture="on"))
    assert list(media.rglob("*.webp")) == []
    assert owner.get(url(shop, "image/")).status_code == 404


def test_a_product_can_begin_with_a_picture(shop: Shop, owner: Client, media: Path) -> None:
    answer = owner.post(shop.url("products/new/"), {**single(), "picture": photo((30, 40))})
    assert owner.get(f"{answer['Location']}image/").status_code == 200
    # A file that is gone is a missing picture and no failure.
    for file in media.rglob("*.webp"):
        file.unlink()
    assert owner.get(f"{answer['Location']}image/").status_code == 404
