"""Holes in a copy, however they came: checksums find them, buckets mend them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from inventory.models import Variation
from tests.factories import Shop, make_device, with_token
from tests.sync.conftest import at_work
from tests.sync.copying import Copy, bucket_sums, through

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/sync.json").read_text("utf-8"))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda one: one["name"])
def test_the_algorithm(vector: dict[str, Any]) -> None:
    sums = bucket_sums({row["id"]: row["version"] for row in vector["rows"]})
    wanted = ["0"] * 256
    for bucket, total in vector["sums"].items():
        wanted[int(bucket, 16)] = total
    assert sums == wanted


def test_holes_are_found_and_mended(till: Copy, shop: Shop) -> None:
    till.sync()
    complete = json.loads(json.dumps(till.rows))
    mug, tea = str(shop.mug.pk), str(shop.tea.pk)
    del till.rows["variations"][mug]
    del till.rows["stock"][tea]
    till.rows["products"]["0199a3c4-7b1e-7d61-9a6e-0d4a35bb2f10"] = {
        "id": "0199a3c4-7b1e-7d61-9a6e-0d4a35bb2f10",
        "version": "1",
    }
    (customer,) = till.rows["customers"].values()
    customer["version"], customer["name"] = "1", "Somebody else"
    assert {kind for kind, _bucket in till.holes()} == {
        "variations", "stock", "products", "customers",
    }  # fmt: skip
    assert till.heal() == 4
    assert till.rows == complete
    assert till.heal() == 0


def test_checksums_are_of_what_the_place_has(shop: Shop) -> None:
    told = []
    for place in (shop.high_street, shop.market):
        get = through(with_token(make_device(shop, location=place)[1]))
        told.append(json.loads(get("sync/checksums", "")[2]))
    assert told[0]["variations"] == told[1]["variations"]
    assert told[0]["stock"]["count"] == 2 and told[1]["stock"] == {"count": 0, "sums": ["0"] * 256}


def test_a_version_is_another_one_when_the_row_reads_otherwise_and_only_then(
    till: Copy, shop: Shop
) -> None:
    before = till.sync().rows["variations"][str(shop.mug.pk)]
    with at_work(shop):
        Variation.objects.filter(pk=shop.mug.pk).update(cost=9, search_text="other words")
    assert till.sync().rows["variations"][str(shop.mug.pk)] == before
    with at_work(shop):
        Variation.objects.filter(pk=shop.mug.pk).update(position=1)
    assert till.sync().rows["variations"][str(shop.mug.pk)]["version"] != before["version"]


def test_checksums_that_did_not_change_are_304(terminal: Client) -> None:
    first = terminal.get("/api/v1/sync/checksums")
    tag = first.headers["ETag"]
    again = terminal.get("/api/v1/sync/checksums", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    other = terminal.get("/api/v1/sync/checksums", headers={"If-None-Match": 'W/"other"'})
    assert other.status_code == 200


@pytest.mark.parametrize("path", ["nothing/00", "products/0", "products/zz", "products/0g0"])
def test_a_bucket_that_there_is_not(terminal: Client, path: str) -> None:
    assert terminal.get(f"/api/v1/sync/buckets/{path}").status_code == 404


def test_a_kind_that_one_may_not_see_is_not_there(shop: Shop) -> None:
    keeper = shop.people["Stock keeper"]
    client = with_token(make_device(shop, user=keeper)[1])
    assert "customers" not in client.get("/api/v1/sync/checksums").json()
    assert client.get("/api/v1/sync/buckets/customers/00").status_code == 404


def test_answers_are_compressed_for_who_takes_it_and_their_length_is_blurred(
    terminal: Client,
) -> None:
    plain = terminal.get("/api/v1/sync")
    assert "Content-Encoding" not in plain.headers
    lengths = set()
    for _ in range(12):
        packed = terminal.get("/api/v1/sync", headers={"Accept-Encoding": "br, gzip;q=0.5"})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert packed.headers["Cache-Control"] == "private, no-store"
        assert "Accept-Encoding" in packed.headers["Vary"]
        assert json.loads(gzip.decompress(packed.content))["rows"] == plain.json()["rows"]
        lengths.add(len(packed.content))
    assert len(lengths) > 3
    refused = terminal.get("/api/v1/sync", headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in refused.headers
