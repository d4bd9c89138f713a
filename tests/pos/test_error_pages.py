"""Error pages inside a business show its navigation, although the view's transaction is over."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.test import Client, RequestFactory

from pos import views
from tests.factories import Shop, make_shop, signed_in

MISSING = "0198a6f2-0000-7000-8000-000000000000"


@pytest.fixture
def shop(committed_db: None) -> Shop:
    """Committed, and no transaction around the test: as it is in production."""
    with transaction.atomic():
        return make_shop("acme")


@pytest.mark.parametrize("path", ["nope/", f"products/{MISSING}/"])
def test_what_is_not_there_is_a_page_of_the_business(shop: Shop, path: str) -> None:
    answer = signed_in(shop.owner).get(shop.url(path))
    assert answer.status_code == 404
    assert shop.url("sales/") in answer.text


def test_what_one_may_not_do_is_a_page_of_the_business(shop: Shop) -> None:
    answer = signed_in(shop.cashier).get(shop.url("people/new/"))
    assert answer.status_code == 403
    assert shop.url("till/") in answer.text


def test_a_form_without_its_token_is_refused_with_a_page(shop: Shop) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(shop.owner)
    answer = client.post(shop.url("brands/new/"), {"name": "x"})
    assert answer.status_code == 403
    assert "Please try again" in answer.text


def test_a_page_of_an_error_that_fails_too_is_its_message(
    monkeypatch: pytest.MonkeyPatch, rf: RequestFactory, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: object) -> str:
        raise ValueError("no manifest")

    monkeypatch.setattr(views, "render_to_string", fail)
    answer = views.server_error(rf.get("/"))
    assert answer.status_code == 500
    assert "Something went wrong here. Nothing was half done." in answer.text
    assert [record.message for record in caplog.records] == [
        "The page of an error could not be made"
    ]
