"""The owner's way out: the archive, then the deletion, and the way back."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry
from archive import jobs
from archive.files import opened
from archive.models import Departure, Job, StoredFile
from tenants.context import business
from tests.factories import PASSWORD, Shop

FORM = {"keep_months": "120", "password": PASSWORD, "without_archive": "on"}


def ask(owner: Client, shop: Shop, **changes: Any) -> Any:
    values = {**FORM, "name": shop.business.name, **changes}
    return owner.post(shop.url("data/leave/"), {k: v for k, v in values.items() if v is not None})


def asked(shop: Shop) -> list[Departure]:
    with business(shop.business):
        return list(Departure.objects.all())


def test_the_archive_is_made_and_taken_along(owner: Client, shop: Shop) -> None:
    answer = owner.post(shop.url("data/leave/archive/"))
    with business(shop.business):
        row = jobs.run(Job.objects.get())
        assert row.state == Job.State.DONE, row.message
        with zipfile.ZipFile(io.BytesIO(opened(row.file).read())) as archive:
            assert "manifest.json" in archive.namelist()
    assert answer["Location"].endswith(f"/data/jobs/{row.pk}/")
    page = owner.get(shop.url("data/leave/"))
    assert row.file.name in page.content.decode()
    download: Any = owner.get(shop.url(f"data/jobs/{row.pk}/file/"))
    assert b"".join(download.streaming_content)[:2] == b"PK"
    # With an archive nobody has to say that they want none.
    ask(owner, shop, without_archive=None)
    (departure,) = asked(shop)
    assert departure.archive_id == row.file_id


def test_an_archive_that_is_older_than_a_day_does_not_count(owner: Client, shop: Shop) -> None:
    owner.post(shop.url("data/leave/archive/"))
    with business(shop.business):
        jobs.run(Job.objects.get())
        assert "more than a day old" not in owner.get(shop.url("data/leave/")).content.decode()
        StoredFile.objects.update(created_at=timezone.now() - timedelta(hours=25))
    page = owner.get(shop.url("data/leave/")).content.decode()
    assert "more than a day old" in page and "I want no archive" in page
    answer = ask(owner, shop, without_archive=None)
    assert "Make the archive first" in answer.content.decode()
    assert asked(shop) == []


def test_it_is_asked_for_and_said_on_every_page(owner: Client, cashier: Client, shop: Shop) -> None:
    assert ask(owner, shop).status_code == 302
    (departure,) = asked(shop)
    assert (departure.delete_after - timezone.now()).days in {29, 30}
    assert departure.keep_months == 120
    for person in (owner, cashier):
        page = person.get(shop.url("sales/"))
        assert "This business will be deleted on" in page.content.decode()
    with business(shop.business):
        assert AuditEntry.objects.filter(action="business.leave").count() == 1


def test_it_is_taken_back(owner: Client, shop: Shop) -> None:
    ask(owner, shop)
    assert "take it back" in owner.get(shop.url("data/leave/")).content.decode()
    owner.post(shop.url("data/leave/withdraw/"))
    assert asked(shop) == []
    assert "will be deleted" not in owner.get(shop.url("sales/")).content.decode()
    with business(shop.business):
        assert AuditEntry.objects.filter(action="business.stay").count() == 1
    again = owner.post(shop.url("data/leave/withdraw/"), follow=True)
    assert "Nobody asked" in again.content.decode()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password": "wrong"}, "This is not your password."),
        ({"name": "Another shop"}, "Type the name of the business"),
        ({"without_archive": None}, "Make the archive first"),
        ({"keep_months": "3"}, "greater than or equal to 120"),
        ({"keep_months": ""}, "This field is required"),
    ],
)
def test_a_fault_stands_beside_its_field(
    owner: Client, shop: Shop, change: dict[str, Any], said: str
) -> None:
    answer = ask(owner, shop, **change)
    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert asked(shop) == []


def test_passwords_cannot_be_guessed_here(owner: Client, shop: Shop) -> None:
    for _try in range(5):
        ask(owner, shop, password="wrong")
    answer = ask(owner, shop)
    assert "Too many tries" in answer.content.decode()
    assert asked(shop) == []


PAGES = ["data/leave/", "data/leave/archive/", "data/leave/withdraw/"]


@pytest.mark.parametrize("page", PAGES)
def test_only_an_owner(manager: Client, cashier: Client, shop: Shop, page: str) -> None:
    for person in (manager, cashier):
        assert person.post(shop.url(page), FORM).status_code == 403
    assert asked(shop) == []


@pytest.mark.parametrize("page", PAGES)
def test_a_stranger_finds_nothing(stranger: Client, shop: Shop, page: str) -> None:
    assert stranger.get(shop.url(page)).status_code == 404


def test_wrong_verbs(owner: Client, shop: Shop) -> None:
    assert owner.put(shop.url("data/leave/")).status_code == 405
    for page in PAGES[1:]:
        assert owner.get(shop.url(page)).status_code == 405


def test_the_page_is_cheap(owner: Client, shop: Shop, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(12):
        assert owner.get(shop.url("data/leave/")).status_code == 200
