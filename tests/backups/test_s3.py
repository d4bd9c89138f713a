"""Backups in a store that speaks S3: whole or not at all, and a sentence for what is wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError

from backups import status, stores_s3, taking
from backups.stores import new_name, store_at
from tests.backups.buckets import BUCKET, Bucket, Wire, serving
from tests.backups.test_round_trip import without_runs

MB = 1024 * 1024


@pytest.fixture(scope="module")
def store_server() -> Iterator[Bucket]:
    with serving() as bucket:
        yield bucket


@pytest.fixture
def bucket(store_server, settings, monkeypatch) -> Iterator[Bucket]:
    settings.BACKUP_TO = f"s3://{BUCKET}/shop-one"
    settings.BACKUP_S3_ENDPOINT, settings.BACKUP_S3_REGION = store_server.url, "us-east-1"
    settings.BACKUP_S3_KEY, settings.BACKUP_S3_SECRET = store_server.key, store_server.secret
    monkeypatch.setattr(stores_s3, "RETRIES", 1)
    monkeypatch.setattr(stores_s3, "RETRY_FOR", timedelta(seconds=3))
    yield store_server
    store_server.empty()


def test_there_and_back(house, bucket):
    before = house.rows()
    house.run("backup")
    (name,) = store_at().names()
    assert bucket.files == [
        f"shop-one/{name}/{file}"
        for file in sorted(["manifest.json", "pictures.tar.age", database_file(bucket)])
    ]
    assert bucket.uploads == 0
    assert name in house.run("backup", "--list")
    house.drop()
    house.run("restore")
    assert without_runs(house.rows()) == without_runs(before)


def database_file(bucket: Bucket) -> str:
    return next(file.rpartition("/")[2] for file in bucket.files if "/database." in file)


def test_many_pieces_are_one_part(bucket, monkeypatch):
    monkeypatch.setattr(stores_s3, "PIECE", 5 * MB)
    content = os.urandom(13 * MB)
    store, name = store_at(), new_name(datetime.now(UTC))
    with store.writing(name, "part") as out:
        for start in range(0, len(content), 100_000):
            out.write(content[start : start + 100_000])
        # Nothing is to be seen of it before its end.
        assert bucket.files == []
    assert bucket.content(f"shop-one/{name}/part") == content
    read = bytearray()
    with store.reading(name, "part") as source:
        while data := source.read(777_777):
            read += data
    assert read == content


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"BACKUP_S3_KEY": "AKIAZZZZZZZZZZZZZZZZ"}, "it does not know BACKUP_S3_KEY"),
        ({"BACKUP_S3_SECRET": "wrong"}, "BACKUP_S3_SECRET does not belong to BACKUP_S3_KEY"),
        ({"BACKUP_TO": "s3://elsewhere/x"}, "there is no bucket elsewhere: make it"),
        ({"BACKUP_S3_ENDPOINT": "http://127.0.0.1:9"}, "it cannot be reached"),
        ({"BACKUP_S3_KEY": ""}, "set BACKUP_S3_KEY and BACKUP_S3_SECRET"),
        ({"BACKUP_TO": "s3:///x"}, "names no bucket"),
        ({"BACKUP_TO": "ftp://host/x"}, "Backups cannot go to ftp://"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_is_wrong_is_one_sentence(house, bucket, settings, wrong, sentence):
    for name, value in wrong.items():
        setattr(settings, name, value)
    with pytest.raises(CommandError) as refused:
        house.run("backup")
    told = str(refused.value)
    assert sentence in told
    assert "\n" not in told and "<" not in told and bucket.secret not in told
    assert bucket.files == []


def test_a_connection_that_is_cut_in_the_middle_leaves_no_backup(
    house, bucket, settings, monkeypatch
):
    house.run("backup")
    earlier = store_at().names()
    (house.var / "media/products/poster.jpg").write_bytes(os.urandom(12 * MB))
    monkeypatch.setattr(stores_s3, "PIECE", 5 * MB)
    wire = Wire(urlsplit(bucket.url).port or 0, cut_after=7 * MB)
    try:
        settings.BACKUP_S3_ENDPOINT = wire.url
        with pytest.raises(CommandError, match="cannot be reached, or the connection was cut"):
            house.run("backup")
        assert wire.is_cut
    finally:
        wire.close()
    settings.BACKUP_S3_ENDPOINT = bucket.url
    store = store_at()
    assert store.names() == earlier
    assert not any(
        file.endswith("pictures.tar.age") for file in bucket.files if earlier[0] not in file
    )
    with house.as_owner():
        last, good = status.last_backup(), status.last_backup(good=True)
        assert last is not None and not last.is_good and "was cut" in last.message
        assert good is not None and good.name == earlier[0]
        # What it left behind goes with the first good backup after a day.
        (left,) = store.unfinished()
        assert left == last.name
        taking.prune(store, datetime.now(UTC) + timedelta(hours=1))
        assert store.unfinished() == [left]
        taking.prune(store, datetime.now(UTC) + timedelta(days=2))
        assert store.unfinished() == [] and store.names() == earlier


def test_deleting_takes_every_part(house, bucket):
    house.run("backup")
    store = store_at()
    (name,) = store.names()
    store.delete(name)
    assert bucket.files == []
