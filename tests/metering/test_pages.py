"""The pages: API use for owners, the limits of a key, and credits for who runs the platform."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, Device, User
from metering import ledger
from metering.ledger import Kind
from metering.models import ApiEntry, KeyLimit
from tenants.context import business
from tests.factories import Shop, make_device, make_person, signed_in
from tests.metering.using import Key, entries, keep_credits, make_key, metering


def text(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return " ".join(response.content.decode().split())


@pytest.fixture
def busy(shop: Shop) -> Key:
    """A key that used something yesterday and today."""
    key = make_key(shop)
    with business(shop.business):
        keep_credits(shop, key.device)
    return key


@pytest.fixture
def platform(db: None) -> Client:
    """Somebody who runs the installation and works in no shop."""
    person = User.objects.create_user("boss", "correct horse battery", is_superuser=True)
    return signed_in(person)


# -- API use ----------------------------------------------------------------------------------------


def test_it_shows_what_was_asked_for_and_the_credits(busy: Key, owner: Client) -> None:
    metering(enforced=True)
    page = text(owner.get(busy.shop.url("api-use/")))
    assert "Web shop" in page and "Requests in the last 30 days" in page
    assert '<span class="stat-value">12</span>' in page, "9 yesterday and 3 today"
    assert '3 <span class="muted">/ 1,000</span>' in page
    assert '<span class="stat-value">140</span>' in page, "150 less 7 booked and 3 that are not"
    assert "Welcome, acme" in page and "invoice-7" in page
    assert "143 in the ledger, 3 used since" in page
    assert f"/api-use/keys/{busy.device.pk}/" in page


def test_before_anything_uses_it_it_says_how_to_begin(shop: Shop, owner: Client) -> None:
    page = text(owner.get(shop.url("api-use/")))
    assert "Nothing uses the API yet" in page and "/devices/programs/new/" in page
    assert "Credits" not in page, "nobody needs to know of them here"
    metering(enforced=True)
    page = text(owner.get(shop.url("api-use/")))
    assert "No credits are left" in page and "No credits were given yet" in page


def test_it_takes_as_many_statements_for_many_keys(
    busy: Key, owner: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        make_key(busy.shop, f"Key {number}")
    with django_assert_max_num_queries(16):
        page = text(owner.get(busy.shop.url("api-use/")))
    assert "Key 11" in page


def test_the_ledger_comes_in_pages(shop: Shop, owner: Client) -> None:
    with business(shop.business):
        for number in range(25):
            ledger.post(kind=Kind.GRANTED, amount=1, reason=f"Gift {number:02d}")
    first = text(owner.get(shop.url("api-use/")))
    assert "Gift 24" in first and "Gift 05" in first and "Gift 04" not in first
    assert "?cursor=6#credits" in first
    second = text(owner.get(shop.url("api-use/?cursor=6")))
    assert "Gift 04" in second and "Gift 05" not in second and "cursor=" not in second
    assert text(owner.get(shop.url("api-use/?cursor=x'"))).count("Gift") == 20


def test_who_sees_it(busy: Key, shop: Shop, cashier: Client, stranger: Client) -> None:
    with business(shop.business):
        confined = make_person("acme.half", shop.roles["Manager"], locations=[shop.high_street])
    key = f"api-use/keys/{busy.device.pk}/"
    assert signed_in(shop.manager).get(shop.url("api-use/")).status_code == 200
    for path in ("api-use/", key):
        assert cashier.get(shop.url(path)).status_code == 403
        assert signed_in(confined).get(shop.url(path)).status_code == 403
        assert stranger.get(shop.url(path)).status_code == 404
        assert Client().get(shop.url(path)).status_code == 302
    assert stranger.get(f"/b/rival/{key}").status_code == 404
    assert cashier.post(shop.url(key), {"per_day": "1"}).status_code == 403


# -- limits -----------------------------------------------------------------------------------------


def test_limits_are_changed_and_hold_at_once(shop: Shop, program: Key, owner: Client) -> None:
    url = shop.url(f"api-use/keys/{program.device.pk}/")
    page = text(owner.get(url))
    assert "usual limit, 100,000" in page and "usual limit, 2,000,000" in page
    response = owner.post(url, {"per_day": "2", "per_month": ""})
    assert response.status_code == 302
    assert [program.status() for _ in range(3)] == [200, 200, 429]
    assert "At its limit" in text(owner.get(shop.url("api-use/")))
    assert 'value="2"' in text(owner.get(url))
    owner.post(url, {"per_day": "", "per_month": ""})
    assert program.status() == 200
    with business(shop.business):
        changes = AuditEntry.objects.filter(action="device.limit").order_by("pk")
        assert [one.changes for one in changes] == [{"a_day": [None, 2]}, {"a_day": [2, None]}]
    owner.post(url, {"per_day": "", "per_month": ""})
    with business(shop.business):
        assert AuditEntry.objects.filter(action="device.limit").count() == 2


@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", str(10**10)])
def test_a_limit_that_is_none_is_refused(
    shop: Shop, program: Key, owner: Client, value: str
) -> None:
    response = owner.post(shop.url(f"api-use/keys/{program.device.pk}/"), {"per_day": value})
    assert response.status_code == 200
    with business(shop.business):
        assert not KeyLimit.objects.exists()


def test_of_a_till_it_says_what_its_limits_are_for(shop: Shop, owner: Client) -> None:
    device, _token = make_device(shop)
    page = text(owner.get(shop.url(f"api-use/keys/{device.pk}/")))
    assert "never refused what it needs to sell" in page
    assert f"/api-use/keys/{device.pk}/" in text(owner.get(shop.url(f"devices/{device.pk}/")))


# -- the platform -----------------------------------------------------------------------------------


def test_who_runs_the_platform_sees_balances_and_gives(busy: Key, platform: Client) -> None:
    assert "/credits/" in text(platform.get("/businesses/"))
    page = text(platform.get("/credits/"))
    assert "Acme" in page and ">140<" in page
    assert "No business found" in text(platform.get("/credits/?q=zzz"))
    assert "Web shop" in text(platform.get("/credits/acme/"))
    form = {"kind": "bought", "amount": "500", "reason": "Invoice 8", "reference": "8"}
    for _again in range(2):
        response = platform.post("/credits/acme/", form)
        assert response["Location"] == "/credits/acme/"
    assert entries(busy.shop)[-1] == ("bought", 500, 643)
    refused = platform.post("/credits/acme/", {**form, "amount": "7"})
    assert "This reference is that of another entry" in text(refused)
    refused = platform.post("/credits/acme/", {**form, "amount": "-7", "reference": ""})
    assert "only a correction may be negative" in text(refused)
    with business(busy.shop.business):
        assert ApiEntry.objects.count() == 4
        assert str(ApiEntry.objects.get(reference="8").actor) == "boss"


def test_nobody_else_does(busy: Key, owner: Client) -> None:
    for path in ("/credits/", "/credits/acme/"):
        assert owner.get(path).status_code == 404
        assert owner.post(path, {"amount": "5"}).status_code == 404
        assert Client().get(path)["Location"].startswith("/sign-in/")
    with business(busy.shop.business):
        assert Device.objects.count() == 1


def test_a_person_with_a_first_password_changes_it_before(db: None) -> None:
    person = User.objects.create_user(
        "boss", "correct horse battery", is_superuser=True, must_change_password=True
    )
    assert signed_in(person).get("/credits/")["Location"] == "/password/"


def test_the_administration_shows_the_ledger_and_changes_nothing(busy: Key, owner: Client) -> None:
    with business(busy.shop.business):
        pk = ApiEntry.objects.values_list("account", flat=True)[0]
    page = text(owner.get(busy.shop.url(f"admin/metering/apiaccount/{pk}/change/")))
    assert "Welcome, acme" in page and 'name="_save"' not in page
