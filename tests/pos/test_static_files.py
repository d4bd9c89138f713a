"""Static files are found when they are asked for, and looked through no sooner."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from pos.static_files import StaticFiles


@pytest.fixture
def files(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> StaticFiles:
    """Of a folder with one file."""
    (tmp_path / "pos.css").write_text("body {}")
    settings.STATIC_ROOT = str(tmp_path)
    monkeypatch.setattr(StaticFiles, "made", [])
    return StaticFiles(lambda request: HttpResponse("a page"))


def test_a_page_reads_no_file(files: StaticFiles) -> None:
    assert files(RequestFactory().get("/")).content == b"a page"
    assert files.files == {}


@pytest.mark.django_db
def test_a_file_is_found_by_the_first_who_asks(files: StaticFiles) -> None:
    found = files(RequestFactory().get("/static/pos.css"))
    assert b"".join(found.streaming_content) == b"body {}"
    found.close()
    assert files(RequestFactory().get("/static/absent.css")).content == b"a page"


def test_who_forks_workers_reads_them_before(files: StaticFiles) -> None:
    for one in StaticFiles.made:
        one.read()
        one.read()
    assert list(files.files) == ["/static/pos.css"]
