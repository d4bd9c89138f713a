"""A client that keeps a copy, as anybody might write one: over HTTP, by docs/api.md alone."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from typing import Any

Rows = dict[str, dict[str, dict[str, Any]]]
# (path, If-None-Match) → (status, headers, body)
Get = Callable[[str, str], tuple[int, dict[str, str], bytes]]


def bucket_sums(versions: dict[str, str]) -> list[str]:
    """The checksums of a list, from {id: version}; tests/vectors/sync.json is the example."""
    sums = [0] * 256
    for row_id, version in versions.items():
        bucket = int(row_id[-2:], 16)
        sums[bucket] = (sums[bucket] + int(version, 16)) % 2**48
    return [f"{one:x}" for one in sums]


class Copy:
    """What a device holds. `rows[kind][id]`; a new copy is made beside it and then takes its place."""

    def __init__(self, get: Get, *, limit: int | None = None) -> None:
        self.get, self.limit = get, limit
        self.rows: Rows = {}
        self.settings: dict[str, Any] = {}
        self.cursor = ""
        self.resets: list[str] = []
        self.pages = self.unchanged = self.received = 0
        self._new: Rows | None = None
        self._next = ""
        self._tag = ""

    def page(self) -> bool:
        """Ask for one page and take it in; whether there are more."""
        path = f"sync?since={self._next or self.cursor}"
        path += f"&limit={self.limit}" if self.limit else ""
        status, headers, body = self.get(path, self._tag)
        while status == 503:
            time.sleep(0.2)
            status, headers, body = self.get(path, self._tag)
        if status == 304:
            self.unchanged += 1
            return False
        assert status == 200, (status, body)
        self._tag = headers.get("ETag", "")
        return self.take(json.loads(body))

    def take(self, answer: dict[str, Any]) -> bool:
        self.pages += 1
        if answer["reset"]:
            self.resets.append(answer["reset"])
            self._new = {}
        here = self.rows if self._new is None else self._new
        for kind, ids in answer["removed"].items():
            for one in ids:
                here.setdefault(kind, {}).pop(one, None)
        for kind, rows in answer["rows"].items():
            self.received += len(rows)
            here.setdefault(kind, {}).update({row["id"]: row for row in rows})
        self.settings = answer["settings"] or self.settings
        self._next = answer["cursor"]
        if not answer["more"]:
            self.rows, self._new = here, None
            self.cursor, self._next = self._next, ""
        return bool(answer["more"])

    def sync(self) -> Copy:
        while self.page():
            pass
        return self

    def sums(self) -> dict[str, list[str]]:
        return {
            kind: bucket_sums({key: row["version"] for key, row in rows.items()})
            for kind, rows in self.rows.items()
        }

    def holes(self) -> list[tuple[str, str]]:
        """The buckets in which the server has something else."""
        told = json.loads(self.get("sync/checksums", "")[2])
        mine = self.sums()
        empty = ["0"] * 256
        return [
            (kind, f"{n:02x}")
            for kind, one in told.items()
            for n, total in enumerate(one["sums"])
            if mine.get(kind, empty)[n] != total
        ]

    def heal(self) -> int:
        """Fetch what differs; how many buckets that were."""
        holes = self.holes()
        for kind, bucket in holes:
            rows = json.loads(self.get(f"sync/buckets/{kind}/{bucket}", "")[2])["rows"]
            mine = self.rows.setdefault(kind, {})
            for key in [key for key in mine if key.endswith(bucket)]:
                del mine[key]
            mine.update({row["id"]: row for row in rows})
        return len(holes)


def through(client: Any, prefix: str = "/api/v1/") -> Get:
    """Django's own test client, which takes compressed answers."""

    def get(path: str, tag: str) -> tuple[int, dict[str, str], bytes]:
        headers = {"Accept-Encoding": "gzip"} | ({"If-None-Match": tag} if tag else {})
        answer = client.get(prefix + path, headers=headers)
        body = answer.content
        if answer.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        return answer.status_code, dict(answer.headers), body

    return get
