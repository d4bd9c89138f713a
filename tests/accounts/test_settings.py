"""The business's settings and its locations."""

from __future__ import annotations

import pytest

from accounts.models import AuditEntry
from tenants.context import business
from tenants.models import Business, Location
from tests.factories import Shop, make_person, signed_in

SETTINGS = {
    "name": "Acme & Sons",
    "time_zone": "Asia/Tokyo",
    "locale": "de_DE",
    "tax_label": "MwSt",
    "tax_number": "DE123456789",
    "prices_include_tax": "on",
    "cash_step": "0.05",
}
LOCATION = {
    "code": "new-1",
    "name": "New street",
    "address": "1 New Street",
    "phone": "",
    "own_time_zone": "",
    "receipt_header": "Welcome",
    "receipt_footer": "Goodbye",
    "below_zero": "allow",
    "is_active": "on",
}


def last_entry(shop: Shop) -> AuditEntry:
    with business(shop.business):
        return AuditEntry.objects.latest("pk")


# -- business ---------------------------------------------------------------------------------------


def test_settings_are_shown_and_changed(shop, owner):
    assert owner.post("/b/acme/settings/edit/", SETTINGS).status_code == 302
    page = owner.get("/b/acme/settings/").content.decode()
    for text in ("Acme &amp; Sons", "Asia/Tokyo", "de_DE", "DE123456789", "0,05"):
        assert text in page
    entry = last_entry(shop)
    assert entry.action == "business_settings.edit"
    assert entry.changes["time_zone"] == ["Europe/Amsterdam", "Asia/Tokyo"]
    assert "DE123456789" not in str(entry.changes)
    assert entry.changes["tax_number"] == ["", "***"]


def test_currency_and_address_stay(shop, owner):
    owner.post("/b/acme/settings/edit/", SETTINGS | {"currency": "USD", "slug": "other"})
    stored = Business.objects.get(pk=shop.business.pk)
    assert (stored.name, stored.currency, stored.slug) == ("Acme & Sons", "EUR", "acme")


@pytest.mark.parametrize(
    "wrong",
    [
        {"locale": "xx_QQ"},
        {"locale": "../"},
        {"time_zone": "Mars"},
        {"cash_step": "-1"},
        {"name": ""},
    ],
)
def test_settings_that_cannot_be(shop, owner, wrong):
    answer = owner.post("/b/acme/settings/edit/", SETTINGS | wrong)
    assert "field-error" in answer.content.decode()
    assert "Acme &amp; Sons</strong>" not in answer.content.decode(), (
        "the shell shows what is stored"
    )
    assert Business.objects.get(pk=shop.business.pk).name == "Acme"


def test_settings_without_a_change_leave_no_entry(shop, owner):
    owner.post("/b/acme/settings/edit/", SETTINGS)
    first = last_entry(shop)
    owner.post("/b/acme/settings/edit/", SETTINGS)
    assert last_entry(shop) == first


# -- locations --------------------------------------------------------------------------------------


def location_url(location: Location, act: str = "", slug: str = "acme") -> str:
    return f"/b/{slug}/locations/{location.pk}/{act}"


def test_list_of_locations(shop, other_shop, owner, django_assert_max_num_queries):
    with business(shop.business):
        for number in range(30):
            Location.objects.create(code=f"L{number}", name=f"Stall {number}")
    with django_assert_max_num_queries(12):
        page = owner.get("/b/acme/locations/?sort=-code").content.decode()
    assert page.count("row-link") == 32
    assert page.index("Market") < page.index("High Street")
    assert owner.get("/b/acme/locations/?q=stall+7").content.decode().count("row-link") == 1
    assert owner.get("/b/acme/locations/?sort=business__name").status_code == 200


def test_add_and_change_a_location(shop, owner):
    made = owner.post("/b/acme/locations/new/", LOCATION)
    assert made.status_code == 302
    page = owner.get(made["Location"]).content.decode()
    for text in ("NEW-1", "Welcome", "Sell and report it", "Europe/Amsterdam"):
        assert text in page
    assert last_entry(shop).action == "location.create"
    changed = LOCATION | {"name": "Newer street", "own_time_zone": "Asia/Tokyo"}
    assert owner.post(made["Location"] + "edit/", changed).status_code == 302
    assert last_entry(shop).changes == {
        "name": ["New street", "Newer street"],
        "own_time_zone": ["", "Asia/Tokyo"],
    }


@pytest.mark.parametrize("code", ["HS", "hs", "a b", "", "ü"])
def test_codes_that_cannot_be(shop, owner, code):
    answer = owner.post("/b/acme/locations/new/", LOCATION | {"code": code})
    assert "field-error" in answer.content.decode()
    with business(shop.business):
        assert Location.objects.count() == 2


def test_another_business_has_the_same_code(shop, other_shop, owner):
    with business(other_shop.business):
        Location.objects.create(code="NEW-1", name="Theirs")
    assert owner.post("/b/acme/locations/new/", LOCATION).status_code == 302


def test_one_location_stays_active(shop, owner):
    off = {name: value for name, value in LOCATION.items() if name != "is_active"}
    assert owner.post(location_url(shop.market, "edit/"), off | {"code": "MK"}).status_code == 302
    answer = owner.post(location_url(shop.high_street, "edit/"), off | {"code": "HS"})
    assert "only active location" in answer.content.decode()
    with business(shop.business):
        assert [one.code for one in Location.objects.active()] == ["HS"]
        assert Location.objects.get(code="HS").name == "High Street"


def test_somebody_at_one_location_knows_only_that(shop):
    with business(shop.business):
        lead = make_person("market.lead", shop.roles["Owner"], locations=[shop.market])
    client = signed_in(lead)
    page = client.get("/b/acme/locations/").content.decode()
    assert "Market" in page and "High Street" not in page and "New location" not in page
    for act in ("", "edit/"):
        assert client.get(location_url(shop.high_street, act)).status_code == 404
        assert client.get(location_url(shop.market, act)).status_code == 200
    answer = client.post("/b/acme/locations/new/", LOCATION)
    assert "some locations only" in answer.content.decode()


@pytest.mark.parametrize("act", ["", "edit/"])
def test_a_stranger_finds_no_location(shop, stranger, act):
    assert stranger.get(location_url(shop.market, act)).status_code == 404
    assert stranger.get(location_url(shop.market, act, "rival")).status_code == 404
    assert stranger.post(location_url(shop.market, act, "rival"), LOCATION).status_code in {
        404,
        405,
    }
