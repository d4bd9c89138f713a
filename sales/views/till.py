"""The till in the browser: one page of modules, and the service worker that keeps its shell."""

from __future__ import annotations

import hashlib
import uuid
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.access import can, needs
from accounts.permissions import Permission
from sales.pricing import MESSAGES
from sales.till_texts import TEXTS

FOLDER = Path(__file__).resolve().parent.parent / "static/sales/till"
LIBRARIES = {
    "preact": "vendor/preact/preact.js",
    "preact/hooks": "vendor/preact/hooks.js",
    "@preact/signals-core": "vendor/signals-core/signals-core.js",
    "@preact/signals": "vendor/signals/signals.js",
    "htm": "vendor/htm/htm.js",
}
SHELL = (
    "sales/till/till.css",
    "pos/tokens.css",
    "pos/app.css",
    "vendor/pico/pico.min.css",
    "pos/app.js",
    "pos/theme.js",
    "pos/icons.svg",
    "pos/favicon.svg",
)
# Where the way out of the till leads: the first of these that the person may open.
OFFICE = (
    ("dashboard", (Permission.DASHBOARD_VIEW,)),
    ("sale_list", (Permission.SELL_VIEW, Permission.SELL_VIEW_OWN)),
    ("product_list", (Permission.PRODUCT_VIEW,)),
)


@needs(Permission.SELL_CREATE)
@require_safe
@never_cache
def till(request: HttpRequest) -> HttpResponse:
    """The page of the till. It holds nothing of the business's data: the API gives that."""
    context = {"modules": modules(), "config": config(request)}
    return render(request, "sales/till/till.html", context)


@needs(Permission.SELL_CREATE)
@require_safe
@never_cache
def till_worker(request: HttpRequest) -> HttpResponse:
    """The service worker. It stands beside the page, because its place is its scope."""
    slug = request.business.slug  # type: ignore[attr-defined]
    assets = sorted({*modules().values(), *map(static, SHELL)})
    version = hashlib.sha256("\n".join([*assets, str(_changed())]).encode()).hexdigest()[:12]
    worker = {
        "name": f"till-{slug}-",
        "version": version,
        "page": reverse("till"),
        "assets": assets,
    }
    return render(
        request,
        "sales/till/worker.js",
        {"worker": worker},
        content_type="text/javascript; charset=utf-8",
    )


def modules() -> dict[str, str]:
    """The import map: every module by its bare name, so that each address carries a hash."""
    own = {f"till/{name}": static(f"sales/till/{name}.js") for name in _names()}
    return {**{name: static(path) for name, path in LIBRARIES.items()}, **own}


@cache
def _names() -> tuple[str, ...]:
    files = FOLDER.rglob("*.js")
    return tuple(sorted(file.relative_to(FOLDER).with_suffix("").as_posix() for file in files))


def _changed() -> int:
    """When a file of the till was last changed: while developing, addresses carry no hash."""
    return max(file.stat().st_mtime_ns for file in FOLDER.rglob("*.*"))


def config(request: HttpRequest) -> dict[str, Any]:
    """What the modules know from the page: addresses and texts."""
    return {
        "slug": request.business.slug,  # type: ignore[attr-defined]
        "api": f"{get_script_prefix()}api/v1/",
        "worker": reverse("till_worker"),
        "product_image": _product_image(),
        "office": _office(request),
        "sign_in": settings.LOGIN_URL,
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "icons": static("pos/icons.svg"),
        "logo": static("pos/favicon.svg"),
        "texts": TEXTS,
        "problems": {code.value: _(text) for code, text in MESSAGES.items()},
    }


def _product_image() -> str:
    """The address of a product's picture, with `%(id)s` for the product."""
    nobody = uuid.UUID(int=0)
    return reverse("product_image", args=[nobody]).replace(str(nobody), "%(id)s")


def _office(request: HttpRequest) -> str:
    for name, permissions in OFFICE:
        if any(can(request, permission) for permission in permissions):
            return reverse(name)
    return get_script_prefix()
