"""Terminals for the tests of the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tenants.context import business
from tests import factories
from tests.contract.fitting import misfits
from tests.contract.operations import operation_of
from tests.factories import Shop


@pytest.fixture(autouse=True)
def described(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every answer to a device is one that the API's description has."""
    send = Client.request

    def request(self: Client, **environ: Any) -> Any:
        answer = send(self, **environ)
        operation = operation_of(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        # Verbs that a path has not are no operation, though an id could stand there.
        if operation is not None and answer.status_code != 405:
            assert misfits(operation, answer) == []
        return answer

    monkeypatch.setattr(Client, "request", request)


@pytest.fixture
def terminal(shop: Shop) -> Client:
    """A device in the cashier's name at the high street."""
    return factories.with_token(factories.make_device(shop)[1])


@pytest.fixture
def managers_terminal(shop: Shop) -> Client:
    """A device in the manager's name, at the same place."""
    return factories.with_token(factories.make_device(shop, user=shop.manager)[1])


@pytest.fixture
def strange_terminal(other_shop: Shop) -> Client:
    """A device of another business."""
    return factories.with_token(factories.make_device(other_shop)[1])


@pytest.fixture
def open_shop(shop: Shop) -> Shop:
    """The shop with an open shift on its register."""
    with business(shop.business):
        factories.make_shift(shop)
    return shop
