"""A whole business comes in at the pages: into the one that is empty, by its owner."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, Membership, Role
from accounts.permissions import Permission
from archive import jobs
from archive.exporting.writing import export_all
from archive.management.commands import import_data
from archive.models import FilePart, ImportBatch, Job, StoredFile
from archive.work import whole
from inventory.models import (
    Product,
    StockDocument,
    StockLevel,
    StockMovement,
    TaxRate,
)
from sales.models import Customer, Sale
from tenants.context import business
from tenants.models import Business, Location
from tests.archive.exports import stalls
from tests.archive.moving import everything, put
from tests.archive.rich import rich, taken
from tests.archive.web.files import upload
from tests.archive.web.moving_in import ADAS, Room, changing, own
from tests.factories import Shop, make_person, make_shop, signed_in


def test_chosen_looked_at_and_imported(room: Room) -> None:
    before = everything()
    batch = room.upload(stalls())
    assert batch.state == "checked" and batch.report["chosen"] is None
    page = room.page()
    assert "Cleo&#x27;s Stall (locations: 1, products: 1)" in page and "Import now" not in page
    room.post("choose", business=ADAS)
    page = room.page()
    assert "Ada&#x27;s Stall" in page and "Import now" in page and "people come in" in page
    told = {"StoredFile": 1, "FilePart": 1, "ImportBatch": 1, "Job": 2}
    after = everything()
    assert {n: after[n] - before[n] for n in after if after[n] != before[n]} == told
    batch = room.post("apply", only="all")
    assert batch.state == "applied"
    with room.inside() as mine:
        assert (mine.name, mine.currency, mine.time_zone) == ("Ada's Stall", "GBP", "Europe/London")
        assert (mine.slug, mine.is_active) == ("corner", True)
        assert Product.objects.count() == 5 and Customer.objects.count() == 1
        assert StockLevel.objects.filter(quantity=12).count() == 1
        assert TaxRate.objects.get(is_default=True).name == "VAT 20%"
        assert AuditEntry.objects.get(action="data.import").actor == room.user
    page = room.page()
    assert "What came in" in page and "Take it back" not in page
    # The header bears the new name.
    assert "Ada&#x27;s Stall" in room.client.get(room.url("data/")).content.decode()


def test_again_changes_nothing_and_a_newer_file_what_is_newer(room: Room) -> None:
    room.bring(stalls())
    batch = room.checked(stalls())
    assert "would change nothing" in room.page()
    room.bring(changing(put("products", 1, name="Big teapot"), put("users", 2, firstName="Benno")))
    with room.inside():
        assert Product.objects.filter(name="Big teapot").exists()
        assert Membership.objects.count() == 3
        assert {m.user.name for m in Membership.objects.all()} >= {"Benno Stall"}
    # Another business of the file is not the one that came in.
    assert "another business of it" in room.refused(stalls(), chosen="2")
    assert batch.pk != room.last().pk


def test_the_file_is_not_kept_once_it_is_in(room: Room) -> None:
    room.checked(stalls())
    with room.inside():
        assert FilePart.objects.count() == 1
    room.post("apply", only="all")
    with room.inside():
        assert not FilePart.objects.exists() and not StoredFile.objects.exists()
        assert not Job.objects.exclude(file=None).exists()
    assert "Imported on" in room.page()


def test_our_own_file_with_sales_and_pictures(room: Room, tmp_path: Path) -> None:
    with business(rich().business):
        sums = {s.number: s.total for s in Sale.objects.all()}
    path = tmp_path / "acme.json.gz"
    room.bring(gzip.compress(taken(path, Business.objects.get(slug="acme"))))
    with room.inside() as mine:
        assert {s.number: s.total for s in Sale.objects.all()} == sums
        assert mine.name == "Acme" and mine.slug == "corner"
        # What it began with is the file's where the file has it too.
        assert {r.name for r in Role.objects.all()} >= {"Cashier", "Owner"}
        assert not Role.objects.filter(name="Cashier-2").exists()
        pictured = Product.objects.exclude(image="").get()
        assert str(pictured.image).startswith(f"products/{mine.pk}/")
        with pictured.image.open() as file:
            assert file.read(4) == b"RIFF"


def test_the_place_that_was_here_before_stays(room: Room) -> None:
    room.bring(stalls())
    with room.inside():
        assert Location.objects.get(code="MAIN").is_active
    assert "The location “Main” was here before" in room.page()


def test_a_place_with_the_same_code_is_the_files(room: Room, tmp_path: Path) -> None:
    def called_main(data: dict[str, Any]) -> None:
        # Ids made in the same millisecond come in any order: the place is asked for by its code.
        (shop,) = data["businesses"]
        (street,) = (one for one in shop["locations"] if one["locationCode"] == "HS")
        street["locationCode"] = "main"

    room.bring(own(tmp_path, called_main))
    with room.inside():
        assert Location.objects.get(code="MAIN").name == "High Street"
        assert Location.objects.count() == 2


def test_the_names_of_tables_are_those_of_the_command() -> None:
    assert whole.NAMES.keys() == import_data.NAMES.keys() - {"businesses"}


def test_a_business_that_is_not_empty_says_so_kindly(owner: Client, shop: Shop) -> None:
    page = owner.get(shop.url("data/imports/new/data/")).content.decode()
    assert "has products, customers, stock already" in page and 'type="file"' not in page
    with business(shop.business):
        before = everything()
    upload(owner, shop, json.dumps(stalls()).encode(), "shop.json", "data")
    assert everything() == before


@pytest.mark.parametrize("what", ["products", "customers"])
def test_filled_after_the_check(room: Room, what: str) -> None:
    room.checked(stalls())
    with room.inside():
        Product.objects.create(name="Pot") if what == "products" else Customer.objects.create(
            name="Carl"
        )
    batch = room.post("apply", only="all")
    assert batch.state == "checked" and batch.job is not None
    assert f"has {what} already" in batch.job.message
    with room.inside() as mine:
        assert mine.name == "Corner" and "origin" not in mine.settings


def test_what_the_command_brought_is_the_commands(
    room: Room, bring: Callable[..., Any], tmp_path: Path
) -> None:
    (moved,) = bring(only="1")
    there = Business.objects.get(slug=moved.slug)
    with business(there):
        role = Role.objects.get(name="Admin")
        role.permissions = [p.value for p in Permission]
        role.save()
    with business(there):
        ada = signed_in(Membership.objects.get(is_owner=True).user)
    page = ada.get(f"/b/{there.slug}/data/imports/new/data/").content.decode()
    assert "manage.py import_data" in page and 'type="file"' not in page
    # And what came in at the page is not found by the command.
    room.bring(stalls())
    names = [one.slug for one in bring(only="1")]
    assert names == [there.slug]
    with room.inside() as mine:
        assert mine.settings["origin"]["source"] == "page"


def test_the_command_makes_a_new_one_of_what_came_in_here(
    room: Room, bring: Callable[..., Any]
) -> None:
    room.bring(stalls())
    (moved,) = bring(only="1")
    assert moved.created and moved.slug != "corner"


@pytest.mark.parametrize("who", ["manager", "cashier", "other", "stranger"])
def test_nobody_but_an_owner(shop: Shop, who: str) -> None:
    with business(shop.business):
        everything_ = Role.objects.create(name="All", permissions=[p.value for p in Permission])
        person = {
            "manager": shop.manager,
            "cashier": shop.cashier,
            "other": make_person("olga", everything_),
        }.get(who)
    person = person or make_shop("rival").owner
    answer = signed_in(person).get(shop.url("data/imports/new/data/"))
    assert answer.status_code == (404 if who == "stranger" else 403)
    if who == "other":
        assert "Only an owner" in answer.content.decode()
        home = signed_in(person).get(shop.url("data/")).content.decode()
        assert "only an owner brings that in" in home


def test_an_owner_without_the_rights_to_do_it_by_hand(room: Room) -> None:
    with room.inside():
        role = Role.objects.create(name="Little", permissions=["data.import", "data.export"])
        Membership.objects.update(role=role)
    assert room.client.get(room.url("data/imports/new/data/")).status_code == 403


def test_no_longer_an_owner_when_the_job_begins(room: Room, monkeypatch: Any) -> None:
    room.checked(stalls())
    monkeypatch.setattr("archive.views.imports.AT_ONCE", -1)
    assert room.batch is not None
    room.client.post(room.url(f"data/imports/{room.batch.pk}/apply/"), {"only": "all"})
    with room.inside():
        Membership.objects.update(is_owner=False)
        job = Job.objects.order_by("-created_at")[0]
        assert jobs.run(job).state == "failed" and "Only an owner" in job.message
        assert not Product.objects.exists()


def test_stock_is_opened_in_the_name_of_who_imports(room: Room) -> None:
    room.bring(stalls())
    with room.inside():
        assert {one.actor_id for one in StockDocument.objects.all()} == {room.user.pk}
        assert sum(one.quantity for one in StockMovement.objects.all()) > Decimal(0)


def test_a_large_file_goes_to_the_queue(room: Room, monkeypatch: Any) -> None:
    monkeypatch.setattr("archive.views.imports.AT_ONCE", -1)
    upload(room.client, room, json.dumps(stalls()).encode(), "shop.json", "data")  # type: ignore[arg-type]
    with room.inside():
        batch = ImportBatch.objects.get()
        assert batch.job is not None and batch.job.state == "waiting"
    page = room.client.get(room.url(f"data/imports/{batch.pk}/")).content.decode()
    assert "Check of a file" in page or "progress" in page


def test_exported_again_it_is_the_same_shop(room: Room, tmp_path: Path) -> None:
    """All but what the page does not take from a file."""
    data = json.loads(own(tmp_path))
    room.bring(json.dumps(data).encode())
    path = tmp_path / "again.json"
    with path.open("wb") as file:
        export_all(file, [Business.objects.get(slug="corner")], secrets=True)
    again = json.loads(path.read_bytes())
    for table in ("categories", "brands", "units", "taxRates", "suppliers", "customers",
                  "products", "productVariations", "stock", "barcodes", "locationPrices",
                  "stockDocuments"):  # fmt: skip
        assert len(again[table]) == len(data[table]), table
    plain = {"id", "businessId"}
    for table in ("products", "customers", "barcodes"):
        keys = [k for k in data[table][0] if not k.endswith("Id") and k not in plain]
        mine = [
            [one[k] for k in keys if not isinstance(one[k], dict | list)] for one in again[table]
        ]
        theirs = [
            [one[k] for k in keys if not isinstance(one[k], dict | list)] for one in data[table]
        ]
        assert mine == theirs, table
    numbers = [one["number"] for one in again["sales"]]
    assert numbers == [one["number"] for one in data["sales"]]
