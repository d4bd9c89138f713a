"""What a file that somebody wrote by hand may not do when it is brought in at the pages."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts import people
from accounts.models import AuditEntry, Device, Membership, Role, User
from accounts.permissions import DEFAULT_ROLES, Permission
from archive.importing import import_export
from archive.validation import read_export
from inventory.models import (
    Product,
    Variation,
)
from sales import credit
from sales.models import Customer, Shift
from tenants.context import business
from tenants.encryption import blind_index
from tenants.ids import uuid7
from tenants.models import Business, ExternalReference, Location
from tests.archive.exports import row, stalls
from tests.archive.moving import put
from tests.archive.rich import rich, taken
from tests.archive.web.moving_in import Room, changing, own
from tests.factories import PASSWORD, Shop, make_shop, signed_in


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
    assert "Owners beside you, as the file says: Acme.Owner Person." in room.page()


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


def test_who_becomes_an_owner_by_a_newer_file_is_named(room: Room) -> None:
    room.bring(stalls())
    newer = changing(put("businesses", 1, ownerId=2), put("users", 2, firstName="Benjamin"))
    batch = room.checked(newer)
    said = " ".join(batch.report["notes"])
    assert "Owners beside you, as the file says: Benjamin" in said
    room.post("apply", only="all")
    with room.inside():
        member = next(m for m in Membership.objects.all() if m.user.username == "ben")
        assert member.is_owner
        entry = AuditEntry.objects.get(action="user.update", object_id=str(member.pk))
    assert entry.changes["is_owner"] == [False, True]


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


def test_nor_under_credit_that_was_given_since(room: Room) -> None:
    room.bring(stalls())
    with room.inside():
        customer = Customer.objects.order_by("pk")[0]
        credit.grant(
            actor=room.user, customer=customer, amount=Decimal(5), reason="x", request_id=uuid7()
        )
    newer = stalls()
    newer["businesses"][0]["currency"]["code"] = "JPY"
    assert "kept in GBP" in room.refused(newer)
    with room.inside() as mine:
        assert mine.currency == "GBP"


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
