"""Answers of a sync: JSON that is ready, compressed, and no answer at all where nothing is new."""

from __future__ import annotations

import gzip
import hashlib
import json
import secrets
import string
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags

# Below it compressing costs more than it saves.
LEAST = 500
# A page of thousands of rows is asked for once.
TAGGED = 200_000
# Ten times the pace of the usual level, for a tenth more bytes.
LEVEL = 1
# What an answer's length tells of its contents is blurred by up to so many letters.
NOISE = 100


def answer(request: HttpRequest, content: bytes) -> HttpResponse:
    """`content` as JSON; 304 without it where the client names it as the one that it has."""
    tag = f'W/"{hashlib.sha256(content).hexdigest()[:32]}"' if len(content) <= TAGGED else ""
    if tag and tag in parse_etags(request.headers.get("If-None-Match", "")):
        said: HttpResponse = HttpResponseNotModified()
    else:
        said = HttpResponse(content, content_type="application/json")
        if len(content) >= LEAST and _takes_gzip(request):
            said = HttpResponse(_compressed(content), content_type="application/json")
            said["Content-Encoding"] = "gzip"
    if tag:
        said["ETag"] = tag
    patch_vary_headers(said, ["Accept-Encoding"])
    return said


def _takes_gzip(request: HttpRequest) -> bool:
    for part in request.headers.get("Accept-Encoding", "").split(","):
        name, _semicolon, quality = part.partition(";")
        if name.strip().lower() == "gzip":
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _compressed(content: bytes) -> bytes:
    """Gzip, with a file name of random length.

    Nothing that is asked comes back in an answer, and it holds no secret of a session; but texts of
    others stand beside each other in it, so its exact length is nobody's business (BREACH).
    """
    name = "".join(secrets.choice(string.ascii_letters) for _ in range(secrets.randbelow(NOISE)))
    buffer = BytesIO()
    with gzip.GzipFile(name, "wb", compresslevel=LEVEL, fileobj=buffer, mtime=0) as file:
        file.write(content)
    return buffer.getvalue()


def plain(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def lists(rows: dict[str, list[bytes | memoryview]]) -> Iterator[bytes | memoryview]:
    """The pieces of an object of lists, of rows that are JSON already."""
    before = "{"
    for name, texts in rows.items():
        yield f'{before}"{name}":['.encode()
        yield texts[0]
        for text in texts[1:]:
            yield b","
            yield text
        before = "],"
    yield b"]}" if rows else b"{}"
