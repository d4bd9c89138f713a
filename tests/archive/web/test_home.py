"""The one place for import and export: who sees what of it, and what its buttons ask for."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.permissions import Permission
from archive.models import ImportBatch, Job
from archive.work.products import ProductsDesk
from tests.factories import Shop, make_person, signed_in
from tests.sales.selling import counted


def page(client: Client, shop: Shop) -> str:
    answer = client.get(shop.url("data/"))
    assert answer.status_code == 200
    return answer.content.decode()


def allow(shop: Shop, *permissions: Permission) -> Client:
    shop.roles["Viewer"].permissions = [*permissions]
    shop.roles["Viewer"].save()
    return signed_in(shop.people["Viewer"])


def test_the_owner_may_do_everything(owner: Client, inside: Shop) -> None:
    html = page(owner, inside)
    for text in ("Import products", "Import sales", "Make the file", "Excel", "Check now"):
        assert text in html
    assert "Nothing was imported yet" in html
    assert 'href="/b/acme/data/"' in owner.get(inside.url("products/")).content.decode()


def test_one_permission_shows_its_half(inside: Shop) -> None:
    html = page(allow(inside, Permission.DATA_EXPORT), inside)
    assert "Make the file" in html and "Import products" not in html
    html = page(allow(inside, Permission.DATA_IMPORT, *ProductsDesk.needs), inside)
    assert "Import products" in html and "Make the file" not in html and "Check now" not in html
    # What the other files would do, this person may not do by hand.
    assert "Import sales" not in html and "Import customers" not in html
    assert "“Add customers”, “Give credit to customers”" in html


def test_a_colleague_without_permission(manager: Client, inside: Shop) -> None:
    assert manager.get(inside.url("data/")).status_code == 403
    assert "/data/" not in manager.get(inside.url("products/")).content.decode()
    for path in ("data/exports/new/", "data/check/"):
        assert manager.post(inside.url(path), {"form": "json"}).status_code == 403
    assert not Job.objects.exists()


def test_who_works_at_some_locations_only(inside: Shop) -> None:
    confined = make_person("here", inside.roles["Owner"], locations=[inside.high_street])
    answer = signed_in(confined).get(inside.url("data/"))
    assert answer.status_code == 403
    assert "whole business" in answer.content.decode()


def test_a_stranger(stranger: Client, inside: Shop) -> None:
    assert stranger.get(inside.url("data/")).status_code == 404
    assert stranger.post(inside.url("data/check/")).status_code == 404


def test_only_these_verbs(owner: Client, inside: Shop) -> None:
    assert owner.post(inside.url("data/")).status_code == 405
    assert owner.get(inside.url("data/exports/new/")).status_code == 405
    assert owner.get(inside.url("data/check/")).status_code == 405


@pytest.mark.parametrize(
    ("form", "kind"),
    [("json", "export.data"), ("csv", "export.csv"), ("xlsx", "export.xlsx")],
)
def test_an_export_is_asked_for(owner: Client, inside: Shop, form: str, kind: str) -> None:
    answer: Any = owner.post(inside.url("data/exports/new/"), {"form": form})
    row = Job.objects.get()
    assert (row.kind, row.created_by) == (kind, inside.owner)
    assert answer.url == inside.url(f"data/jobs/{row.pk}/")


def test_nonsense_asks_for_nothing(owner: Client, inside: Shop) -> None:
    answer: Any = owner.post(inside.url("data/exports/new/"), {"form": "books.check"})
    assert answer.url == inside.url("data/")
    assert not Job.objects.exists()


def test_the_statements_do_not_grow(owner: Client, inside: Shop) -> None:
    counts = []
    for _round in range(2):
        for number in range(10):
            Job.objects.create(kind="books.check", created_by=inside.owner)
            ImportBatch.objects.create(
                kind="products", file_name=f"{number}.csv", file_hash="", created_by=inside.owner
            )
        with counted() as statements:
            page(owner, inside)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 10
