"""An import of products at the pages: chosen, checked, looked at, made, taken back."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client

from accounts.permissions import Permission
from archive import jobs
from archive.files import store
from archive.models import ImportBatch, Job, StoredFile
from archive.products import addresses
from archive.views import imports
from archive.work.products import ProductsDesk
from inventory.models import Product, StockLevel, Variation
from sales.shifts import open_shift
from tests.archive.web.files import BAD, GOOD, HALF, brought, checked, html, upload, url
from tests.factories import Shop, signed_in
from tests.sales.selling import counted, sell

AT = {"location": "HS"}


def names() -> set[str]:
    return set(Product.objects.values_list("name", flat=True))


THERE = {"Blue mug", "Green tea", "Gift wrapping"}


def applied(client: Client, shop: Shop, data: bytes = GOOD, only: str = "all") -> ImportBatch:
    batch = checked(client, shop, data, **AT)
    client.post(url(shop, batch, "apply/"), {"only": only})
    batch.refresh_from_db()
    return batch


def test_a_good_file(owner: Client, inside: Shop) -> None:
    batch = checked(owner, inside, GOOD, **AT)
    assert (batch.state, names()) == ("checked", THERE)
    text = html(owner, inside, batch)
    for part in ("Nothing is wrong", "Red mug", "Teapot", "Import now"):
        assert part in text
    # What changes, with its old and new value.
    assert '<span class="before">5.00</span>' in text and '<span class="after">5.75</span>' in text
    answer: Any = owner.post(url(inside, batch, "apply/"), {"only": "all"})
    assert answer.url == url(inside, batch)
    batch.refresh_from_db()
    assert (batch.state, names()) == ("applied", THERE | {"Red mug", "Teapot"})
    assert Variation.objects.get(sku="MUG-1").price == Decimal("5.75")
    assert StockLevel.objects.get(variation__sku="MUG-2").quantity == 12
    assert "Imported on" in html(owner, inside, batch)


def test_a_half_good_file(owner: Client, inside: Shop) -> None:
    batch = checked(owner, inside, HALF, **AT)
    text = html(owner, inside, batch)
    assert "twelve" in text and "is not a number" in text and "Import the 3 good ones" in text
    assert "check digit" in text
    owner.post(url(inside, batch, "apply/"), {"only": "good"})
    assert names() == THERE | {"Red mug", "Teapot"}
    assert "Left out" in html(owner, inside, batch)


def test_all_or_none(owner: Client, inside: Shop) -> None:
    batch = applied(owner, inside, HALF, only="all")
    assert (batch.state, names()) == ("checked", THERE)
    assert batch.job is not None and batch.job.state == "failed"
    assert "nothing was imported" in html(owner, inside, batch)


def test_a_bad_file(owner: Client, inside: Shop) -> None:
    batch = checked(owner, inside, BAD, **AT)
    text = html(owner, inside, batch)
    assert "Nothing in this file can be imported" in text
    assert "Import now" not in text and "good one" not in text


def test_a_header_and_nothing_else(owner: Client, inside: Shop) -> None:
    batch = checked(owner, inside, b"Name,SKU,Price\n", **AT)
    assert "nothing below them" in html(owner, inside, batch)


def test_everything_that_is_wrong_as_a_table(owner: Client, inside: Shop) -> None:
    data = HALF.replace(b"twelve", b"'=1+1")
    batch = checked(owner, inside, data.replace(b"'=", b"="), **AT)
    answer = owner.get(url(inside, batch, "problems/"))
    assert answer["Content-Disposition"].startswith("attachment")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == ["Row", "Column", "Value", "Problem", "Kind"]
    assert rows[1] == ["4", "Price", "'=1+1", "is not a number", "error"]
    assert rows[2][:2] == ["3", "Barcode"] and rows[2][4] == "warning"


def test_really_everything(owner: Client, inside: Shop) -> None:
    """More than a report lists, or a page shows."""
    data = b"Name,SKU,Price\n" + b"".join(b"Thing,S-%d,x%d\n" % (n, n) for n in range(700))
    batch = checked(owner, inside, data, **AT)
    text = html(owner, inside, batch)
    assert "The first 50 of 700 are shown" in text and "All problems as CSV" in text
    answer: Any = owner.get(url(inside, batch, "problems/"))
    found = b"".join(answer.streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(found)))
    assert [row["Value"] for row in rows] == [f"x{n}" for n in range(700)]
    assert {row["Kind"] for row in rows} == {"error"}


@pytest.mark.parametrize(
    ("data", "name", "says"),
    [
        (b"", "empty.csv", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(2000), "picture.csv", "picture.csv"),
        (b"%PDF-1.7 rubbish", "list.pdf", "list.pdf"),
        (b"PK\x03\x04 rubbish", "book.xlsx", "book.xlsx"),
    ],
)
def test_what_is_no_table_is_said_beside_the_field(
    owner: Client, inside: Shop, data: bytes, name: str, says: str
) -> None:
    answer = upload(owner, inside, data, name)
    assert answer.status_code == 200
    assert says in str(answer.context["form"].errors["file"])
    assert 'class="field-error"' in answer.content.decode()
    assert not ImportBatch.objects.exists() and not StoredFile.objects.exists()


def test_too_large_or_none(owner: Client, inside: Shop, settings: Any) -> None:
    settings.UPLOAD_LIMIT = 10
    answer = upload(owner, inside, GOOD)
    assert "larger" in str(answer.context["form"].errors["file"])
    answer = owner.post(inside.url("data/imports/new/products/"))
    assert "required" in str(answer.context["form"].errors["file"])
    assert not StoredFile.objects.exists()


def test_a_large_file_waits_for_its_turn(
    owner: Client, inside: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "AT_ONCE", 10)
    batch = checked(owner, inside, GOOD, **AT)
    assert (batch.state, Job.objects.get().state) == ("draft", "waiting")
    assert "Waiting for its turn" in html(owner, inside, batch)
    # Meanwhile nothing else may be done with it.
    for more in ("apply/", "undo/", "discard/"):
        owner.post(url(inside, batch, more))
    answer: Any = owner.get(url(inside, batch, "columns/"))
    assert answer.url == url(inside, batch)
    assert Job.objects.count() == 1
    answer = owner.get(inside.url(f"data/jobs/{Job.objects.get().pk}/"))
    assert answer.url == url(inside, batch)


def test_cancelled_it_can_be_begun_again(
    owner: Client, inside: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(imports, "AT_ONCE", 10)
        batch = checked(owner, inside, GOOD, **AT)
    owner.post(inside.url(f"data/jobs/{batch.job_id}/cancel/"))
    assert "cancelled" in html(owner, inside, batch)
    answer = owner.get(url(inside, batch, "columns/"))
    assert answer.status_code == 200


def test_taken_back(owner: Client, inside: Shop) -> None:
    batch = applied(owner, inside)
    assert "Take it back" in html(owner, inside, batch)
    owner.post(url(inside, batch, "undo/"))
    batch.refresh_from_db()
    assert (batch.state, names()) == ("undone", THERE)
    assert Variation.objects.get(sku="MUG-1").price == Decimal("5.00")
    text = html(owner, inside, batch)
    assert "Taken back on" in text and url(inside, batch, "undo/") not in text


def test_not_taken_back_once_something_was_sold(owner: Client, inside: Shop) -> None:
    batch = applied(owner, inside)
    open_shift(actor=inside.owner, register=inside.register, opening_float=Decimal(0))
    sold = Variation.objects.select_related("product").get(sku="MUG-2")
    sell(inside, (sold, "1"), user=inside.owner)
    owner.post(url(inside, batch, "undo/"))
    batch.refresh_from_db()
    assert (batch.state, names()) == ("applied", THERE | {"Red mug", "Teapot"})
    assert batch.job is not None and batch.job.state == "failed"
    assert batch.job.message in html(owner, inside, batch)


def test_made_once_only(owner: Client, inside: Shop) -> None:
    batch = applied(owner, inside)
    owner.post(url(inside, batch, "apply/"), {"only": "all"})
    owner.post(url(inside, batch, "discard/"))
    assert Job.objects.filter(kind="import.apply").count() == 1
    assert ImportBatch.objects.filter(pk=batch.pk).exists()
    again = checked(owner, inside, GOOD, **AT)
    text = html(owner, inside, again)
    assert "This very file was imported" in text and "change nothing" in text


def test_discarded(owner: Client, inside: Shop) -> None:
    batch = checked(owner, inside, GOOD, **AT)
    answer: Any = owner.post(url(inside, batch, "discard/"))
    assert answer.url == inside.url("data/")
    assert not ImportBatch.objects.exists() and not StoredFile.objects.exists()
    assert owner.get(url(inside, batch)).status_code == 404


def test_costs_are_for_those_who_may_see_them(owner: Client, inside: Shop) -> None:
    batch = checked(owner, inside, GOOD.replace(b"5.75,2.00", b"5.75,1.23"), **AT)
    assert "1.23" in html(owner, inside, batch)
    inside.roles["Viewer"].permissions = [Permission.DATA_IMPORT, *ProductsDesk.needs]
    inside.roles["Viewer"].save()
    assert "1.23" not in html(signed_in(inside.people["Viewer"]), inside, batch)


def test_when_the_file_is_gone(owner: Client, inside: Shop) -> None:
    batch = checked(owner, inside, GOOD, **AT)
    ImportBatch.objects.update(file=None)
    assert "Import now" in html(owner, inside, batch)
    owner.post(url(inside, batch, "apply/"), {"only": "all"})
    batch.refresh_from_db()
    if batch.job is not None and batch.job.state == "waiting":
        from archive.jobs import run

        run(batch.job)
    assert "no longer kept" in html(owner, inside, batch)
    assert names() == THERE


def test_a_colleague_without_the_permission(owner: Client, manager: Client, inside: Shop) -> None:
    batch = checked(owner, inside, GOOD, **AT)
    for more in ("", "columns/", "problems/"):
        assert manager.get(url(inside, batch, more)).status_code == 403
    for more in ("columns/", "apply/", "undo/", "discard/"):
        assert manager.post(url(inside, batch, more), {"check": "1"}).status_code == 403
    assert manager.get(inside.url("data/imports/")).status_code == 403
    assert upload(manager, inside, GOOD).status_code == 403
    assert manager.get(inside.url("data/templates/csv/")).status_code == 403
    assert names() == THERE


def test_a_stranger(owner: Client, stranger: Client, inside: Shop, other_shop: Shop) -> None:
    batch = checked(owner, inside, GOOD, **AT)
    for shop in (inside, other_shop):
        for more in ("", "columns/", "problems/"):
            assert stranger.get(url(shop, batch, more)).status_code == 404
        for more in ("columns/", "apply/", "undo/", "discard/"):
            assert stranger.post(url(shop, batch, more), {"check": "1"}).status_code == 404
    assert names() == THERE


def test_only_these_verbs(owner: Client, inside: Shop) -> None:
    batch = checked(owner, inside, GOOD, **AT)
    for more in ("apply/", "undo/", "discard/"):
        assert owner.get(url(inside, batch, more)).status_code == 405
    assert owner.post(url(inside, batch)).status_code == 405
    assert owner.post(url(inside, batch, "problems/")).status_code == 405
    assert owner.put(url(inside, batch, "columns/")).status_code == 405
    assert owner.put(inside.url("data/imports/new/products/")).status_code == 405
    assert owner.get(inside.url("data/imports/new/no-such/")).status_code == 404


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_template_goes_in_as_it_is(owner: Client, inside: Shop, form: str) -> None:
    template = owner.get(inside.url(f"data/templates/{form}/"))
    assert template["Content-Disposition"] == f'attachment; filename="products.{form}"'
    batch = checked(owner, inside, template.content, name=f"products.{form}", **AT)
    text = html(owner, inside, batch)
    assert "Nothing is wrong" in text, text
    assert owner.get(inside.url("data/templates/pdf/")).status_code == 404


def test_statements(owner: Client, inside: Shop) -> None:
    batch = applied(owner, inside)
    with counted() as statements:
        html(owner, inside, batch)
    assert len(statements) <= 9
    counts = []
    for _round in range(2):
        for _number in range(10):
            ImportBatch.objects.create(
                kind="products",
                file_name="a.csv",
                file_hash="",
                file=store("a", [b"x"], by=None),
                job=batch.job,
                created_by=inside.owner,
            )
        with counted() as statements:
            assert b"a.csv" in owner.get(inside.url("data/imports/")).content
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 9


def test_uploads_keep_their_name_plain(owner: Client, inside: Shop) -> None:
    batch = brought(owner, inside, GOOD, name="Prices <b>.csv")
    assert "Prices &lt;b&gt;.csv" in html(owner, inside, batch, "columns/")


def test_pictures_are_never_fetched_within_the_request(
    owner: Client, inside: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def fetch(address: str, *, limit: int) -> bytes:
        asked.append(address)
        raise addresses.NotFetched("is far away")

    monkeypatch.setattr(addresses, "fetch", fetch)
    data = b"Name,SKU,Price,Image\nRed mug,MUG-2,6,https://slow.example/x.png\n"
    batch = checked(owner, inside, data, pictures="on")
    assert batch.state == "checked"
    owner.post(url(inside, batch, "apply/"), {"only": "all"})
    batch.refresh_from_db()
    assert batch.job is not None
    assert (asked, batch.state, batch.job.state) == ([], "checked", "waiting")
    jobs.run(batch.job)
    batch.refresh_from_db()
    assert (asked, batch.state) == (["https://slow.example/x.png"], "applied")


BY_HAND = (
    Permission.PRODUCT_CREATE, Permission.PRODUCT_UPDATE, Permission.PRODUCT_PRICE_GLOBAL,
    Permission.PRODUCT_PRICE_EDIT_ALL, Permission.PRODUCT_OPENING_STOCK,
    Permission.PRODUCT_CATEGORY_CREATE, Permission.INVENTORY_CORRECTION_CREATE,
)  # fmt: skip


def colleague(shop: Shop, *permissions: Permission) -> Client:
    shop.roles["Viewer"].permissions = [Permission.DATA_IMPORT, *permissions]
    shop.roles["Viewer"].save()
    return signed_in(shop.people["Viewer"])


def test_nobody_imports_what_they_may_not_do_by_hand(owner: Client, inside: Shop) -> None:
    there = checked(owner, inside, GOOD, **AT)
    client = colleague(inside)
    for kind, label in (
        ("products", "Add products"), ("sales", "Sell"), ("file_store", "Add customers"),
    ):  # fmt: skip
        answer = upload(client, inside, GOOD, kind=kind)
        assert answer.status_code == 403
        assert f"“{label}”" in answer.content.decode()
    for more in ("", "columns/", "problems/"):
        assert client.get(url(inside, there, more)).status_code == 403
    for more in ("columns/", "apply/", "undo/", "discard/"):
        assert client.post(url(inside, there, more), {"check": "1"}).status_code == 403
    assert names() == THERE


@pytest.mark.parametrize(
    ("missing", "stock"),
    [
        (Permission.PRODUCT_PRICE_GLOBAL, "ignore"),
        (Permission.PRODUCT_OPENING_STOCK, "opening"),
        (Permission.INVENTORY_CORRECTION_CREATE, "count"),
        (Permission.PRODUCT_CATEGORY_CREATE, "ignore"),
    ],
)
def test_nor_what_they_chose(owner: Client, inside: Shop, missing: Permission, stock: str) -> None:
    batch = checked(owner, inside, GOOD.replace(b"Kitchen", b"Cellar"), **AT, stock=stock)
    client = colleague(inside, *(one for one in BY_HAND if one != missing))
    answer = client.post(url(inside, batch, "apply/"), {"only": "all"})
    assert answer.status_code == 403 and str(missing.label) in unescape(answer.content.decode())
    assert names() == THERE
    client = colleague(inside, *BY_HAND)
    client.post(url(inside, batch, "apply/"), {"only": "all"})
    assert "Teapot" in names()


def test_nor_once_their_rights_are_taken_away(
    owner: Client, inside: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "AT_ONCE", -1)
    batch = brought(owner, inside, GOOD)
    batch.mapping = {"preset": "", "columns": {"Name": "name", "SKU": "sku", "Price": "price"}}
    batch.options["chosen"], batch.state = {"stock": "ignore"}, "checked"
    batch.save()
    client = colleague(inside, *BY_HAND)
    client.post(url(inside, batch, "apply/"), {"only": "all"})
    colleague(inside, *(one for one in BY_HAND if one != Permission.PRODUCT_PRICE_GLOBAL))
    job = jobs.run(Job.objects.get(kind="import.apply"))
    assert job.state == "failed" and "Change the business's base prices" in job.message
    assert names() == THERE
