"""The database does not answer: that is said, and is not an error of ours."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import Client

from tests.factories import Shop, make_device


def unreachable(*args: object, **kwargs: object) -> None:
    raise OperationalError("server closed the connection unexpectedly")


@pytest.fixture
def visitor(shop: Shop) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(shop.owner)
    return client


def test_in_a_page(shop: Shop, visitor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.queries.figures", unreachable)
    answer = visitor.get(shop.url())
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert "Back in a moment" in answer.content.decode()


def test_at_the_door_of_the_api(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    token = make_device(shop)[1]
    monkeypatch.setattr("accounts.device_door.token_hash", unreachable)
    terminal = Client(raise_request_exception=False, headers={"Authorization": f"Bearer {token}"})
    answer = terminal.get("/api/v1/me")
    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert answer.json()["code"] == "busy"


def test_anything_else_is_an_error(
    shop: Shop, visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("reports.queries.figures", broken)
    answer = visitor.get(shop.url())
    assert answer.status_code == 500
    assert "Retry-After" not in answer
