"""Signing in: who gets where, what strangers learn, and how often one may try."""

from __future__ import annotations

import re
import time

import pytest
from django.contrib.auth.hashers import check_password
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts.limits import WINDOW, prune
from accounts.models import Attempt, Membership, Session, User
from accounts.sessions import hashed
from tenants.context import business
from tests.factories import PASSWORD, Shop, make_shop, signed_in


def sign_in(client: Client, username: str, password: str = PASSWORD, **data):
    return client.post("/sign-in/", {"username": username, "password": password, **data})


@pytest.fixture
def browser(shop: Shop) -> Client:
    return Client()


@pytest.mark.parametrize(
    "name", ["acme.owner", "ACME.Owner", " acme.owner ", "acme.owner@example.com"]
)
def test_by_user_name_or_email_in_any_letter_case(browser, name):
    answer = sign_in(browser, name)
    assert answer.status_code == 302
    assert answer["Location"] == "/b/acme/enter/"
    assert browser.get("/b/acme/people/").status_code == 200


@pytest.mark.parametrize(
    ("person", "page"),
    [("Owner", "/b/acme/"), ("Cashier", "/b/acme/till/"), ("Stock keeper", None)],
)
def test_the_first_page_is_one_that_the_person_may_open(shop, person, page):
    client = signed_in(shop.people[person])
    first = client.get("/b/acme/enter/")
    assert first.status_code == 302
    if page:
        assert first["Location"] == page
    assert client.get(first["Location"]).status_code == 200


def test_a_role_without_any_page_is_told_so(shop):
    with business(shop.business):
        shop.roles["Viewer"].permissions = []
        shop.roles["Viewer"].save()
    answer = signed_in(shop.people["Viewer"]).get("/b/acme/enter/")
    assert answer.status_code == 200
    assert "nothing here for you yet" in answer.content.decode()


@pytest.mark.parametrize("change", ["unknown", "wrong", "inactive"])
def test_every_failure_looks_the_same(shop, browser, change):
    name = "nobody.at.all" if change == "unknown" else "acme.owner"
    if change == "inactive":
        User.objects.filter(pk=shop.owner.pk).update(is_active=False)
    answer = sign_in(browser, name, "wrong horse" if change == "wrong" else PASSWORD)
    assert answer.status_code == 200
    text = re.sub(r'(value|content|nonce)="[^"]*"', "", answer.content.decode())
    assert "The user name or the password is not right." in text
    assert not Session.objects.exists()
    other = Client()
    plain = re.sub(
        r'(value|content|nonce)="[^"]*"', "", sign_in(other, "who", "x").content.decode()
    )
    assert text == plain


def test_an_unknown_name_costs_a_hash_as_well(shop, browser, monkeypatch):
    hashes = []
    monkeypatch.setattr(User, "set_password", lambda self, raw: hashes.append(raw))
    sign_in(browser, "nobody.at.all", "some password")
    assert hashes == ["some password"]


@pytest.mark.parametrize(
    ("asked", "goes_to"),
    [
        ("/b/acme/roles/?q=a", "/b/acme/roles/?q=a"),
        ("https://evil.example/", "/b/acme/enter/"),
        ("//evil.example/", "/b/acme/enter/"),
        ("/\\evil.example/", "/b/acme/enter/"),
        ("javascript:alert(1)", "/b/acme/enter/"),
        ("http:///evil.example", "/b/acme/enter/"),
        ("evil", "/b/acme/enter/"),
    ],
)
def test_onward_only_within_this_site(browser, asked, goes_to):
    assert sign_in(browser, "acme.owner", next=asked)["Location"] == goes_to


def test_a_page_inside_asks_to_sign_in_and_is_returned_to(browser):
    first = browser.get("/b/acme/roles/")
    assert first["Location"] == "/sign-in/?next=/b/acme/roles/"
    page = browser.get(first["Location"]).content.decode()
    assert 'name="next" value="/b/acme/roles/"' in page


def test_the_key_of_the_session_changes(shop, browser):
    browser.get("/password/reset/1/x/")
    session = browser.session
    session["visited"] = True
    session.save()
    browser.cookies["sessionid"] = session.session_key
    before = session.session_key
    sign_in(browser, "acme.owner")
    after = browser.cookies["sessionid"].value
    assert after != before
    assert not Session.objects.filter(session_key=hashed(before)).exists()
    row = Session.objects.get(session_key=hashed(after))
    assert row.user_id == shop.owner.pk
    assert not Session.objects.filter(session_key=after).exists()


def test_signing_out_ends_the_session(owner):
    assert owner.get("/sign-out/").status_code == 405
    key = owner.cookies["sessionid"].value
    assert owner.post("/sign-out/")["Location"] == "/sign-in/"
    assert not Session.objects.filter(session_key=hashed(key)).exists()
    assert owner.get("/b/acme/people/")["Location"].startswith("/sign-in/")


def test_who_is_signed_in_need_not_again(owner):
    assert owner.get("/sign-in/")["Location"] == "/b/acme/enter/"


# -- several businesses -----------------------------------------------------------------------------


@pytest.fixture
def in_both(shop: Shop, other_shop: Shop) -> User:
    with business(other_shop.business):
        Membership.objects.create(user=shop.owner, role=other_shop.roles["Cashier"])
    return shop.owner


def test_who_works_in_several_chooses(in_both, browser):
    assert sign_in(browser, "acme.owner")["Location"] == "/businesses/"
    page = browser.get("/businesses/").content.decode()
    assert 'href="/b/acme/enter/"' in page
    assert 'href="/b/rival/enter/"' in page


def test_the_switcher_leads_to_the_other(in_both):
    page = signed_in(in_both).get("/b/acme/people/").content.decode()
    assert 'href="/b/rival/enter/"' in page


def test_the_switcher_is_absent_without_a_choice(owner, other_shop):
    assert "rival" not in owner.get("/b/acme/people/").content.decode()


def test_the_list_holds_only_open_doors(in_both, other_shop):
    client = signed_in(in_both)
    with business(other_shop.business):
        Membership.objects.filter(user=in_both).update(is_active=False)
    assert "rival" not in client.get("/businesses/").content.decode()


def test_running_the_platform_shows_no_business(shop):
    admin = User.objects.create_user("root", PASSWORD, is_superuser=True)
    client = signed_in(admin)
    assert "acme" not in client.get("/businesses/").content.decode().lower()
    assert client.get("/b/acme/people/").status_code == 404
    assert client.get("/b/acme/admin/").status_code == 404


# -- limits -----------------------------------------------------------------------------------------


def test_the_eleventh_try_of_a_name_waits(shop, browser, monkeypatch):
    for _ in range(10):
        assert sign_in(browser, "acme.owner", "wrong").status_code == 200
    answer = sign_in(browser, "acme.owner")
    assert answer.status_code == 429
    assert 0 < int(answer["Retry-After"]) <= WINDOW
    assert "please wait" in answer.content.decode()
    assert sign_in(browser, "acme.cashier").status_code == 302
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    assert sign_in(elsewhere, "acme.owner").status_code == 302
    now = time.time()
    monkeypatch.setattr("accounts.limits.time.time", lambda: now + WINDOW)
    assert sign_in(browser, "acme.owner").status_code == 302


def test_an_unknown_name_is_limited_alike(browser):
    statuses = [sign_in(browser, "nobody.here", "wrong").status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]


def test_an_address_is_limited_over_all_names(browser):
    statuses = [sign_in(browser, f"name{n}", "wrong").status_code for n in range(51)]
    assert statuses == [200] * 50 + [429]


def test_honest_signing_in_uses_nothing_up(shop):
    for _ in range(55):
        assert sign_in(Client(), "acme.owner").status_code == 302


def test_a_count_survives_what_comes_after_it(shop, browser, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr("accounts.views.sign_in.authenticate", broken)
    with pytest.raises(RuntimeError):
        sign_in(browser, "acme.owner")
    assert sum(Attempt.objects.values_list("count", flat=True)) == 2


def test_without_the_transaction_of_a_test(committed_db, monkeypatch):
    """As it is served: a request has a transaction of its own, and signing in has none."""
    with transaction.atomic():
        make_shop("acme")
    browser = Client(raise_request_exception=False)
    with monkeypatch.context() as patch:
        patch.setattr("accounts.views.sign_in.login", lambda *args: 1 / 0)
        assert sign_in(browser, "acme.owner").status_code == 500
    assert [sign_in(browser, "acme.owner", "wrong").status_code for _ in range(10)] == [200] * 10
    assert sign_in(browser, "acme.owner").status_code == 429
    assert sign_in(browser, "acme.cashier")["Location"] == "/b/acme/enter/"
    assert browser.get("/b/acme/enter/")["Location"] == "/b/acme/till/"
    assert change_of_password(browser).status_code == 302
    assert browser.get("/b/acme/till/").status_code == 200


def change_of_password(browser: Client):
    new = "another battery horse"
    return browser.post("/password/", {"old": PASSWORD, "password": new, "again": new})


def test_the_count_names_nobody(browser):
    sign_in(browser, "acme.owner", "wrong")
    keys = " ".join(Attempt.objects.values_list("key", flat=True))
    assert "acme" not in keys
    assert "127.0.0.1" not in keys


def test_only_addresses_that_our_own_proxy_saw_count(shop, settings):
    def tries(forwarded: str) -> int:
        client = Client(headers={"X-Forwarded-For": forwarded})
        return sign_in(client, "acme.owner", "wrong").status_code

    # Without a proxy of ours the header is the sender's own invention.
    assert [tries(f"198.51.100.{n}") for n in range(11)][-1] == 429
    settings.TRUSTED_PROXIES = 1
    assert tries("203.0.113.9") == 200
    assert [tries(f"10.0.0.{n}, 203.0.113.9") for n in range(10)][-1] == 429


def test_old_counts_are_pruned(browser):
    sign_in(browser, "acme.owner", "wrong")
    assert prune() == 0
    Attempt.objects.update(window=1)
    assert prune() == 2


# -- details ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("secure", [True, False])
def test_the_cookie(shop, browser, settings, secure):
    settings.SESSION_COOKIE_SECURE = secure
    sign_in(browser, "acme.owner")
    cookie = browser.cookies["sessionid"]
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"
    assert bool(cookie["secure"]) is secure
    assert int(cookie["max-age"]) == 7 * 24 * 60 * 60


def test_without_the_token_of_the_form_nothing_happens(shop):
    strict = Client(enforce_csrf_checks=True)
    answer = sign_in(strict, "acme.owner")
    assert answer.status_code == 403
    assert "reload the page" in answer.content.decode()
    assert not Session.objects.exists()


def test_a_hash_that_a_shop_brought_along_is_replaced(shop, browser, settings):
    settings.PASSWORD_HASHERS = settings.PASSWORD_HASHERS[1:]
    bcrypt = "$2b$04$" + "abcdefghijklmnopqrstuu"
    import bcrypt as library

    User.objects.filter(pk=shop.owner.pk).update(
        password="bcrypt$" + library.hashpw(b"old and brought along", bcrypt.encode()).decode()
    )
    assert sign_in(browser, "acme.owner", "old and brought along").status_code == 302
    password = User.objects.get(pk=shop.owner.pk).password
    assert password.startswith("argon2$")
    assert check_password("old and brought along", password)


@pytest.mark.parametrize("path", ["/sign-in/", "/password/reset/"])
def test_nobody_keeps_a_copy_of_the_page(browser, path):
    assert "no-store" in browser.get(path)["Cache-Control"]


def test_last_signed_in_is_noted(shop, browser):
    sign_in(browser, "acme.owner")
    last = User.objects.get(pk=shop.owner.pk).last_login
    assert last is not None and (timezone.now() - last).total_seconds() < 60
