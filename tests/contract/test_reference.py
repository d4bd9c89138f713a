"""The page of the API's reference: public, of the whole description, without a statement."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from html import unescape
from threading import Barrier

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from pos import schema
from pos.reference_page import prose
from tests.contract.operations import operations

URL = "/api/v1/docs/"


@pytest.fixture
def page(client: Client, db: None) -> str:
    answer = client.get(URL)
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_it_asks_the_database_nothing_and_is_kept(
    client: Client, db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.get(URL)
    with django_assert_num_queries(0):
        answer = client.get(URL)
    assert answer["Cache-Control"] == "public, max-age=300"
    assert "sessionid" not in answer.cookies
    assert "Cookie" not in answer.get("Vary", "")
    again = client.get(URL, headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_it_shows_every_operation_whole(page: str) -> None:
    articles = dict(
        re.findall(r'<article [^>]*\bid="([\w-]+)"[^>]*>(.*?)</article>', page, re.DOTALL)
    )
    assert articles.keys() == operations().keys()
    for name, one in operations().items():
        text = unescape(articles[name])
        assert f'<span class="verb {one.verb.lower()}">{one.verb}</span>' in text
        assert f"<code>{one.path}</code>" in text
        assert all(permission in text for permission in one.permissions)
        assert all(
            f"<code>{said['name']}</code>" in text for said in one.described.get("parameters", ())
        )
        assert all(status in text for status in one.described["responses"])
        assert "curl -sS" in text
        for status in map(int, one.described["responses"]):
            assert all(f"<code>{code}</code>" in text for code in one.codes(status))


def test_a_picture_is_sent_and_fetched_as_a_file(page: str) -> None:
    put, fetched = (
        unescape(page).split(f'id="{name}"')[1].split("</article>")[0]
        for name in ("product_picture_put", "product_picture")
    )
    assert '-H "Content-Type: image/jpeg"' in put
    assert "--data-binary @picture.jpeg" in put
    for kind in ("image/jpeg", "image/png", "image/webp", "multipart/form-data"):
        assert f"<code>{kind}</code>" in put
    assert "-o picture.webp" in fetched
    assert "-o picture" not in put


def test_it_passes_a_strict_policy_and_loads_nothing_from_elsewhere(
    client: Client, db: None
) -> None:
    answer = client.get(URL)
    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy
    page = answer.content.decode()
    assert not re.search(r'\sstyle="|\son\w+="|<style|<script>', page)
    assets = re.findall(r'(?:src|<link[^>]+href)="([^"]+)"', page)
    assert assets
    assert all(one.startswith("/static/") for one in assets)
    assert len(re.findall(r'\bid="([^"]+)"', page)) == len(set(re.findall(r'\bid="([^"]+)"', page)))


def test_every_link_in_it_leads_somewhere(page: str) -> None:
    ids = set(re.findall(r'\bid="([^"]+)"', page))
    assert {one[1:] for one in re.findall(r'href="(#[^"]*)"', page)} <= ids


def test_threads_that_ask_first_at_once_have_it_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    class Slow:
        def __init__(self, **_asked: str) -> None:
            pass

        def get_schema(self, **_asked: object) -> dict[str, object]:
            made.append("once")
            time.sleep(0.2)
            return {"paths": {}}

    monkeypatch.setattr(schema, "Generator", Slow)
    # Not the one of this process, which stays as it is.
    monkeypatch.setattr(schema, "_made", cache(schema._made.__wrapped__))
    together = Barrier(6)

    def ask(_number: int) -> object:
        together.wait()
        return schema.document()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(6)))
    assert (answers, made) == ([{"paths": {}}] * 6, ["once"])


def test_prose_is_escaped() -> None:
    assert prose("a `<b>` **c** <i>") == "a <code>&lt;b&gt;</code> <strong>c</strong> &lt;i&gt;"
