"""Roles: pages, and that nobody grants what they do not hold."""

from __future__ import annotations

import re

import pytest

from accounts.models import AuditEntry, Role
from accounts.permissions import Permission, by_module
from tenants.context import business
from tests.accounts.reading import found
from tests.factories import Shop, make_person, signed_in


def url(shop: Shop, role: str, act: str = "") -> str:
    return shop.url(f"roles/{shop.roles[role].pk}/{act}")


def granted(shop: Shop, role: str) -> set[str]:
    with business(shop.business):
        return set(Role.objects.get(pk=shop.roles[role].pk).permissions)


@pytest.fixture
def helper(shop: Shop):
    """May make and change roles, and sells."""
    with business(shop.business):
        rights = ["role.view", "role.create", "role.update", "role.delete", "sell.create"]
        return signed_in(make_person("helper", Role.objects.create(name="H", permissions=rights)))


def test_list_counts_people_and_rights(shop, owner, other_shop, django_assert_max_num_queries):
    with business(shop.business):
        for number in range(20):
            Role.objects.create(name=f"Extra {number}", permissions=["sell.create"])
    with django_assert_max_num_queries(12):
        page = owner.get("/b/acme/roles/").content.decode()
    assert page.count("row-link") == 26
    row = found(r"(Cashier</a>.*?</tr>)", page)
    assert re.findall(r'class="num"[^>]*>(\d+)<', row) == [str(len(granted(shop, "Cashier"))), "1"]
    assert owner.get("/b/acme/roles/?q=stock").content.decode().count("row-link") == 1


def test_detail_names_the_rights_and_the_people(shop, owner):
    page = owner.get(url(shop, "Cashier")).content.decode()
    assert "Use the till and take payments." in page
    assert "Acme.Cashier Person" in page
    assert "See profit and loss" not in page


def test_make_change_and_remove_one(shop, owner):
    data = {"name": "Helper", "description": "Helps", "permissions": ["sell.create", "stock.view"]}
    made = owner.post("/b/acme/roles/new/", data)
    assert made.status_code == 302
    page = owner.get(made["Location"] + "edit/").content.decode()
    assert re.search(r'value="stock.view" checked', page)
    data["permissions"] = ["sell.create"]
    assert owner.post(made["Location"] + "edit/", data).status_code == 302
    with business(shop.business):
        role = Role.objects.get(name="Helper")
        entries = list(AuditEntry.objects.filter(object_type="role"))
    assert role.permissions == ["sell.create"]
    assert [entry.action for entry in entries] == ["role.update", "role.create"]
    assert entries[0].changes == {"permissions": [["sell.create", "stock.view"], ["sell.create"]]}
    assert owner.post(made["Location"] + "delete/")["Location"] == "/b/acme/roles/"
    assert owner.get(made["Location"]).status_code == 404


def test_the_form_shows_every_right_once_in_its_group(owner):
    page = owner.get("/b/acme/roles/new/").content.decode()
    assert sorted(re.findall(r'name="permissions" value="([^"]+)"', page)) == sorted(Permission)
    assert page.count("data-check-group") == len(by_module())
    assert "disabled" not in page


def test_what_one_does_not_hold_cannot_be_ticked(helper):
    page = helper.get("/b/acme/roles/new/").content.decode()
    enabled = re.findall(r'name="permissions" value="([^"]+)">', page)
    assert len(enabled) == 5


@pytest.mark.parametrize("rights", [["sell.void"], ["sell.create", "admin.access"]])
def test_nobody_makes_a_role_with_more_than_they_hold(shop, helper, rights):
    answer = helper.post("/b/acme/roles/new/", {"name": "More", "permissions": rights})
    assert "rights that you hold yourself" in answer.content.decode()
    with business(shop.business):
        assert not Role.objects.filter(name="More").exists()


def test_nobody_widens_the_role_they_have(shop, helper):
    with business(shop.business):
        own = Role.objects.get(name="H")
    data = {"name": "H", "permissions": [*own.permissions, "sell.void"]}
    answer = helper.post(shop.url(f"roles/{own.pk}/edit/"), data)
    assert "rights that you hold yourself" in answer.content.decode()
    with business(shop.business):
        assert Role.objects.get(pk=own.pk).permissions == own.permissions


@pytest.mark.parametrize("act", ["edit/", "delete/"])
def test_nobody_touches_a_role_with_more_rights(shop, helper, act):
    with business(shop.business):
        empty = Role.objects.create(name="Above", permissions=["sell.void"])
    helper.post(shop.url(f"roles/{empty.pk}/{act}"), {"name": "Above", "permissions": []})
    with business(shop.business):
        assert Role.objects.get(pk=empty.pk).permissions == ["sell.void"]


def test_an_owner_gives_what_is_new_in_the_catalogue(shop, owner):
    """The owner's own role may have come from elsewhere and lack what did not exist there."""
    rights = sorted(granted(shop, "Owner") - {"sell.exchange"})
    with business(shop.business):
        Role.objects.filter(name="Owner").update(permissions=rights)
    data = {"name": "Owner", "permissions": [*rights, "sell.exchange"]}
    assert owner.post(url(shop, "Owner", "edit/"), data).status_code == 302
    assert "sell.exchange" in granted(shop, "Owner")


def test_the_owners_do_not_lock_themselves_out(shop, owner):
    rights = sorted(granted(shop, "Owner") - {"role.update"})
    answer = owner.post(url(shop, "Owner", "edit/"), {"name": "Owner", "permissions": rights})
    assert "At least one active owner" in answer.content.decode()
    assert "role.update" in granted(shop, "Owner")


def test_a_role_that_somebody_has_stays(shop, owner):
    owner.post(url(shop, "Cashier", "delete/"))
    assert granted(shop, "Cashier")


def test_names_are_unique_here_and_free_elsewhere(shop, other_shop, owner):
    with business(other_shop.business):
        Role.objects.create(name="Night shift")
    assert owner.post("/b/acme/roles/new/", {"name": "Night shift"}).status_code == 302
    answer = owner.post("/b/acme/roles/new/", {"name": "Night shift"})
    assert "Another role has this name" in answer.content.decode()


@pytest.mark.parametrize("right", ["sell.fly", "", "access_all_locations"])
def test_an_unknown_right_is_refused(shop, owner, right):
    answer = owner.post("/b/acme/roles/new/", {"name": "Odd", "permissions": [right]})
    assert answer.status_code == 200
    with business(shop.business):
        assert not Role.objects.filter(name="Odd").exists()


def test_a_change_holds_at_the_next_request(shop, owner, cashier):
    assert cashier.get("/b/acme/till/").status_code == 200
    owner.post(url(shop, "Cashier", "edit/"), {"name": "Cashier", "permissions": ["stock.view"]})
    assert cashier.get("/b/acme/till/").status_code == 403


@pytest.mark.parametrize("act", ["", "edit/", "delete/"])
def test_a_stranger_finds_no_role(shop, stranger, act):
    verb = stranger.post if act == "delete/" else stranger.get
    assert verb(url(shop, "Viewer", act)).status_code == 404
    assert verb(f"/b/rival/roles/{shop.roles['Viewer'].pk}/{act}").status_code == 404
