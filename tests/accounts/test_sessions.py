"""How long a sign-in lasts, what ends it, and what the log and the sign-in page say of its end."""

from __future__ import annotations

import logging
import re
from datetime import timedelta

import pytest
from django.contrib.auth import authenticate
from django.test import Client
from django.utils import timezone

from accounts import passwords
from accounts.models import EndedSession, Membership, Session, User
from accounts.people import deactivate_member
from accounts.sessions import SessionStore, end_sessions, hashed, prune
from tenants.context import business
from tests.factories import PASSWORD, Shop, signed_in

PAGE = "/b/acme/people/"


@pytest.fixture
def log(caplog):
    caplog.set_level(logging.INFO, logger="accounts.sessions")
    return caplog


def lines(log) -> list[str]:
    return [one.getMessage() for one in log.records if one.name == "accounts.sessions"]


def said(log) -> list[str]:
    """The reasons in the log; each line holds nothing but one of them and a part of a hash."""
    found = [re.fullmatch(r"Session [0-9a-f]{8} refused: ([a-z ]+)", line) for line in lines(log)]
    assert all(found)
    return [one[1] for one in found if one]


def row_of(client: Client):
    return Session.objects.filter(session_key=hashed(client.cookies["sessionid"].value))


def sign_in_page(client: Client) -> str:
    """What the person sees after being sent away from a page."""
    answer = client.get(PAGE)
    assert answer.status_code == 302
    page = client.get(answer["Location"])
    assert page.status_code == 200
    # Said once: with this page the cookie is gone.
    assert page.cookies["sessionid"].value == ""
    assert "signed out" not in client.get("/sign-in/").content.decode()
    return page.content.decode()


def test_a_session_that_expired(owner, log):
    row_of(owner).update(expire_date=timezone.now() - timedelta(seconds=1))
    assert "was not used for some days" in sign_in_page(owner)
    assert said(log) == ["expired"]


def test_a_session_that_was_never_ours(shop, log):
    client = Client()
    client.cookies["sessionid"] = "x" * 32
    page = sign_in_page(client)
    assert "You were signed out" not in page
    assert said(log) == ["unknown"]


def test_a_session_that_was_signed_out_of(owner, log):
    key = owner.cookies["sessionid"].value
    owner.post("/sign-out/")
    assert said(log) == []
    thief = Client()
    thief.cookies["sessionid"] = key
    assert "You were signed out" not in sign_in_page(thief)
    assert said(log) == ["ended by signing out"]


def test_a_session_of_a_changed_password(shop, owner, log):
    elsewhere = signed_in(shop.owner)
    new = "another battery horse"
    owner.post("/password/", {"old": PASSWORD, "password": new, "again": new})
    assert owner.get(PAGE).status_code == 200
    assert "password of your account was changed" in sign_in_page(elsewhere)
    assert said(log) == ["ended by a new password"]


def test_a_session_of_an_access_that_ended(shop, log):
    client = signed_in(shop.people["Cashier"])
    with business(shop.business):
        owner = Membership.objects.get(user=shop.owner)
        member = Membership.objects.get(user=shop.people["Cashier"])
        deactivate_member(actor=owner, member=member)
    page = sign_in_page(client)
    assert "Your access was taken away" in page
    assert "ask the person who runs your shop" in page.replace("\n", " ")
    assert said(log) == ["ended with the access"]


def test_a_session_of_an_account_that_was_closed_by_hand(shop, log):
    """Somebody changes the rows, and no function of ours ends the sessions."""
    client = signed_in(shop.owner)
    User.objects.filter(pk=shop.owner.pk).update(is_active=False)
    assert "Your access was taken away" in sign_in_page(client)
    assert said(log) == ["ended with the access"]
    assert not Session.objects.filter(user=shop.owner).exists()


def test_a_password_that_was_changed_by_hand(shop, owner, log):
    shop.owner.set_password("another battery horse")
    shop.owner.save()
    assert "password of your account was changed" in sign_in_page(owner)
    assert said(log) == ["ended by a new password"]


def test_a_session_signed_with_another_key(owner, log, settings):
    settings.SECRET_KEY = "another key than the one that signed it, 50 letters long"
    assert "was given a new key" in sign_in_page(owner)
    assert said(log) == ["other key"]


def test_a_new_key_beside_the_old_one_signs_nobody_out(owner, log, settings):
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key than the one that signed it, 50 letters long"
    assert owner.get(PAGE).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert owner.get(PAGE).status_code == 200, "it was signed anew at its first use"
    assert said(log) == []


def test_the_api_says_401_and_leaves_a_line(owner, log):
    row_of(owner).update(expire_date=timezone.now() - timedelta(seconds=1))
    answer = owner.get("/b/acme/api/v1/me")
    assert answer.status_code == 401
    assert answer.cookies["sessionid"].value == ""
    assert said(log) == ["expired"]


def test_no_line_names_anybody(shop, log):
    for change in ("password", "access"):
        client = signed_in(shop.owner)
        end_sessions(shop.owner.pk, reason=change)
        client.get(PAGE)
    text = " ".join(lines(log))
    assert len(lines(log)) == 2
    assert "acme" not in text and str(shop.owner.name) not in text
    assert client.cookies["sessionid"].value not in text
    columns = {field.name for field in EndedSession._meta.get_fields()}
    assert columns == {"key", "reason", "forget_at"}


def test_signing_in_again_after_it_was_said(shop, owner):
    row_of(owner).update(expire_date=timezone.now() - timedelta(seconds=1))
    where = owner.get(PAGE)["Location"]
    answer = owner.post(where, {"username": "acme.owner", "password": PASSWORD, "next": PAGE})
    assert answer["Location"] == PAGE
    assert owner.get(PAGE).status_code == 200


def test_a_wrong_password_is_said_alone(shop, owner):
    """The sentence about the end of the last session would only be in the way then."""
    passwords.change(shop.owner, PASSWORD)
    answer = owner.post("/sign-in/", {"username": "acme.owner", "password": "wrong"})
    page = answer.content.decode()
    assert "is not right" in page and "was changed" not in page


def test_reading_a_valid_session_asks_for_its_row_alone(owner, django_assert_num_queries):
    store = SessionStore(owner.cookies["sessionid"].value)
    with django_assert_num_queries(1):
        assert store["_auth_user_id"]


# -- rolling on -------------------------------------------------------------------------------------


def test_a_session_in_use_rolls_on_at_most_once_an_hour(owner):
    row = row_of(owner)
    first = row.get().expire_date
    assert owner.get(PAGE).cookies.get("sessionid") is None
    assert row.get().expire_date == first
    row.update(renewed_at=timezone.now() - timedelta(minutes=61))
    key = owner.cookies["sessionid"].value
    renewed = owner.get(PAGE).cookies["sessionid"]
    assert renewed["max-age"] == 7 * 24 * 60 * 60
    assert renewed.value == key
    assert row.get().expire_date > first
    assert owner.get(PAGE).cookies.get("sessionid") is None


def test_what_is_over_is_pruned_daily(shop, owner):
    assert authenticate(username="acme.owner", password=PASSWORD) == shop.owner
    old = signed_in(shop.owner)
    passwords.change(shop.owner, "another battery horse", keep=owner.cookies["sessionid"].value)
    row_of(owner).update(expire_date=timezone.now())
    assert (Session.objects.count(), EndedSession.objects.count()) == (1, 1)
    assert EndedSession.objects.get().key == hashed(old.cookies["sessionid"].value)
    assert prune() == 1
    assert EndedSession.objects.count() == 1, "its cookie may still be around"
    EndedSession.objects.update(forget_at=timezone.now())
    assert prune() == 0
    assert not EndedSession.objects.exists()


# -- embedded in another site -----------------------------------------------------------------------


def cookies_of(settings, shop: Shop) -> dict[str, str]:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    client = Client()
    page = client.get("/sign-in/", secure=True)
    found = {name: one.OutputString() for name, one in page.cookies.items()}
    data = {"username": "acme.owner", "password": PASSWORD}
    answer = client.post("/sign-in/", data, secure=True)
    found |= {name: one.OutputString() for name, one in answer.cookies.items()}
    made = client.post("/b/acme/brands/new/", {"name": "Anew"}, secure=True)
    assert made.status_code == 302
    found |= {name: one.OutputString() for name, one in made.cookies.items()}
    ended = client.post("/sign-out/", secure=True)
    found["gone"] = ended.cookies["sessionid"].OutputString()
    assert {"sessionid", "csrftoken", "messages", "gone"} <= found.keys()
    return found


def test_embedded_every_cookie_is_partitioned(shop, settings):
    settings.EMBEDDED = True
    settings.SESSION_COOKIE_SAMESITE = settings.CSRF_COOKIE_SAMESITE = "None"
    for name, text in cookies_of(settings, shop).items():
        assert {"Secure", "SameSite=None", "Partitioned"} <= set(text.split("; ")), name


def test_otherwise_none_is(shop, settings):
    for name, text in cookies_of(settings, shop).items():
        assert "SameSite=Lax" in text and "Partitioned" not in text, name
        assert "Secure" in text or name == "gone"
        assert "HttpOnly" in text or name in {"csrftoken", "gone"}
