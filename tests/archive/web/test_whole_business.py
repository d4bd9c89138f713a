"""A whole business comes in at the pages: into the one that is empty, and by nobody's word but its
owner's."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts import people
from accounts.beginnings import NewPerson, start_business
from accounts.models import AuditEntry, Device, Membership, Role, User
from accounts.permissions import DEFAULT_ROLES, Permission
from archive import jobs
from archive.exportfile import Bounds
from archive.exporting.writing import export_all
from archive.importing import import_export
from archive.management.commands import import_data
from archive.models import FilePart, ImportBatch, Job, StoredFile
from archive.validation import read_export
from archive.work import whole
from inventory.models import (
    Product,
    StockDocument,
    StockLevel,
    StockMovement,
    TaxRate,
    Variation,
)
from sales.models import Customer, Register, Sale, Shift
from tenants.context import business
from tenants.encryption import blind_index
from tenants.models import Business, ExternalReference, Location
from tests.archive.exports import row, stalls
from tests.archive.moving import Change, everything, put
from tests.archive.rich import changed, rich, taken
from tests.archive.web.files import upload
from tests.factories import PASSWORD, Shop, make_person, make_shop, signed_in

ADAS = "1"


class Room:
    """A business that was just begun, with its owner at the pages; nothing is bound."""

    def __init__(self, slug: str = "corner", owner: str = "nora") -> None:
        new = NewPerson(owner, PASSWORD, email=f"{owner}@example.com", name=owner.title())
        self.business = start_business(name=slug.title(), slug=slug, owner=new)
        self.user = User.objects.get(pk=User.objects.order_by("-pk")[0].pk)
        self.client = signed_in(self.user)
        self.batch: ImportBatch | None = None

    def url(self, path: str = "") -> str:
        return f"/b/{self.business.slug}/{path}"

    @contextmanager
    def inside(self) -> Iterator[Business]:
        with business(self.business):
            yield Business.objects.get(pk=self.business.pk)

    def upload(self, data: Any, name: str = "shop.json") -> ImportBatch:
        raw = data if isinstance(data, bytes) else json.dumps(data).encode()
        answer = upload(self.client, self, raw, name, "data")  # type: ignore[arg-type]
        assert answer.status_code == 302, answer.content.decode()
        return self.last()

    def last(self) -> ImportBatch:
        with business(self.business):
            self.batch = ImportBatch.objects.order_by("-created_at", "-pk")[0]
            if self.batch.job is not None and not self.batch.job.is_over:
                jobs.run(self.batch.job)  # it was too much for the request
            rows = ImportBatch.objects.select_related("job", "file")
            self.batch = rows.get(pk=self.batch.pk)
            return self.batch

    def post(self, what: str, **data: Any) -> ImportBatch:
        assert self.batch is not None
        self.client.post(self.url(f"data/imports/{self.batch.pk}/{what}/"), data)
        return self.last()

    def page(self) -> str:
        assert self.batch is not None
        answer = self.client.get(self.url(f"data/imports/{self.batch.pk}/"))
        assert answer.status_code == 200
        return answer.content.decode()

    def checked(self, data: Any, chosen: str = ADAS) -> ImportBatch:
        batch = self.upload(data)
        if batch.state == "checked" and batch.report["chosen"] is None:
            batch = self.post("choose", business=chosen)
        return batch

    def bring(self, data: Any, chosen: str = ADAS) -> ImportBatch:
        batch = self.checked(data, chosen)
        assert batch.state == "checked", batch.job and batch.job.message
        batch = self.post("apply", only="all")
        assert batch.state == "applied", batch.job and batch.job.message
        return batch

    def refused(self, data: Any, chosen: str = ADAS) -> str:
        """The sentence that the check ends with."""
        batch = self.checked(data, chosen)
        assert batch.state == "draft" and batch.job is not None
        assert batch.job.state == "failed"
        assert batch.job.message in _plain(self.page())
        return str(batch.job.message)


def _plain(html: str) -> str:
    return html.replace("&#x27;", "'").replace("&quot;", '"')


@pytest.fixture
def room(db: None) -> Room:
    return Room()


def changing(*changes: Change) -> dict[str, Any]:
    export = stalls()
    for change in changes:
        change(export)
    return export


def own(tmp_path: Path, *changes: Callable[[dict[str, Any]], object], slug: str = "acme") -> bytes:
    """The file of a shop of ours with one of everything, which is another installation's."""
    rich(slug)
    path = tmp_path / f"{slug}.json"
    taken(path, Business.objects.get(slug=slug))
    return changed(path, *changes).read_bytes() if changes else path.read_bytes()


# -- the way through ------------------------------------------------------------------------------


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
        row(data, "locations", 1)["locationCode"] = "main"

    room.bring(own(tmp_path, called_main))
    with room.inside():
        assert Location.objects.get(code="MAIN").name == "High Street"
        assert Location.objects.count() == 2


def test_the_names_of_tables_are_those_of_the_command() -> None:
    assert whole.NAMES.keys() == import_data.NAMES.keys() - {"businesses"}


# -- where it may come in -------------------------------------------------------------------------


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


# -- what cannot be read --------------------------------------------------------------------------

WHOLE = json.dumps(stalls()).encode()
LONG = b'"%s",' % (b"A" * 1024**2)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"[1, 2]", "JSON list"),
        (b"Name,Price\nTeapot,4.99\n", "does not begin like JSON"),
        (json.dumps(stalls()).encode("utf-16"), "does not begin like JSON"),
        (WHOLE.replace(b"Ada", b"\xc9da"), "is not valid JSON"),
        (WHOLE[:-9], "breaks off"),
        (gzip.compress(WHOLE)[:-400], "damaged or cut off"),
        (gzip.compress(bytes(80 * 1024**2)), "does not begin like JSON"),
        (gzip.compress(b'{"x": [' + LONG * 80 + b"1]}"), "far more than a shop's data"),
        (gzip.compress(b'{"businesses": [{"name": "' + b"A" * 20 * 1024**2), "more than 16 MB"),
        (WHOLE.replace(b'"12.0000"', b"1" * 5000), "number without measure"),
        (WHOLE.replace(b'"12.0000"', b"1e" + b"9" * 30), "number without measure"),
        (b'{"format": "tillbook", "version": 99, "businesses": []}', "newer Tillbook"),
    ],
)
def test_one_clear_sentence(room: Room, data: bytes, says: str) -> None:
    if not data:
        answer = upload(room.client, room, data, "shop.json", "data")  # type: ignore[arg-type]
        assert "The submitted file is empty" in answer.content.decode()
        return
    said = room.refused(data)
    assert says in said and "/" not in said.replace("shop.json", "")
    assert "Choose another file" in room.page()


def test_faults_are_listed_and_taken_away(room: Room) -> None:
    bad = changing(put("products", 1, sellingPrice="twelve"), put("stock", 1, qtyAvailable="NaN"))
    batch = room.upload(bad)
    assert batch.state == "checked"
    page = room.page()
    assert "products 1" in page and "is not a number" in page and "Import now" not in page
    assert "is not a finite number" in page and "Have these mended" in page
    answer = room.client.get(room.url(f"data/imports/{batch.pk}/problems/"))
    assert "products 1,sellingPrice,twelve,is not a number,error" in answer.content.decode()
    batch = room.post("apply", only="good")
    assert batch.state == "checked" and batch.job is not None and batch.job.state == "failed"
    with room.inside():
        assert not Product.objects.exists()


def test_more_faults_than_a_page_holds(room: Room, monkeypatch: Any) -> None:
    export = stalls()
    suppliers = [{"id": n, "businessId": 1, "name": n} for n in range(10, 1300)]
    batch = room.upload({**export, "suppliers": suppliers})
    assert batch.report["fault_count"] == 1001 and len(batch.report["wrong"]) == 500
    assert "The first 50 of 1001" in room.page()
    answer = room.client.get(room.url(f"data/imports/{batch.pk}/problems/"))
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert "has 290 more faults" in text and text.count("is not text") == 1000


def test_more_than_may_stay_in_memory(room: Room, monkeypatch: Any) -> None:
    small = Bounds(all=10**9, kept=10_000, streamed=whole.BOUNDS.streamed)
    monkeypatch.setattr(whole, "BOUNDS", small)
    assert "more than can be taken here" in room.refused(stalls())


def test_too_many_people(room: Room) -> None:
    export = stalls()
    ben = row(export, "users", 2)
    many = [{**ben, "id": n, "username": f"ben{n}", "email": ""} for n in range(10, 600)]
    assert "at most 500 come in" in room.refused({**export, "users": [*export["users"], *many]})


def test_a_till_with_the_same_prefix(room: Room, tmp_path: Path) -> None:
    data = own(tmp_path)
    with room.inside():
        Register.objects.create(name="Till A", location=Location.objects.get(), prefix="ACM1")
    said = room.refused(data)
    assert "ACM1" in said and "Till A" in said


# -- what a file may not do -----------------------------------------------------------------------


def victim() -> tuple[Shop, dict[str, Any]]:
    shop = make_shop("rival")
    Business.objects.filter(pk=shop.business.pk).update(
        settings={"origin": {"source": "page", "id": 1, "created": "x", "as": ""}}
    )
    return shop, _as_it_is(shop)


def _as_it_is(shop: Shop) -> dict[str, Any]:
    users = User.objects.filter(username_index__in=[p.username_index for p in shop.people.values()])
    told: dict[str, Any] = {
        "business": Business.objects.filter(pk=shop.business.pk).values().get(),
        "users": list(users.order_by("pk").values()),
    }
    with business(shop.business):
        for model in (Membership, Role, Location, Product, Variation, Customer, ExternalReference):
            told[model.__name__] = list(model.objects.order_by("pk").values())
    return told


def test_another_business_by_address_origin_and_ids(room: Room, tmp_path: Path) -> None:
    """Its address, its mark of origin and its name in the file: nothing of it is read or written."""
    rival, before = victim()

    def attack(data: dict[str, Any]) -> None:
        one = data["businesses"][0]
        one["slug"] = rival.business.slug
        one["createdAt"] = "2026-01-01T00:00:00Z"
        one["settings"] = {
            "origin": {"source": "page", "id": 1, "created": "x", "as": ""},
            "fingerprint": "x", "leaves_on": "2020-01-01", "books": "broken", "theme": "pink",
        }  # fmt: skip
        one["isActive"] = False

    room.bring(own(tmp_path, attack))
    with room.inside() as mine:
        assert mine.slug == "corner" and mine.is_active
        assert mine.settings.keys() == {"origin", "fingerprint", "books"}
        assert mine.settings["origin"]["created"] != "x"
    assert _as_it_is(rival) == before
    assert Business.objects.count() == 3


def test_the_command_takes_no_notes_of_a_file(db: None, tmp_path: Path) -> None:
    def attack(data: dict[str, Any]) -> None:
        data["businesses"][0]["settings"] = {"books": "broken", "leaves_on": "2020", "theme": "red"}

    path = tmp_path / "acme.json"
    path.write_bytes(own(tmp_path, attack))
    (moved,) = import_export(read_export(path))
    settings = Business.objects.get(slug=moved.slug).settings
    assert settings["theme"] == "red" and "leaves_on" not in settings
    assert settings["books"]["sales"] > 0


def test_people_get_no_passwords_and_nothing_that_is_not_theirs(room: Room) -> None:
    make_shop("rival")
    taken_name, taken_mail = "rival.owner", "rival.cashier@example.com"
    before = list(User.objects.order_by("pk").values())
    batch = room.checked(
        changing(
            put("users", 1, username=taken_name, isSuperuser=True, is_superuser=True),
            put("users", 2, email=taken_mail),
        )
    )
    # Looking tells nothing of accounts.
    said = json.dumps(batch.report)
    assert "rival" not in said and "the result names them" in said
    batch = room.post("apply", only="all")
    known = {one["id"] for one in before}
    assert list(User.objects.filter(pk__in=known).order_by("pk").values()) == before
    new = User.objects.exclude(pk__in=known)
    assert {one.username for one in new} == {"rival.owner.corner", "ben"}
    assert {one.email for one in new} == {"ada@example.com", ""}
    for one in new:
        assert not one.has_usable_password() and not one.is_superuser and one.is_active
        assert not one.check_password(PASSWORD)
    with business(Business.objects.get(slug="rival")):
        assert Membership.objects.count() == len(DEFAULT_ROLES)
    said = " ".join(batch.report["notes"])
    assert "rival.owner → rival.owner.corner" in said and "cannot be used here: ben" in said


def test_new_people_get_in_as_the_staff_page_lets_them(room: Room) -> None:
    room.bring(stalls())
    with room.inside():
        ben = Membership.objects.get(user=User.objects.order_by("-pk")[0])
    assert ben.user.username == "ben" and not ben.is_owner
    with room.inside():
        me = Membership.objects.get(user=room.user)
        first = people.reset_password(actor=me, member=ben)
    assert Client().login(username="ben", password=first)
    with room.inside():
        assert AuditEntry.objects.filter(action="user.create", actor=room.user).count() >= 2


@pytest.mark.parametrize("name", ["victim@example.com", " x ", "@", "a b"])
def test_no_user_name_stands_in_the_way_of_an_address(room: Room, name: str) -> None:
    room.bring(changing(put("users", 2, username=name)))
    new = User.objects.order_by("-pk")[0]
    assert "@" not in new.username and " " not in new.username and len(new.username) >= 2


def test_addresses_and_languages_that_are_none(room: Room) -> None:
    room.bring(changing(put("users", 2, email="x\r\nBcc: all@example.com", language="zz/../")))
    new = User.objects.order_by("-pk")[0]
    assert (new.email, new.language) == ("", "")


def test_whoever_imports_stays_what_they_are(room: Room, tmp_path: Path) -> None:
    """The file has the importer too, by name and by address, with less."""
    nora = Membership.objects
    with room.inside():
        before = nora.filter(user=room.user).values().get(), Role.objects.values().get(name="Owner")
    account = User.objects.filter(pk=room.user.pk).values().get()

    def attack(data: dict[str, Any]) -> None:
        cashier = next(one for one in data["users"] if one["username"] == "acme.cashier")
        cashier.update(username="NORA", isOwner=False, isActive=False, allowLogin=False)
        cashier.update(password=account["password"])
        other = next(one for one in data["users"] if one["username"] == "acme.manager")
        other.update(email="Nora@example.com", isActive=False)
        owner = next(one for one in data["roles"] if one["name"] == "Owner")
        owner["permissions"] = owner["permissions"][:1]

    data = own(tmp_path, attack)
    room.bring(data)
    with room.inside():
        after = nora.filter(user=room.user).values().get(), Role.objects.values().get(name="Owner")
        assert after == before
        assert Role.objects.filter(name="Owner-2").exists()
        # What the cashier signed is hers now.
        assert Shift.objects.filter(opened_by=room.user).exists()
    assert User.objects.filter(pk=room.user.pk).values().get() == account
    assert "Work here already, and stay as they are: nora, nora." in room.page()


def test_somebody_who_came_by_the_file_imports_the_next(room: Room, tmp_path: Path) -> None:
    """Neither they nor their role are the newer file's to change; others are."""
    data = json.loads(own(tmp_path))
    room.bring(json.dumps(data).encode())
    with room.inside():
        boss = Membership.objects.get(user__username_index=_index("acme.owner.corner"))
        full = Role.objects.get(pk=boss.role_id)
        assert boss.is_owner and full.granted == frozenset(Permission)
    room.client = signed_in(boss.user)
    for one in data["users"]:
        one.update(isActive=False, isOwner=False)
    for one in data["roles"]:
        one["permissions"] = []
    room.bring(json.dumps(data).encode())
    with room.inside():
        again = Membership.objects.get(pk=boss.pk)
        assert again.is_owner and again.is_active and again.role.granted == full.granted
        nora = Membership.objects.get(user=room.user)
        assert nora.is_owner and nora.is_active and nora.role.granted == full.granted
        cashier = Membership.objects.get(user__username_index=_index("acme.cashier.corner"))
        assert not cashier.is_active and cashier.role.permissions == []


def _index(name: str) -> str:
    return blind_index(name, "username")


def test_an_account_that_opens_another_business_keeps_its_name(room: Room) -> None:
    room.bring(stalls())
    other = make_shop("rival")
    ben = User.objects.get(username_index=_index("ben"))
    with business(other.business):
        Membership.objects.create(user=ben, role=other.roles["Cashier"])
    room.bring(changing(put("users", 2, firstName="Mallory", allowLogin=False)))
    ben.refresh_from_db()
    assert ben.name == "Ben Stall" and ben.is_active
    with room.inside():
        assert not Membership.objects.get(user=ben).is_active
    with business(other.business):
        assert Membership.objects.get(user=ben).is_active


def test_a_right_that_does_not_exist_yet_is_not_granted(room: Room, tmp_path: Path) -> None:
    room.bring(own(tmp_path))
    with room.inside():
        held = {name for role in Role.objects.all() for name in role.permissions}
    assert "warp.drive" not in held and "sell.view" in held


def test_devices_come_without_tokens(room: Room, tmp_path: Path) -> None:
    with business(rich().business):
        tokens = set(Device.objects.values_list("token_hash", flat=True))
    room.bring(taken(tmp_path / "acme.json", Business.objects.get(slug="acme")))
    with room.inside():
        assert Device.objects.count() == 1
        assert not tokens & set(Device.objects.values_list("token_hash", flat=True))
    assert "connect them anew" in room.page()


def test_who_signed_and_works_here_no_more_has_no_way_in(room: Room, tmp_path: Path) -> None:
    room.bring(own(tmp_path))
    former = User.objects.get(username_index=_index("acme.former.corner"))
    assert not former.is_active and not former.has_usable_password() and not former.email


def test_a_currency_does_not_change_under_sales(room: Room, tmp_path: Path) -> None:
    data = json.loads(own(tmp_path))
    room.bring(json.dumps(data).encode())
    data["businesses"][0]["currency"]["code"] = "JPY"
    for table in ("sales", "shifts", "movements", "creditEntries", "creditAccounts", "registers"):
        data[table] = []
    batch = room.checked(json.dumps(data).encode())
    assert batch.state == "checked" or (batch.job and "JPY" in batch.job.message)
    with room.inside() as mine:
        assert mine.currency == "EUR"


def test_a_locale_or_zone_that_is_none_is_a_fault(room: Room, tmp_path: Path) -> None:
    def spoil(data: dict[str, Any]) -> None:
        data["businesses"][0]["locale"] = "../etc"
        row(data, "locations", 1)["ownTimeZone"] = "Mars/Base"

    batch = room.upload(own(tmp_path, spoil))
    page = room.page()
    assert batch.report["fault_count"] == 2 and "is no locale" in page and "Mars/Base" in page


def test_the_choice_is_one_of_the_file(room: Room) -> None:
    room.upload(stalls())
    for wrong in ("3", "", "1; drop", "0"):
        batch = room.post("choose", business=wrong)
        assert batch.report["chosen"] is None
    batch = room.post("choose", business="2")
    assert batch.report["facts"]["name"] == ["Corner", "Cleo's Stall"]
    batch = room.post("choose", business="1")
    assert batch.report["facts"]["name"] == ["Corner", "Ada's Stall"]


def test_what_was_imported_is_what_was_chosen_even_with_two_of_one_name(room: Room) -> None:
    room.bring(changing(put("businesses", 2, name="1")), chosen="2")
    with room.inside() as mine:
        assert mine.name == "1" and Customer.objects.get().name == "Eli"


def test_stock_is_opened_in_the_name_of_who_imports(room: Room) -> None:
    room.bring(stalls())
    with room.inside():
        assert {one.actor_id for one in StockDocument.objects.all()} == {room.user.pk}
        assert sum(one.quantity for one in StockMovement.objects.all()) > Decimal(0)


def test_a_large_file_goes_to_the_queue(room: Room, monkeypatch: Any) -> None:
    monkeypatch.setattr("archive.views.imports.AT_ONCE", -1)
    upload(room.client, room, WHOLE, "shop.json", "data")  # type: ignore[arg-type]
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
