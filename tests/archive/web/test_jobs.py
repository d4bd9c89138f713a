"""Jobs at the pages: how far one is, its end, its file, cancelling it."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.utils import timezone

import tests.archive.job_kinds  # noqa: F401  (its kinds)
from accounts.models import Membership
from archive.files import PART, opened, store
from archive.jobs import ask, run
from archive.models import Job, StoredFile
from inventory.models import Brand, StockLevel
from tenants.context import business
from tenants.models import Business
from tests.factories import Shop, make_person, make_shop, signed_in
from tests.sales.selling import counted


def asked(shop: Shop, kind: str = "test.brands", **options: Any) -> Job:
    return ask(kind, by=Membership.objects.get(user=shop.owner), options=options)


def url(shop: Shop, row: Job, more: str = "") -> str:
    return shop.url(f"data/jobs/{row.pk}/{more}")


def html(client: Client, shop: Shop, row: Job, **headers: Any) -> str:
    return client.get(url(shop, row), **headers).content.decode()


def content(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def test_how_far_it_is(owner: Client, inside: Shop) -> None:
    row = asked(inside)
    assert "Waiting for its turn" in html(owner, inside, row)
    Job.objects.update(
        state="running", heard_at=timezone.now(), done=30, total=120, stage="Making brands"
    )
    text = html(owner, inside, row)
    assert "Making brands" in text and 'value="25"' in text and "30 of 120" in text
    assert "you may leave this page" in text.lower()


def test_htmx_asks_for_the_part_alone_and_then_for_the_page(owner: Client, inside: Shop) -> None:
    row = asked(inside)
    part = owner.get(url(inside, row), HTTP_HX_REQUEST="true")
    assert b"<html" not in part.content and b'hx-trigger="every 1s"' in part.content
    assert "HX-Refresh" not in part
    run(row)
    part = owner.get(url(inside, row), HTTP_HX_REQUEST="true")
    assert part["HX-Refresh"] == "true" and b"every 1s" not in part.content


@pytest.mark.parametrize("state", ["waiting", "running"])
def test_where_nobody_does_jobs_the_page_does_it(committed_db: None, state: str) -> None:
    """One that waits for long, or whose worker has died; once, and not while somebody is at it."""
    with transaction.atomic():
        shop = make_shop("acme")
    with business(shop.business), transaction.atomic():
        row = asked(shop)
        # An hour from now: it is not waiting for long, however slow this machine is.
        soon = timezone.now() + timedelta(hours=1)
        Job.objects.update(state=state, created_at=soon, heard_at=soon)
    owner = signed_in(shop.owner)
    assert url(shop, row, "run/") in html(owner, shop, row)

    def runs() -> tuple[str, int]:
        assert owner.post(url(shop, row, "run/")).status_code == 204
        with business(shop.business), transaction.atomic():
            return Job.objects.get().state, Brand.objects.count()

    assert runs() == (state, 0)
    with business(shop.business), transaction.atomic():
        long_ago = timezone.now() - timedelta(minutes=2)
        Job.objects.update(created_at=long_ago, heard_at=long_ago)
    assert runs() == ("done", 3)
    assert runs() == ("done", 3)


@pytest.mark.parametrize(
    ("options", "text"),
    [({}, "Done"), ({"then": "refuse"}, "There are enough brands."), ({"then": "break"}, "log")],
)
def test_how_it_ended(owner: Client, inside: Shop, options: Any, text: str) -> None:
    row = run(asked(inside, **options))
    assert text in html(owner, inside, row)


def test_cancelling(owner: Client, inside: Shop) -> None:
    row = asked(inside)
    answer: Any = owner.post(url(inside, row, "cancel/"))
    assert answer.url == url(inside, row)
    row.refresh_from_db()
    assert row.state == "cancelled"
    assert "Nothing was changed" in html(owner, inside, row)
    # What is over stays as it is.
    owner.post(url(inside, row, "cancel/"))
    row.refresh_from_db()
    assert row.state == "cancelled"


def test_a_whole_business_to_take_away(owner: Client, inside: Shop) -> None:
    row = run(asked(inside, "export.data"))
    assert row.state == "done", row.message
    assert "Download" in html(owner, inside, row)
    answer: Any = owner.get(url(inside, row, "file/"))
    assert answer["Content-Disposition"].startswith('attachment; filename="acme-')
    data = content(answer)
    assert len(data) == int(answer["Content-Length"]) == StoredFile.objects.get().size
    export = json.loads(gzip.decompress(data))
    assert [one["name"] for one in export["businesses"]] == ["Acme"]
    assert len(export["products"]) == 3


def accountant(shop: Shop) -> tuple[Client, Membership]:
    """Somebody who may export and is no owner."""
    person = make_person("ann", shop.roles["Accountant"])
    return signed_in(person), Membership.objects.get(user=person)


def users_of(answer: Any) -> dict[str, str | None]:
    users = json.loads(gzip.decompress(content(answer)))["users"]
    return {one["username"]: one["password"] for one in users}


def test_passwords_leave_with_an_owner_only(owner: Client, inside: Shop) -> None:
    client, member = accountant(inside)
    theirs = run(ask("export.data", by=member, options={}))
    found = users_of(client.get(url(inside, theirs, "file/")))
    assert "ann" in found and set(found.values()) == {None}
    mine = run(asked(inside, "export.data"))
    assert None not in users_of(owner.get(url(inside, mine, "file/"))).values()
    for more in ("", "file/"):
        assert client.get(url(inside, mine, more)).status_code == 403
    pages = [client.get(inside.url(page)).content.decode() for page in ("data/jobs/", "data/")]
    assert all(str(theirs.pk) in page and str(mine.pk) not in page for page in pages)
    assert str(mine.pk) in owner.get(inside.url("data/jobs/")).content.decode()


def test_people_of_a_file_without_passwords_need_a_first_one(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "acme.json"
    with business(shop.business):
        _client, member = accountant(shop)
        row = run(ask("export.data", by=member, options={}))
        assert row.file is not None
        file.write_bytes(gzip.decompress(opened(row.file).read()))
    said = io.StringIO()
    call_command("import_data", str(file), rename="Acme Two", stdout=said)
    assert said.getvalue().count("has no password and needs a new one") == len(shop.people) + 1
    with business(Business.objects.get(name="Acme Two")):
        people = [one.user for one in Membership.objects.select_related("user")]
    assert len(people) == len(shop.people) + 1
    assert not any(one.has_usable_password() for one in people)


def test_the_archive_of_everything_is_for_owners(owner: Client, inside: Shop) -> None:
    client, _member = accountant(inside)
    row = run(asked(inside, "leave.archive"))
    assert row.state == "done", row.message
    assert owner.get(url(inside, row, "file/")).status_code == 200
    for more in ("", "file/"):
        assert client.get(url(inside, row, more)).status_code == 403
    assert client.post(url(inside, row, "cancel/")).status_code == 403
    assert str(row.pk) not in client.get(inside.url("data/jobs/")).content.decode()


@pytest.mark.parametrize("kind", ["export.csv", "export.xlsx"])
def test_tables_to_take_away(owner: Client, inside: Shop, kind: str) -> None:
    row = run(asked(inside, kind))
    assert row.state == "done", row.message
    with zipfile.ZipFile(io.BytesIO(content(owner.get(url(inside, row, "file/"))))) as archive:
        assert archive.testzip() is None
        assert archive.namelist()


def test_a_large_file_arrives_whole(owner: Client, inside: Shop) -> None:
    data = bytes(range(251)) * (3 * PART // 251)
    row = run(asked(inside))
    row.file, row.result = store("big.bin", [data], by=None), {"file": "x"}
    row.save()
    assert content(owner.get(url(inside, row, "file/"))) == data


def test_no_file_or_no_longer(owner: Client, inside: Shop) -> None:
    row = run(asked(inside))
    assert owner.get(url(inside, row, "file/")).status_code == 404
    row.result = {"file": "gone"}
    row.save()
    assert owner.get(url(inside, row, "file/")).status_code == 404
    assert "no longer kept" in html(owner, inside, row)


def test_the_books_are_right(owner: Client, inside: Shop) -> None:
    row = run(asked(inside, "books.check"))
    assert row.state == "done", row.message
    assert "The books are right" in html(owner, inside, row)


def test_the_books_are_wrong(owner: Client, inside: Shop) -> None:
    level = StockLevel.objects.get(variation=inside.mug)
    StockLevel.objects.filter(pk=level.pk).update(quantity=99)
    row = run(asked(inside, "books.check"))
    text = html(owner, inside, row)
    assert "not as" in text and str(level.pk) in text and "99" in text


def test_a_colleague_without_the_permission(manager: Client, inside: Shop) -> None:
    row = run(asked(inside, "export.data"))
    assert manager.get(url(inside, row)).status_code == 403
    assert manager.get(url(inside, row, "file/")).status_code == 403
    assert manager.post(url(inside, row, "cancel/")).status_code == 403
    assert manager.post(url(inside, row, "run/")).status_code == 403
    assert manager.get(inside.url("data/jobs/")).status_code == 403


def test_the_permission_of_the_kind_counts(inside: Shop) -> None:
    """Who exports sees no import, and its like."""
    accountant = signed_in(inside.people["Accountant"])
    assert accountant.get(url(inside, asked(inside, "export.data"))).status_code == 200
    assert accountant.get(url(inside, asked(inside))).status_code == 403
    listed = accountant.get(inside.url("data/jobs/")).content.decode()
    assert "Whole business in one file" in listed and "Labour of the tests" not in listed


def test_a_stranger(stranger: Client, inside: Shop, other_shop: Shop) -> None:
    row = run(asked(inside, "export.data"))
    for shop in (inside, other_shop):
        assert stranger.get(url(shop, row)).status_code == 404
        assert stranger.get(url(shop, row, "file/")).status_code == 404
        assert stranger.post(url(shop, row, "cancel/")).status_code == 404
        assert stranger.post(url(shop, row, "run/")).status_code == 404


def test_only_these_verbs(owner: Client, inside: Shop) -> None:
    row = asked(inside)
    assert owner.post(url(inside, row)).status_code == 405
    assert owner.get(url(inside, row, "cancel/")).status_code == 405
    assert owner.get(url(inside, row, "run/")).status_code == 405
    assert owner.post(inside.url("data/jobs/")).status_code == 405


def test_the_list_and_its_statements(owner: Client, inside: Shop) -> None:
    assert "Nothing yet" in owner.get(inside.url("data/jobs/")).content.decode()
    counts = []
    for _round in range(2):
        for _job in range(10):
            asked(inside, "books.check")
        with counted() as statements:
            assert "Check of the books" in owner.get(inside.url("data/jobs/")).content.decode()
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 9
    with counted() as statements:
        html(owner, inside, asked(inside))
    assert len(statements) <= 10
