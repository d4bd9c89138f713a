"""The same file brought in by two people at once, and an import that is killed in the middle."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from archive import pulse
from archive.jobs import run_next
from archive.models import ImportBatch, Job
from archive.views import imports
from inventory.models import Product, StockLevel, StockMovement
from tenants.context import business
from tests.archive import job_kinds
from tests.archive.exports import stalls
from tests.archive.test_jobs_at_work import Workers
from tests.archive.web.files import GOOD, upload, url
from tests.archive.web.moving_in import Room
from tests.factories import Shop, make_shop, signed_in

pytestmark = pytest.mark.slow


@pytest.fixture
def shop(committed_db: None, monkeypatch: pytest.MonkeyPatch) -> Shop:
    # Nothing is small enough to be done within the request.
    monkeypatch.setattr(imports, "AT_ONCE", -1)
    monkeypatch.setattr(pulse, "EVERY", 0.05)
    with transaction.atomic():
        return make_shop("acme")


def inside(shop: Shop, ask: Callable[[], Any]) -> Any:
    with business(shop.business), transaction.atomic():
        return ask()


def looked_at(shop: Shop, data: bytes) -> ImportBatch:
    client = signed_in(shop.owner)
    upload(client, shop, data)
    batch: ImportBatch = inside(shop, lambda: ImportBatch.objects.order_by("-created_at")[0])
    form = client.get(url(shop, batch, "columns/")).context["columns"]
    chosen = {row["field"].html_name: row["field"].value() for row in form.rows()}
    options = {"stock": "opening", "missing": "create", "location": "HS", "preset": ""}
    client.post(url(shop, batch, "columns/"), {**chosen, **options, "check": "1"})
    assert run_next() is not None
    return batch


def ask(shop: Shop, *batches: ImportBatch) -> None:
    for batch in batches:
        signed_in(shop.owner).post(url(shop, batch, "apply/"), {"only": "all"})


def test_twice_at_once(shop: Shop) -> None:
    batches = [looked_at(shop, GOOD) for _person in range(2)]
    ask(shop, *batches)
    done = Workers(2).join()
    assert len(done) == 2

    def look() -> None:
        assert Product.objects.count() == 5
        assert StockLevel.objects.get(variation__sku="MUG-2").quantity == 12
        assert StockMovement.objects.filter(level__variation__sku="MUG-2").count() == 1
        states = {ImportBatch.objects.get(pk=one.pk).state for one in batches}
        assert "applied" in states
        made = [one.report["counts"]["new"] for one in ImportBatch.objects.filter(state="applied")]
        assert sorted(made) in ([2], [0, 2])

    inside(shop, look)


def test_a_whole_business_twice_at_once(committed_db: None, monkeypatch: Any) -> None:
    """The second waits for the first, and finds all of it there."""
    monkeypatch.setattr(imports, "AT_ONCE", -1)
    with transaction.atomic():
        room = Room()
    batches = []
    for _person in range(2):
        data = json.dumps(stalls()).encode()
        upload(room.client, room, data, "shop.json", "data")  # type: ignore[arg-type]
        with room.inside(), transaction.atomic():
            batches.append(ImportBatch.objects.order_by("-created_at")[0])
        assert run_next() is not None
        room.client.post(room.url(f"data/imports/{batches[-1].pk}/choose/"), {"business": "1"})
        assert run_next() is not None
    for batch in batches:
        room.client.post(room.url(f"data/imports/{batch.pk}/apply/"), {"only": "all"})
    assert len(Workers(2).join()) == 2
    while run_next() is not None:
        pass  # On a slow machine the second has waited for as long as it may, and is tried again.
    with business(room.business), transaction.atomic():
        assert Product.objects.count() == 5
        assert StockLevel.objects.filter(quantity=12).count() == 1
        done = ImportBatch.objects.filter(state="applied")
        assert sorted(one.report["counts"]["products"][0] for one in done) == [0, 5]


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Callable[[Path], Popen[str]]]:
    """One that tells a file when it is in the middle of 6,000 rows, and stays there."""
    started: list[Popen[str]] = []

    def start(stays: Path) -> Popen[str]:
        started.append(job_kinds.worker(tmp_path, stay_at=3000, stays=stays))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_killed_in_the_middle(
    shop: Shop, worker: Callable[[Path], Popen[str]], tmp_path: Path
) -> None:
    """Nothing of it is there; the next try brings all of it."""
    rows = (b"Thing %d,SKU-%d,%d.50,%d" % (n, n, n % 90 + 1, n % 7) for n in range(6000))
    batch = looked_at(shop, b"Name,SKU,Price,Stock\n" + b"\n".join(rows))

    ask(shop, batch)

    def state() -> tuple[str, int]:
        row = ImportBatch.objects.select_related("job").get(pk=batch.pk)
        assert row.job is not None
        return row.job.state, Product.objects.count()

    process = worker(tmp_path / "stays")
    end = time.monotonic() + 300
    while not (tmp_path / "stays").exists():
        assert time.monotonic() < end and process.poll() is None, "it never began"
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(120)
    assert inside(shop, state) == ("running", 3)
    inside(shop, lambda: Job.objects.update(heard_at=timezone.now() - timedelta(minutes=5)))
    assert run_next() is not None
    assert inside(shop, state) == ("done", 6003)
