"""Files that are no business, or a broken one, end with one sentence or with all their faults."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from archive.exportfile import Bounds
from archive.work import whole
from inventory.models import (
    Product,
)
from sales.models import Register
from tenants.models import Location
from tests.archive.exports import row, stalls
from tests.archive.moving import put
from tests.archive.web.files import upload
from tests.archive.web.moving_in import Room, changing, own

WHOLE = json.dumps(stalls()).encode()
LONG = b'"%s",' % (b"A" * 1024**2)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "empty"),
        (b"[1, 2]", "JSON list"),
        (b"Name,Price\nTeapot,4.99\n", "does not begin like JSON"),
        (json.dumps(stalls()).encode("utf-16"), "does not begin like JSON"),
        (WHOLE.replace(b"Ada", b"\xc9da"), "is not valid JSON"),
        (WHOLE[:-9], "breaks off"),
        (gzip.compress(WHOLE)[:-400], "damaged or cut off"),
        (gzip.compress(bytes(80 * 1024**2)), "does not begin like JSON"),
        (gzip.compress(b'{"x": [' + LONG * 80 + b"1]}"), "far more than a shop's data"),
        (b'{"businesses": [{"name": "' + b"A" * 17 * 1024**2, "more than 16 MB"),
        (WHOLE.replace(b'"12.0000"', b"1" * 5000), "number without measure"),
        (WHOLE.replace(b'"12.0000"', b"1e" + b"9" * 30), "number without measure"),
        (b'{"format": "tillbook", "version": 99, "businesses": []}', "newer Tillbook"),
    ],
)
def test_one_clear_sentence(room: Room, data: bytes, says: str) -> None:
    if not data:
        answer = upload(room.client, room, data, "shop.json", "data")  # type: ignore[arg-type]
        assert "The submitted file is empty" in answer.content.decode()
        return
    said = room.refused(data)
    assert says in said and "/" not in said.replace("shop.json", "")
    assert "Choose another file" in room.page()


def test_faults_are_listed_and_taken_away(room: Room) -> None:
    bad = changing(put("products", 1, sellingPrice="twelve"), put("stock", 1, qtyAvailable="NaN"))
    batch = room.upload(bad)
    assert batch.state == "checked"
    page = room.page()
    assert "products 1" in page and "is not a number" in page and "Import now" not in page
    assert "is not a finite number" in page and "Have these mended" in page
    answer = room.client.get(room.url(f"data/imports/{batch.pk}/problems/"))
    assert "products 1,sellingPrice,twelve,is not a number,error" in answer.content.decode()
    batch = room.post("apply", only="good")
    assert batch.state == "checked" and batch.job is not None and batch.job.state == "failed"
    with room.inside():
        assert not Product.objects.exists()


def test_more_faults_than_a_page_holds(room: Room, monkeypatch: Any) -> None:
    export = stalls()
    suppliers = [{"id": n, "businessId": 1, "name": n} for n in range(10, 1300)]
    batch = room.upload({**export, "suppliers": suppliers})
    assert batch.report["fault_count"] == 1001 and len(batch.report["wrong"]) == 500
    assert "The first 50 of 1001" in room.page()
    answer = room.client.get(room.url(f"data/imports/{batch.pk}/problems/"))
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert "has 290 more faults" in text and text.count("is not text") == 1000


def test_more_than_may_stay_in_memory(room: Room, monkeypatch: Any) -> None:
    small = Bounds(all=10**9, kept=10_000, streamed=whole.BOUNDS.streamed)
    monkeypatch.setattr(whole, "BOUNDS", small)
    assert "more than can be taken here" in room.refused(stalls())


def test_too_many_people(room: Room) -> None:
    export = stalls()
    ben = row(export, "users", 2)
    many = [{**ben, "id": n, "username": f"ben{n}", "email": ""} for n in range(10, 600)]
    assert "at most 500 come in" in room.refused({**export, "users": [*export["users"], *many]})


def test_a_till_with_the_same_prefix(room: Room, tmp_path: Path) -> None:
    data = own(tmp_path)
    with room.inside():
        Register.objects.create(name="Till A", location=Location.objects.get(), prefix="ACM1")
    said = room.refused(data)
    assert "ACM1" in said and "Till A" in said
