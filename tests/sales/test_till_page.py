"""The page of the till and its service worker; what happens on it is in tests/browser."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client

from tests.factories import Shop, signed_in

SOURCES = re.compile(r'"(till/[\w/]+)": "(/static/[^"]+)"')


def test_the_cashier_gets_a_page_of_modules(cashier: Client, shop: Shop) -> None:
    answer = cashier.get(shop.url("till/"))
    page = answer.content.decode()
    assert answer.status_code == 200
    modules = dict(SOURCES.findall(page))
    assert {"till/main", "till/pricing", "till/components/app"} <= set(modules)
    found = re.search(r'<script id="till-config" type="application/json">(.*?)</script>', page)
    assert found
    config = json.loads(found[1])
    assert config["api"] == shop.url("api/v1/")
    assert config["worker"] == shop.url("till/worker.js")
    assert config["office"] == shop.url("sales/")
    assert config["texts"]["pay"] == "Pay"
    assert config["problems"]["underpaid"]


def test_the_page_holds_no_data_of_the_business(owner: Client, shop: Shop) -> None:
    page = owner.get(shop.url("till/")).content.decode()
    for secret in ("Blue mug", "5901234123457", str(shop.register.pk), shop.customer.name):
        assert secret not in page


def test_the_worker_keeps_the_shell_of_this_business(cashier: Client, shop: Shop) -> None:
    answer = cashier.get(shop.url("till/worker.js"))
    source = answer.content.decode()
    assert answer["Content-Type"].startswith("text/javascript")
    assert "no-cache" in answer["Cache-Control"]
    assert f'const PAGE = "{shop.url("till/")}";' in source
    page = cashier.get(shop.url("till/")).content.decode()
    for address in dict(SOURCES.findall(page)).values():
        assert f'"{address}",' in source


@pytest.mark.parametrize("path", ["till/", "till/worker.js"])
def test_doors(path: str, shop: Shop, cashier: Client, stranger: Client) -> None:
    assert signed_in(shop.people["Viewer"]).get(shop.url(path)).status_code == 403
    assert stranger.get(shop.url(path)).status_code == 404
    assert Client().get(shop.url(path)).status_code == 302
    assert cashier.post(shop.url(path)).status_code == 405
