"""The pages of webhooks: adding, changing, the secret, on and off, removing; who may."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry
from accounts.permissions import Permission
from tests.factories import Shop, make_person, signed_in
from tests.webhooks.telling import listen
from webhooks.models import Endpoint, Mailbox

ELSEWHERE = "http://127.0.0.1:9/hook?token=s3cret"
FORM = {"name": "Bookkeeping", "url": ELSEWHERE, "kinds": ["sale.completed", "shift.closed"]}


@pytest.fixture
def endpoint(inside: Shop) -> Endpoint:
    return listen(inside, ELSEWHERE)[0]


def text(response: Any) -> str:
    return response.content.decode()


def test_it_is_added_and_its_secret_is_shown_once(inside: Shop, owner: Client) -> None:
    page = owner.get(inside.url("webhooks/"))
    assert "No webhook yet" in text(page)
    assert "A sale is completed" in text(owner.get(inside.url("webhooks/new/")))
    response = owner.post(inside.url("webhooks/new/"), FORM)
    made = Endpoint.objects.get()
    assert response.status_code == 200
    assert made.secret in text(response)
    assert "no-store" in response["Cache-Control"]
    assert made.kinds == FORM["kinds"] and made.is_active
    assert Mailbox.objects.get().endpoint == made
    inside.business.refresh_from_db()
    assert inside.business.sends_webhooks
    for path in ("webhooks/", f"webhooks/{made.pk}/", f"webhooks/{made.pk}/edit/"):
        page = owner.get(inside.url(path))
        assert page.status_code == 200
        assert made.secret not in text(page)
    assert "s3cret" not in text(owner.get(inside.url("webhooks/"))), "a list shows the host alone"
    assert "127.0.0.1" in text(owner.get(inside.url("webhooks/")))


def test_nothing_of_it_is_in_the_audit_log(inside: Shop, owner: Client) -> None:
    owner.post(inside.url("webhooks/new/"), FORM)
    made = Endpoint.objects.get()
    owner.post(inside.url(f"webhooks/{made.pk}/secret/"))
    url = "http://127.0.0.1:9/other?token=an0ther"
    owner.post(inside.url(f"webhooks/{made.pk}/edit/"), {**FORM, "url": url})
    entries = list(AuditEntry.objects.filter(action__startswith="webhook.").values())
    assert [one["action"] for one in entries] == [
        "webhook.update",
        "webhook.secret",
        "webhook.create",
    ]
    assert not {word for word in ("s3cret", "an0ther", "whsec_") if word in repr(entries)}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("url", "https://user:word@example.com/", "Leave out user name"),
        ("url", "ftp://example.com/", "https://"),
        ("url", "http://10.0.0.1/", "not on the public internet"),
        ("url", "", "This field is required"),
        ("kinds", [], "Choose at least one event"),
        ("kinds", ["webhook.test"], "Select a valid choice"),
        ("name", "", "This field is required"),
    ],
)
def test_what_is_wrong_is_said_beside_it(
    inside: Shop, owner: Client, field: str, value: Any, said: str
) -> None:
    response = owner.post(inside.url("webhooks/new/"), {**FORM, field: value})
    assert response.status_code == 200
    assert said in text(response)
    assert not Endpoint.objects.exists()


def test_it_is_changed(inside: Shop, owner: Client, endpoint: Endpoint) -> None:
    address = inside.url(f"webhooks/{endpoint.pk}/edit/")
    assert ELSEWHERE in text(owner.get(address)).replace("&amp;", "&")
    response = owner.post(address, {**FORM, "name": "Web shop", "kinds": ["stock.low"]})
    assert response.status_code == 302
    endpoint.refresh_from_db()
    assert (endpoint.name, endpoint.kinds, endpoint.url) == ("Web shop", ["stock.low"], ELSEWHERE)


def test_a_new_secret(inside: Shop, owner: Client, endpoint: Endpoint) -> None:
    before = endpoint.secret
    response = owner.post(inside.url(f"webhooks/{endpoint.pk}/secret/"))
    endpoint.refresh_from_db()
    assert endpoint.secret != before == endpoint.old_secret
    assert endpoint.secret in text(response) and before not in text(response)
    assert "second signature" in text(response)


def test_off_and_on_and_removed(inside: Shop, owner: Client, endpoint: Endpoint) -> None:
    assert owner.post(inside.url(f"webhooks/{endpoint.pk}/off/")).status_code == 302
    endpoint.refresh_from_db()
    inside.business.refresh_from_db()
    assert (endpoint.is_active, inside.business.sends_webhooks) == (False, False)
    assert "Switch on" in text(owner.get(inside.url(f"webhooks/{endpoint.pk}/")))
    owner.post(inside.url(f"webhooks/{endpoint.pk}/on/"))
    endpoint.refresh_from_db()
    inside.business.refresh_from_db()
    assert (endpoint.is_active, inside.business.sends_webhooks) == (True, True)
    owner.post(inside.url(f"webhooks/{endpoint.pk}/delete/"))
    inside.business.refresh_from_db()
    assert (Endpoint.objects.count(), inside.business.sends_webhooks) == (0, False)


PAGES = ["", "edit/"]
ACTS = ["secret/", "on/", "off/", "delete/", "test/"]


def test_a_stranger_finds_nothing(inside: Shop, stranger: Client, endpoint: Endpoint) -> None:
    for page in ("webhooks/", "webhooks/new/"):
        assert stranger.get(inside.url(page)).status_code == 404
    for page in PAGES:
        assert stranger.get(inside.url(f"webhooks/{endpoint.pk}/{page}")).status_code == 404
    for act in ACTS:
        assert stranger.post(inside.url(f"webhooks/{endpoint.pk}/{act}")).status_code == 404


def test_without_the_permission_and_confined_to_a_location(
    inside: Shop, manager: Client, endpoint: Endpoint
) -> None:
    confined = signed_in(
        make_person("acme.part", inside.roles["Owner"], locations=[inside.high_street])
    )
    for client in (manager, confined):
        for page in ("webhooks/", "webhooks/new/", *(f"webhooks/{endpoint.pk}/{p}" for p in PAGES)):
            assert client.get(inside.url(page)).status_code == 403
        for act in ACTS:
            assert client.post(inside.url(f"webhooks/{endpoint.pk}/{act}")).status_code == 403
        assert client.post(inside.url("webhooks/new/"), FORM).status_code == 403
    assert Endpoint.objects.count() == 1


def test_the_wrong_verb(inside: Shop, owner: Client, endpoint: Endpoint) -> None:
    for act in ACTS:
        assert owner.get(inside.url(f"webhooks/{endpoint.pk}/{act}")).status_code == 405
    assert owner.post(inside.url(f"webhooks/{endpoint.pk}/")).status_code == 405
    assert owner.put(inside.url("webhooks/new/")).status_code == 405


def test_nobody_has_sent_what_they_may_not_see(inside: Shop, endpoint: Endpoint) -> None:
    """A colleague with the permission chooses among what they see; what others chose may stay."""
    role = inside.roles["Viewer"]
    role.permissions = [Permission.WEBHOOK_MANAGE, Permission.STOCK_VIEW]
    role.save()
    client = signed_in(inside.people["Viewer"])
    page = text(client.get(inside.url("webhooks/new/")))
    assert "falls below" in page and "A sale is completed" not in page
    refused = client.post(inside.url("webhooks/new/"), FORM)
    assert "Select a valid choice" in text(refused)
    address = inside.url(f"webhooks/{endpoint.pk}/edit/")
    assert client.post(address, {**FORM, "name": "Theirs"}).status_code == 302
    endpoint.refresh_from_db()
    assert (endpoint.name, endpoint.kinds) == ("Theirs", FORM["kinds"])
    # Switched off, they cannot switch it on again.
    client.post(inside.url(f"webhooks/{endpoint.pk}/off/"))
    assert client.post(inside.url(f"webhooks/{endpoint.pk}/on/")).status_code == 403
