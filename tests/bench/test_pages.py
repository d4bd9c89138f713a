"""What is told of the pages of a large business."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from bench.pages import add_customers, addresses, make_large, over, text
from bench.shops import fill
from scripts.cluster import SUPERUSER, Cluster
from tests.isolation.routes import pages


def page(**figures: float) -> dict[str, Any]:
    return {
        "statements": 9,
        "application": 20.0,
        "database": 3.0,
        "p50": 30.0,
        "KB": 12.0,
        **figures,
    }


def test_a_page_is_over_what_it_may_take() -> None:
    assert over(page(statements=12, application=60, database=100)) == []
    assert over(page(statements=13)) == ["statements"]
    assert over(page(application=60.1, database=100.1)) == ["application", "database"]


def test_the_dearest_page_is_told_first() -> None:
    result = {
        "pages": {"cheap": page(), "slow": page(database=400.0), "dear": page(application=61)}
    }
    head, _rule, *rows = text(result).splitlines()
    assert "over" in head
    assert [re.findall(r"\w+", row)[0] for row in rows] == ["slow", "dear", "cheap"]
    assert rows[1].rstrip("| ").endswith("application")


@pytest.mark.postgres
def test_every_list_and_form_is_asked_for(committed_db: None) -> None:
    large = make_large(12)
    url = Cluster.current().url(SUPERUSER, database=str(connection.settings_dict["NAME"]))
    fill(url, [large.shop])
    add_customers(url, large.shop)
    client = Client()
    client.force_login(large.shop.owner)
    found = addresses(large, f"sessionid={client.cookies['sessionid'].value}")
    asked = {route.name for route in pages() if re.search("_(list|create|edit)$", route.name)}
    assert asked
    assert asked - set(found) == set()
