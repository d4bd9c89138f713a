"""The columns of a file at the page: found, changed, read otherwise, kept for the next file."""

from __future__ import annotations

import io
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from archive.models import ImportBatch, SavedMapping
from inventory.models import Variation
from tests.archive.web.files import GOOD, brought, checked, chosen, html, upload, url
from tests.factories import Shop
from tests.sales.selling import counted

ODD = "Artikel;Nr;Verkauf;Farbe\nRote Tasse;MUG-2;6,50;rot\nKännchen;POT-1;24,00;weiß\n"


def assigned(client: Client, shop: Shop, batch: ImportBatch) -> dict[str, str]:
    context = client.get(url(shop, batch, "columns/")).context
    return {row["column"]: row["field"].value() for row in context["columns"].rows()}


def send(client: Client, shop: Shop, batch: ImportBatch, button: str, **changes: Any) -> Any:
    data = {**chosen(client, shop, batch), button: "1", **changes}
    return client.post(url(shop, batch, "columns/"), data)


def test_what_was_found_is_shown(owner: Client, inside: Shop) -> None:
    batch = brought(owner, inside, ODD.encode("cp1252"))
    text = html(owner, inside, batch, "columns/")
    for part in ("Rote Tasse", "Kännchen", "cp1252", "Semicolon", "Comma: 1,50", "CSV"):
        assert part in text, part
    # Samples stand beside each column, whose choice has the column's name as its label.
    assert '<label for="id_c0">Artikel' in text and "weiß" in text


def test_known_names_are_recognised(owner: Client, inside: Shop) -> None:
    batch = brought(owner, inside, GOOD)
    assert assigned(owner, inside, batch) == {
        "Name": "name", "SKU": "sku", "Barcode": "barcode", "Price": "price", "Cost": "cost",
        "Stock": "stock", "Category": "category",
    }  # fmt: skip


def test_a_column_is_changed_and_another_left_out(owner: Client, inside: Shop) -> None:
    batch = brought(owner, inside, ODD.encode())
    answer = send(owner, inside, batch, "check", c0="name", c1="sku", c2="price", c3="")
    assert answer.url == url(inside, batch)
    batch.refresh_from_db()
    assert batch.mapping["columns"] == {"Artikel": "name", "Nr": "sku", "Verkauf": "price"}
    text = html(owner, inside, batch)
    assert "Rote Tasse" in text and "6.5" in text and "Farbe" in text
    # Going back shows the choice as it was made.
    assert assigned(owner, inside, batch)["Verkauf"] == "price"


def test_two_columns_for_one_field(owner: Client, inside: Shop) -> None:
    batch = brought(owner, inside, ODD.encode())
    answer = send(owner, inside, batch, "check", c0="name", c1="sku", c2="price", c3="price")
    assert "“Verkauf” is this already." in str(answer.context["columns"].errors["c3"])
    batch.refresh_from_db()
    assert (batch.state, batch.job) == ("draft", None)


def test_no_column_says_which_product(owner: Client, inside: Shop) -> None:
    batch = brought(owner, inside, ODD.encode())
    answer = send(owner, inside, batch, "check", c0="", c1="", c2="price", c3="")
    assert "None of the columns is a name" in answer.content.decode()


@pytest.mark.parametrize("value", ["no_such", "stock:"])
def test_nonsense_is_refused(owner: Client, inside: Shop, value: str) -> None:
    batch = brought(owner, inside, ODD.encode())
    answer = send(owner, inside, batch, "check", c0=value)
    assert answer.context["columns"].errors["c0"]


def test_read_otherwise(owner: Client, inside: Shop) -> None:
    batch = brought(owner, inside, b"Name|Price\nCaf\xe9|1,5\n")
    answer = send(owner, inside, batch, "read", delimiter=";", encoding="cp1252")
    assert answer.status_code == 302
    batch.refresh_from_db()
    assert batch.options["look"]["columns"] == ["Name|Price"]
    send(owner, inside, batch, "read", delimiter="|", encoding="latin-1", decimal_comma="yes")
    batch.refresh_from_db()
    assert batch.options["look"]["columns"] == ["Name", "Price"]
    assert batch.options["read"] == {
        "encoding": "latin-1", "delimiter": "|", "decimal_comma": True,
    }  # fmt: skip
    assert "Café" in html(owner, inside, batch, "columns/")


def test_what_was_checked_is_forgotten_when_it_is_read_otherwise(
    owner: Client, inside: Shop
) -> None:
    """A point becomes a comma, and what the preview said would not be what comes in."""
    batch = checked(owner, inside, b'Name,SKU,Price\nBlue mug,MUG-1,"1,250"\n')
    assert batch.state == "checked"
    send(owner, inside, batch, "read", decimal_comma="yes")
    batch.refresh_from_db()
    assert (batch.state, batch.report) == ("draft", {})
    price = Variation.objects.get(sku="MUG-1").price
    owner.post(url(inside, batch, "apply/"), {"only": "all"})
    assert Variation.objects.get(sku="MUG-1").price == price
    # The columns are what there is to see of it now.
    page: Any = owner.get(url(inside, batch))
    assert page.url == url(inside, batch, "columns/")
    # Nor is it applied by columns that are no more.
    send(owner, inside, batch, "check")
    send(owner, inside, batch, "read", delimiter=";")
    batch.refresh_from_db()
    assert (batch.state, batch.mapping) == ("draft", {})


def test_read_in_a_way_that_does_not_work(owner: Client, inside: Shop) -> None:
    batch = brought(owner, inside, ODD.encode("utf-8"))
    answer = send(owner, inside, batch, "read", encoding="klingon")
    assert answer.status_code == 200 and answer.context["read"].errors["encoding"]


def test_a_mapping_is_kept_and_used_again(owner: Client, inside: Shop) -> None:
    batch = brought(owner, inside, ODD.encode())
    wanted = {"c0": "name", "c1": "sku", "c2": "price", "c3": ""}
    send(owner, inside, batch, "save", name="Supplier", **wanted)
    assert SavedMapping.objects.get().mapping == {
        "preset": "", "columns": {"name": "Artikel", "sku": "Nr", "price": "Verkauf"},
    }  # fmt: skip
    answer = send(owner, inside, batch, "save", name="Supplier", **wanted)
    assert "Another mapping" in str(answer.context["name"].errors["name"])
    answer = send(owner, inside, batch, "save", name="", **wanted)
    assert "required" in str(answer.context["name"].errors["name"])

    later = brought(owner, inside, ODD.encode())
    answer = send(owner, inside, later, "begin", preset="saved:Supplier")
    rows = {row["column"]: row["field"].value() for row in answer.context["columns"].rows()}
    assert rows == {"Artikel": "name", "Nr": "sku", "Verkauf": "price", "Farbe": ""}
    saved = SavedMapping.objects.get()
    assert f"data/mappings/{saved.pk}/delete/" in answer.content.decode()
    owner.post(inside.url(f"data/mappings/{saved.pk}/delete/"))
    assert not SavedMapping.objects.exists()


def test_the_command_and_the_page_share_mappings(
    owner: Client, inside: Shop, tmp_path: Path
) -> None:
    (tmp_path / "list.csv").write_bytes(ODD.encode())
    batch = brought(owner, inside, ODD.encode())
    wanted = {"c0": "name", "c1": "sku", "c2": "price", "c3": ""}
    send(owner, inside, batch, "save", name="Page", **wanted)
    path, out = str(tmp_path / "list.csv"), io.StringIO()
    call = partial(call_command, "import_products", path, business="acme", stdout=out, stderr=out)
    call(mapping="Page", save_mapping="Command", dry_run=True)
    assert "Verkauf → price" in out.getvalue()
    page, command = (SavedMapping.objects.get(name=name) for name in ("Page", "Command"))
    assert page.mapping == command.mapping
    answer = send(owner, inside, batch, "begin", preset="saved:Command")
    rows = {row["column"]: row["field"].value() for row in answer.context["columns"].rows()}
    assert rows == {"Artikel": "name", "Nr": "sku", "Verkauf": "price", "Farbe": ""}


def test_a_saved_mapping_keeps_its_preset(owner: Client, inside: Shop) -> None:
    """It says how rows make products: those of one handle are one."""
    data = b"Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price\n"
    data += b"a,A,Size,S,A-S,1\na,,,L,A-L,2\n"
    batch = brought(owner, inside, data)
    send(owner, inside, batch, "save", name="Web shop", preset="shopify")
    assert SavedMapping.objects.get().mapping["preset"] == "shopify"
    later = brought(owner, inside, data)
    answer = send(owner, inside, later, "begin", preset="saved:Web shop")
    columns = {row["field"].html_name: row["field"].value() for row in
               answer.context["columns"].rows()}  # fmt: skip
    send(owner, inside, later, "check", **columns, preset="saved:Web shop")
    later.refresh_from_db()
    assert later.state == "checked" and later.report["counts"]["new"] == 1
    assert later.report["counts"]["variations_new"] == 2
    # Going back shows what was begun with.
    page = owner.get(url(inside, later, "columns/"))
    assert page.context["preset"] == "saved:Web shop"


@pytest.mark.parametrize("kind", ["products", "sales"])
@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ({"columns": {"no_such": "Nr"}}, "There is no field “no_such”."),
        ({"columns": {"name": "Nr"}, "more": 1}, "This is no mapping of columns."),
        ({"Nr": "name"}, "This is no mapping of columns."),
        ({"preset": "no_such", "columns": {}}, "There is no preset “no_such”."),
        ([], "This is no mapping of columns."),
    ],
)
def test_a_saved_mapping_that_makes_no_sense(
    owner: Client, inside: Shop, tmp_path: Path, mapping: Any, says: str, kind: str
) -> None:
    SavedMapping.objects.create(kind=kind, name="Odd", mapping=mapping)
    batch = brought(owner, inside, ODD.encode(), kind=kind)
    answer = send(owner, inside, batch, "begin", preset="saved:Odd")
    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert send(owner, inside, batch, "check", preset="saved:Odd").status_code in (200, 302)
    if kind == "products":
        (tmp_path / "list.csv").write_bytes(ODD.encode())
        with pytest.raises(CommandError, match=says):
            call_command(
                "import_products", str(tmp_path / "list.csv"), business="acme", mapping="Odd",
                stdout=io.StringIO(), stderr=io.StringIO(),
            )  # fmt: skip


def test_a_preset_is_begun_with(owner: Client, inside: Shop) -> None:
    batch = brought(owner, inside, b"Handle,Title,Variant SKU,Variant Price\na,A,1,2\n")
    answer = send(owner, inside, batch, "begin", preset="shopify")
    rows = {row["column"]: row["field"].value() for row in answer.context["columns"].rows()}
    assert rows["Title"] == "name" and rows["Variant Price"] == "price"
    assert answer.context["preset"] == "shopify"


def test_others_mappings(
    owner: Client, manager: Client, stranger: Client, inside: Shop, other_shop: Shop
) -> None:
    saved = SavedMapping.objects.create(kind="products", name="Our own columns", mapping={})
    path = f"data/mappings/{saved.pk}/delete/"
    assert manager.post(inside.url(path)).status_code == 403
    assert stranger.post(inside.url(path)).status_code == 404
    assert stranger.post(other_shop.url(path)).status_code == 404
    assert owner.get(inside.url(path)).status_code == 405
    assert SavedMapping.objects.exists()
    theirs = upload(stranger, other_shop, GOOD)
    assert "Our own columns" not in stranger.get(theirs.url).content.decode()


def test_the_statements_do_not_grow_with_the_columns(owner: Client, inside: Shop) -> None:
    counts = []
    for width in (3, 60):
        head = ",".join(f"C{number}" for number in range(width))
        batch = brought(owner, inside, f"{head}\n{head}\n".encode())
        with counted() as statements:
            html(owner, inside, batch, "columns/")
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 14
