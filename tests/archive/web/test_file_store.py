"""Customers and their credit at the pages, from a ZIP archive with a map."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from django.test import Client

from archive.models import ImportBatch
from sales.models import CreditAccount, Customer
from tests.archive.web.files import html, upload, url
from tests.factories import Shop

FILES: dict[str, Any] = {
    "users.json": {"u1": {"name": "Ada Byron"}, "u2": {"name": "Cleo Marsh"}},
    "credits.json": {
        "t1": {"user": "u1", "type": "topup", "cents": 1000, "at": 1735689600},
        "t2": {"user": "u1", "type": "purchase", "cents": 250, "at": 1735732800},
    },
    "map.json": {
        "source": "bonus-app",
        "customers": {"file": "users.json", "name": "name"},
        "entries": {
            "file": "credits.json",
            "customer": "user",
            "amount": "cents",
            "time": "at",
            "kind": {"field": "type", "values": {"topup": "bought", "purchase": "spent"}},
        },
        "amounts": "minor",
        "time": "seconds",
        "sign": "kind",
    },
}


def packed(folder: str = "", **changes: Any) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in FILES.items():
            text = changes.get(name.removesuffix(".json"), content)
            if text is not None:
                archive.writestr(folder + name, text if isinstance(text, str) else json.dumps(text))
    return buffer.getvalue()


def bring(client: Client, shop: Shop, data: bytes) -> ImportBatch:
    answer = upload(client, shop, data, "bonus.zip", "file_store")
    assert answer.status_code == 302, answer.content.decode()
    batch: ImportBatch = ImportBatch.objects.order_by("-created_at", "-pk")[0]
    return batch


@pytest.mark.parametrize("folder", ["", "bonus-app/"])
def test_looked_at_and_imported(owner: Client, inside: Shop, folder: str) -> None:
    batch = bring(owner, inside, packed(folder))
    assert batch.state == "checked", batch.job and batch.job.message
    assert "7.50" in html(owner, inside, batch)
    assert Customer.objects.count() == 1
    owner.post(url(inside, batch, "apply/"), {"only": "all"})
    batch.refresh_from_db()
    assert batch.state == "applied", batch.job and batch.job.message
    assert Customer.objects.count() == 3
    assert CreditAccount.objects.get().balance == 7.5
    # One import is one row of the history.
    assert ImportBatch.objects.count() == 1
    again = bring(owner, inside, packed(folder))
    assert "would change nothing" in html(owner, inside, again)


def test_faults_are_named(owner: Client, inside: Shop) -> None:
    users = {"u1": {"name": ""}, "u2": {"name": "Cleo Marsh"}}
    batch = bring(owner, inside, packed(users=users))
    text = html(owner, inside, batch)
    assert "users.json: name" in text and "u1" in text and "Import now" not in text
    owner.post(url(inside, batch, "apply/"), {"only": "good"})
    assert Customer.objects.count() == 1


def test_the_file_of_problems_is_whole(owner: Client, inside: Shop) -> None:
    """Although what a check writes to find them is rolled back."""
    users = {f"u{n}": {"name": ""} for n in range(1500)}
    batch = bring(owner, inside, packed(users=users))
    assert (batch.report["fault_count"], len(batch.report["wrong"])) == (1502, 1000)
    answer: Any = owner.get(url(inside, batch, "problems/"))
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 1503


def test_taken_back(owner: Client, inside: Shop) -> None:
    batch = bring(owner, inside, packed())
    owner.post(url(inside, batch, "apply/"), {"only": "all"})
    assert Customer.objects.count() == 3
    batch.refresh_from_db()
    assert "Take it back" in html(owner, inside, batch)
    owner.post(url(inside, batch, "undo/"))
    batch.refresh_from_db()
    assert batch.state == "undone", batch.job and batch.job.message
    assert "Customers and their credit are as they were before it." in html(owner, inside, batch)
    assert Customer.objects.count() == 1 and not CreditAccount.objects.exists()
    again = bring(owner, inside, packed())
    owner.post(url(inside, again, "apply/"), {"only": "all"})
    assert CreditAccount.objects.get().balance == 7.5


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"no archive", "no ZIP archive"),
        (packed(map=None), "one map.json"),
        (packed(map="{"), "not valid JSON"),
        (packed(users=None), "users.json"),
        (
            packed(map={**FILES["map.json"], "customers": {"file": "/etc/hosts", "name": "x"}}),
            "name of its “file” in the folder",
        ),
        (
            packed(map={**FILES["map.json"], "customers": {"file": "../x.json", "name": "x"}}),
            "name of its “file” in the folder",
        ),
    ],
)
def test_what_cannot_be_read(owner: Client, inside: Shop, data: bytes, says: str) -> None:
    batch = bring(owner, inside, data)
    assert batch.state == "draft"
    assert batch.job is not None and batch.job.state == "failed"
    text = html(owner, inside, batch)
    assert says in text and "/tmp" not in text and "Choose another file" in text


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_damaged_archive(owner: Client, inside: Shop, method: int) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("map.json", json.dumps(FILES["map.json"]))
        archive.writestr("users.json", json.dumps({str(n): {"name": f"N{n}"} for n in range(999)}))
    start = zipfile.ZipFile(buffer).getinfo("users.json").header_offset + 40
    for place in range(start, start + 40, 8):
        data = bytearray(buffer.getvalue())
        data[place : place + 8] = b"\xff" * 8
        batch = bring(owner, inside, bytes(data))
        assert batch.job is not None and batch.job.state == "failed"
        assert "it is damaged" in batch.job.message


def test_what_unpacks_to_too_much(owner: Client, inside: Shop, settings: Any) -> None:
    settings.UPLOAD_LIMIT = 100_000
    batch = bring(owner, inside, packed(users=" " * 200_000))
    assert batch.job is not None and "far too much" in batch.job.message
