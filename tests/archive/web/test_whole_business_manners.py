"""What one business brings in takes nothing from the others: no time, no names."""

from __future__ import annotations

import gzip
import json
import threading
from typing import Any

import pytest
from django.db import transaction

from accounts.models import User
from archive import import_catalogue, importing, validation
from archive.files import store
from archive.jobs import run_next
from archive.models import ImportBatch
from archive.views import imports
from tests.archive.exports import stalls
from tests.archive.test_jobs_at_work import Workers
from tests.archive.web.files import upload
from tests.archive.web.moving_in import Room


def test_a_small_file_that_unpacks_to_very_much(room: Room) -> None:
    """Read within the request, it kept a process busy for a minute and a half."""
    packed = gzip.compress(b'{"x": [' + b"1," * 3_000_000 + b"1]}")
    assert len(packed) < imports.AT_ONCE_COMPRESSED
    batch = room.upload(packed, "shop.json.gz")
    assert batch.state == "draft" and batch.job is not None
    assert "unpacks to far more than a shop's data" in batch.job.message


@pytest.mark.parametrize("name", ["sales.csv.gz", "sales.csv"])
def test_what_unpacks_to_much_is_not_for_the_request(room: Room, name: str) -> None:
    little, much = (
        gzip.compress(b"name,price\n" + b"Tea,1\n" * rows) for rows in (1000, 1_000_000)
    )
    assert len(much) < imports.AT_ONCE_COMPRESSED
    with room.inside():
        files = [store(name, [data], by=room.user) for data in (little, much, little[:-20])]
        assert [imports._is_small(one) for one in files] == [True, False, True]


def test_nothing_but_faults_is_not_read_to_its_end(room: Room, monkeypatch: Any) -> None:
    monkeypatch.setattr(validation, "MOST_COUNTED", 20)
    export = stalls()
    export["brands"] = [{}] * 500
    batch = room.upload(export)
    first, *others = batch.report["wrong"]
    assert first["row"] == "brands"
    assert first["reason"] == "has more than 20 faults; the rest of the file was not read"
    # Nor is it said of what stands behind that it is missing.
    assert {one["row"].split()[0] for one in others} == {"brands"}
    assert len(others) < 30
    assert "the rest of the file was not read" in room.page()


def test_names_are_given_when_all_else_is_there(room: Room, monkeypatch: Any) -> None:
    seen = []
    real = import_catalogue.bring_stock

    def look(move: Any) -> None:
        seen.append({one.username for one in User.objects.all()})
        real(move)

    monkeypatch.setattr(importing, "bring_stock", look)
    room.bring(stalls())
    assert len(seen) == 2 and all(not names & {"ada", "ben"} for names in seen)
    assert {"ada", "ben"} <= {one.username for one in User.objects.all()}


def put_into_the_queue(room: Room, data: bytes) -> None:
    """Looked at, and asked for; nothing is small enough to be done within the request."""
    upload(room.client, room, data, "shop.json", "data")  # type: ignore[arg-type]
    with room.inside(), transaction.atomic():
        batch = ImportBatch.objects.get()
    assert run_next() is not None
    room.client.post(room.url(f"data/imports/{batch.pk}/choose/"), {"business": "1"})
    assert run_next() is not None
    room.client.post(room.url(f"data/imports/{batch.pk}/apply/"), {"only": "all"})


@pytest.mark.slow
@pytest.mark.postgres
def test_the_same_user_names_at_the_same_time(committed_db: None, monkeypatch: Any) -> None:
    """Whoever moves in does not wait for another business that is in the middle of it."""
    monkeypatch.setattr(imports, "AT_ONCE", -1)
    with transaction.atomic():
        slow, quick = Room(), Room("rival", "rita")
    half, go = threading.Event(), threading.Event()
    real = import_catalogue.bring_stock

    def wait(move: Any) -> None:
        if move.business.slug == "corner" and not move.arrival.dry_run:
            half.set()
            assert go.wait(300)
        real(move)

    monkeypatch.setattr(importing, "bring_stock", wait)
    data = json.dumps(stalls()).encode()
    put_into_the_queue(slow, data)
    worker = Workers(1)
    try:
        assert half.wait(120)
        put_into_the_queue(quick, data)
        done = run_next()
        assert done is not None and (done.state, done.message) == ("done", "")
    finally:
        go.set()
    assert [one.state for one in worker.join()] == ["done"]
    names = {one.username for one in User.objects.all()}
    assert {"ada", "ben", "ada.corner", "ben.corner"} <= names
