"""The API's description over HTTP: as OpenAPI, and as a page to read. Neither asks the database.

Both are public: they tell nothing of any business.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import Any

from django.db.transaction import non_atomic_requests
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from django.views.decorators.http import require_safe

YAML = "application/vnd.oai.openapi"
# A release changes it; the tag says so at once.
KEPT = "public, max-age=300"


@non_atomic_requests
@require_safe
def schema(request: HttpRequest) -> HttpResponse:
    """OpenAPI 3 as JSON; as YAML where `format=yaml` or the header Accept asks for it."""
    wants_yaml = request.GET.get("format") == "yaml" or YAML in request.headers.get("Accept", "")
    text, tag = _written(wants_yaml)
    answer = answered(request, text, tag, YAML if wants_yaml else "application/json")
    patch_vary_headers(answer, ["Accept"])
    return answer


@non_atomic_requests
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The same to read, search and print."""
    text, tag = _page()
    return answered(request, text, tag, "text/html; charset=utf-8")


def answered(request: HttpRequest, text: bytes, tag: str, kind: str) -> HttpResponse:
    """`text`, or 304 to who has it."""
    if tag in parse_etags(request.headers.get("If-None-Match", "")):
        answer = HttpResponse(status=304)
    else:
        answer = HttpResponse(text, content_type=kind)
    answer["ETag"] = tag
    answer["Cache-Control"] = KEPT
    return answer


@cache
def _written(as_yaml: bool) -> tuple[bytes, str]:
    # Read late: a cold start that serves a till does not need it.
    from pos.schema import document

    if as_yaml:
        from drf_spectacular.renderers import OpenApiYamlRenderer

        renderer: Any = OpenApiYamlRenderer()
        text = bytes(renderer.render(document(), renderer_context={}))
    else:
        text = json.dumps(document(), ensure_ascii=False, separators=(",", ":")).encode()
    return text, tag_of(text)


@cache
def _page() -> tuple[bytes, str]:
    from pos.reference_page import groups
    from pos.schema import document

    found = document()
    context = {"groups": groups(found), "about": found["info"]["description"]}
    text = render_to_string("reference.html", context).encode()
    return text, tag_of(text)


def tag_of(text: bytes) -> str:
    """Weak: what compresses on the way changes the bytes."""
    return f'W/"{hashlib.sha256(text).hexdigest()[:32]}"'
