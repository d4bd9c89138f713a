"""Serving without a database, and what a web process makes sure of before it answers."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client, RequestFactory

from pos import serving, views
from tests.factories import Shop

NOTICE = "No database is set up: everything entered here will be lost. Set DATABASE_URL to keep it."
PREVIEW = "This is a preview with a demo of its own: everything entered here will be lost."


@pytest.fixture
def ephemeral(settings: Any) -> None:
    settings.EPHEMERAL = True


def test_every_page_says_that_nothing_is_kept(
    ephemeral: None, owner: Client, client: Client, shop: Shop
) -> None:
    inside = f"/b/{shop.business.slug}"
    for path in ("/sign-in/", "/password/reset/", "/no-such-page/"):
        assert NOTICE in client.get(path).content.decode(), path
    pages = ("/", "/till/", "/sales/", "/products/", "/admin/", "/no-such-page/")
    for path in pages:
        assert NOTICE in owner.get(inside + path).content.decode(), path
    assert NOTICE in owner.get("/businesses/", follow=True).content.decode()


def test_the_page_of_an_error_says_it_too(ephemeral: None, rf: RequestFactory) -> None:
    assert NOTICE in views.server_error(rf.get("/")).content.decode()


def test_a_preview_says_what_it_is(ephemeral: None, settings: Any, db: None) -> None:
    settings.PREVIEW = True
    page = Client().get("/sign-in/").content.decode()
    assert PREVIEW in page
    assert NOTICE not in page


def test_with_a_database_there_is_no_banner(owner: Client, client: Client, shop: Shop) -> None:
    for answer in (client.get("/sign-in/"), owner.get(f"/b/{shop.business.slug}/till/")):
        assert "system-notice" not in answer.content.decode()


def test_the_banner_and_that_a_business_leaves_both_stand_there(
    ephemeral: None, owner: Client, shop: Shop
) -> None:
    from archive.leaving.departing import NOTICE as LEAVES_ON

    shop.business.settings[LEAVES_ON] = "2031-01-02"
    shop.business.save(update_fields=["settings"])
    page = owner.get(f"/b/{shop.business.slug}/products/").content.decode()
    assert NOTICE in page
    assert "This business will be deleted on " in page


def test_a_process_says_it_once_in_its_log(
    ephemeral: None,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.SQLITE = True
    monkeypatch.setattr(serving, "unpack_seed", lambda database: None)
    with caplog.at_level(logging.WARNING, "pos.serving"):
        serving.prepare()
    (said,) = [record.getMessage() for record in caplog.records if record.name == "pos.serving"]
    assert "will be lost. Set DATABASE_URL, SECRET_KEY and APP_ENCRYPTION_KEY" in said


def test_the_seed_is_unpacked_once_and_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed, place = tmp_path / "seed/tillbook.sqlite3", tmp_path / "tmp/tillbook.sqlite3"
    monkeypatch.setattr(serving, "SEED", seed)
    serving.unpack_seed(place)
    assert not place.exists()
    seed.parent.mkdir()
    seed.write_bytes(b"demo")
    serving.unpack_seed(place)
    assert place.read_bytes() == b"demo"
    place.write_bytes(b"demo and a sale")
    serving.unpack_seed(place)
    assert place.read_bytes() == b"demo and a sale"
    assert list(place.parent.iterdir()) == [place]


def test_freed_memory_goes_back_where_the_c_library_can(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int]] = []

    class Library:
        def mallopt(self, option: int, value: int) -> int:
            told.append((option, value))
            return 1

    monkeypatch.setattr("ctypes.CDLL", lambda name: Library())
    serving.give_back()
    assert told == [(-3, serving.LARGE), (-1, serving.LARGE)]
    # musl and others have no such function.
    monkeypatch.setattr("ctypes.CDLL", lambda name: object())
    serving.give_back()
    assert len(told) == 2


def test_without_a_variable_the_keys_of_the_build_sign_at_every_instance(tmp_path: Path) -> None:
    """Two instances of one release, with a /tmp each, make and read each other's cookies."""
    from scripts.vercel.building import copy_tree

    tree = tmp_path / "tree"
    copy_tree(tree)
    (tree / "seed").mkdir()
    (tree / "seed/secret_key").write_text("k-of-the-build-0123456789-abcdefghijklmnopqrstuvwxyz")
    (tree / "seed/app_encryption_key").write_text("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
    sign = "from django.core.signing import dumps; print(dumps('casey'))"
    read = "import sys; from django.core.signing import loads; print(loads(sys.argv[1]))"
    setup = "import django; django.setup();"

    def instance(name: str, code: str, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", setup + code, *words],
            cwd=tree,
            env={
                "VERCEL": "1",
                "VAR_DIR": str(tmp_path / name),
                "DJANGO_SETTINGS_MODULE": "pos.settings",
            },
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    cookie = instance("a", sign)
    assert instance("b", read, cookie) == "casey"
    ask = "from django.conf import settings as s; print(s.SESSION_ENGINE, s.SESSION_COOKIE_SECURE)"
    assert instance("b", ask) == "django.contrib.sessions.backends.signed_cookies True"
