"""Changing a password, and getting a new one when it is forgotten."""

from __future__ import annotations

import re
import smtplib

import pytest
import time_machine
from django.core import mail
from django.test import Client

from accounts import passwords
from accounts.models import Session, User
from tests.accounts.reading import found
from tests.factories import PASSWORD, signed_in

NEW = "a better battery horse"


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setattr(passwords, "ANSWER_AFTER", 0.0)


def change(client: Client, old: str = PASSWORD, new: str = NEW, again: str = NEW):
    return client.post("/password/", {"old": old, "password": new, "again": again})


def test_changing_ends_the_other_sessions_and_keeps_this_one(shop, owner):
    other = signed_in(shop.owner)
    key = owner.cookies["sessionid"].value
    assert change(owner).status_code == 302
    assert owner.get("/b/acme/people/").status_code == 200
    assert owner.cookies["sessionid"].value != key
    assert other.get("/b/acme/people/")["Location"].startswith("/sign-in/")
    assert Session.objects.filter(user=shop.owner).count() == 1
    assert User.objects.get(pk=shop.owner.pk).check_password(NEW)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"old": "wrong"}, "not your current password"),
        ({"again": "another thing"}, "not the same"),
        ({"new": "short", "again": "short"}, "at least 10"),
        ({"new": "1234567890", "again": "1234567890"}, "numeric"),
        ({"new": "password123", "again": "password123"}, "too common"),
        ({"new": PASSWORD, "again": PASSWORD}, "another password than"),
    ],
)
def test_what_is_refused_is_explained(shop, owner, words, says):
    answer = change(owner, **words)
    assert answer.status_code == 200
    assert says in answer.content.decode()
    assert User.objects.get(pk=shop.owner.pk).check_password(PASSWORD)


def test_an_open_browser_does_not_guess_the_old_one(owner):
    statuses = [change(owner, old=f"guess {n}").status_code for n in range(11)]
    assert statuses == [200] * 10 + [429]


def test_a_weak_new_one_uses_no_try_up(owner):
    assert {change(owner, new="short", again="short").status_code for _ in range(12)} == {200}


def test_signed_out_people_sign_in_first(db, client):
    assert client.get("/password/")["Location"] == "/sign-in/?next=/password/"


def test_a_first_password_must_be_replaced(shop):
    User.objects.filter(pk=shop.cashier.pk).update(must_change_password=True)
    client = Client()
    answer = client.post("/sign-in/", {"username": "acme.cashier", "password": PASSWORD})
    assert answer["Location"] == "/password/?next=%2Fb%2Facme%2Fenter%2F"
    for path in ("/b/acme/people/", "/b/acme/enter/", "/b/acme/admin/", "/businesses/"):
        assert client.get(path)["Location"] == "/password/", path
    api = client.get("/b/acme/api/v1/me")
    assert (api.status_code, api.json()["code"]) == (403, "password_expired")
    data = {"old": PASSWORD, "password": NEW, "again": NEW, "next": "/b/acme/enter/"}
    assert client.post("/password/", data)["Location"] == "/b/acme/enter/"
    assert client.get("/b/acme/enter/")["Location"] == "/b/acme/till/"


# -- forgotten --------------------------------------------------------------------------------------


def ask(client: Client, email: str):
    return client.post("/password/reset/", {"email": email})


def link_of(message) -> str:
    return found(r"http://testserver(/password/reset/\S+)", message.body)


def test_a_forgotten_password_is_replaced_by_mail(shop, owner, client):
    device = signed_in(shop.owner)
    assert ask(client, "Acme.Owner@Example.com")["Location"] == "/password/reset/sent/"
    (message,) = mail.outbox
    assert message.to == ["acme.owner@example.com"]
    assert "Acme.Owner Person" in message.body
    assert "<" not in message.body and "&" not in message.body
    link = link_of(message)
    page = client.get(link)
    assert page.status_code == 302 and page["Location"].endswith("/new/")
    assert client.get(page["Location"]).status_code == 200
    weak = client.post(page["Location"], {"password": "short", "again": "short"})
    assert weak.status_code == 200
    done = client.post(page["Location"], {"password": NEW, "again": NEW})
    assert done["Location"] == "/password/reset/done/"
    assert client.get(done["Location"]).status_code == 200
    assert User.objects.get(pk=shop.owner.pk).check_password(NEW)
    assert device.get("/b/acme/people/")["Location"].startswith("/sign-in/")
    assert Client().get(link).status_code == 404, "the link works once"
    assert (
        client.post(page["Location"], {"password": PASSWORD, "again": PASSWORD}).status_code == 404
    )


def test_the_address_bar_keeps_no_token(shop, client):
    ask(client, "acme.owner@example.com")
    link = link_of(mail.outbox[0])
    shown = client.get(link)["Location"]
    assert link.rsplit("/", 2)[1] not in shown
    assert Client().get(shown).status_code == 404, "of no use without the session"


def test_a_link_ends_after_an_hour_and_by_signing_in(shop, client):
    with time_machine.travel("2030-01-01 10:00Z", tick=False) as clock:
        ask(client, "acme.owner@example.com")
        link = link_of(mail.outbox[0])
        assert Client().get(link).status_code == 302
        clock.shift(3601)
        assert Client().get(link).status_code == 404
        ask(client, "acme.owner@example.com")
        link = link_of(mail.outbox[1])
        clock.shift(60)
        Client().post("/sign-in/", {"username": "acme.owner", "password": PASSWORD})
        assert Client().get(link).status_code == 404


@pytest.mark.parametrize(
    "path", ["MQ/abc-def", "!!/x-y", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5/x-y", "MQ/new", "LTE/x-1"]
)
def test_a_made_up_link_is_nothing(shop, client, path):
    assert client.get(f"/password/reset/{path}/").status_code == 404


def test_the_answer_tells_nobody_who_has_an_account(shop, client, monkeypatch):
    waits: list[float] = []
    monkeypatch.setattr(passwords, "ANSWER_AFTER", 1000.0)
    monkeypatch.setattr("accounts.passwords.time.sleep", waits.append)
    known, unknown = ask(client, "acme.owner@example.com"), ask(client, "who@example.com")
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    assert len(mail.outbox) == 1
    assert len(waits) == 2 and all(500 < wait <= 1000 for wait in waits)


def test_inactive_people_get_no_mail(shop, client):
    User.objects.filter(pk=shop.owner.pk).update(is_active=False)
    ask(client, "acme.owner@example.com")
    assert mail.outbox == []


def test_no_mailbox_is_flooded(shop, client):
    answers = {ask(client, "acme.owner@example.com").status_code for _ in range(5)}
    assert answers == {302}
    assert len(mail.outbox) == 3


def test_an_address_asks_ten_times_at_most(client, db):
    statuses = [ask(client, f"person{n}@example.com").status_code for n in range(11)]
    assert statuses == [302] * 10 + [429]


def test_a_broken_mail_server_shows_nothing(shop, client, monkeypatch, caplog):
    def broken(*args, **kwargs):
        raise smtplib.SMTPServerDisconnected("gone")

    monkeypatch.setattr(passwords, "send_mail", broken)
    assert ask(client, "acme.owner@example.com").status_code == 302
    assert "could not be sent" in caplog.text
    assert "acme.owner" not in caplog.text


def test_generated_passwords_are_readable_and_differ():
    made = {passwords.generate() for _ in range(100)}
    assert len(made) == 100
    assert all(re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", one) for one in made)


@pytest.mark.parametrize(
    ("path", "verbs"),
    [
        ("/sign-in/", {"GET", "POST"}),
        ("/sign-out/", {"POST"}),
        ("/businesses/", {"GET"}),
        ("/password/", {"GET", "POST"}),
        ("/password/reset/", {"GET", "POST"}),
        ("/password/reset/sent/", {"GET"}),
        ("/password/reset/done/", {"GET"}),
    ],
)
def test_wrong_verbs(owner, path, verbs):
    for verb in {"GET", "POST", "PUT", "PATCH", "DELETE"} - verbs:
        assert owner.generic(verb, path).status_code == 405, verb
