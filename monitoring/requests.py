"""Each request gets an id, is measured once, and is one line in the log."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.db import connections
from django.http import HttpRequest, HttpResponseBase
from django.urls import Resolver404, resolve

from monitoring import facts
from monitoring.facts import Facts
from monitoring.metrics import observe
from monitoring.scrubbing import scrub

logger = logging.getLogger(__name__)

Answer = Callable[[HttpRequest], HttpResponseBase]
#: Whatever has a status and headers; None where there is no answer yet.
Response = TypeVar("Response")

WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9:._-]{7,99}")
# Without vowels, so no words; without 0, 1 and l, so that it can be read out on the phone.
ALPHABET = "23456789bcdfghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
PROBES = ("/healthz", "/readyz")


def new_id() -> str:
    """Twelve letters and digits in groups of four, 57 random bits: easy to read out."""
    number, letters = secrets.randbelow(len(_PAIRS) ** 6), ""
    for _pair in range(6):
        number, which = divmod(number, len(_PAIRS))
        letters += _PAIRS[which]
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def id_of(request: HttpRequest) -> str:
    """The id that a proxy of our own gave, otherwise a new one.

    What is not well-formed is not taken, nor what looks like a card number, a phone or a secret:
    the id goes into the log and back to the sender.
    """
    if settings.TRUSTED_PROXIES > 0:
        name = "X-Vercel-Id" if settings.ON_VERCEL else "X-Request-ID"
        given = request.headers.get(name, "")
        if WELL_FORMED.fullmatch(given) and scrub(given) == given:
            return given
    return new_id()


def measured(request: Any, answer: Callable[[Any], Response]) -> Response:
    """The answer, with the request's id; measured, and written into the log. Asks no database.

    Seconds end when the answer begins: what is streamed afterwards is not counted. Where there is
    none yet nothing is written, and the next one who tries goes on with the same facts.
    """
    here: Facts | None = getattr(request, "facts", None)
    if here is None:
        here = request.facts = Facts(id_of(request), request)
    # Of each database; what `execute_wrapper` does, for a fraction of its cost.
    wrappers = [connections[alias].execute_wrappers for alias in connections]
    token = facts.current.set(here)
    status: int | None = 500
    response: Any
    try:
        for counted in wrappers:
            counted.append(here.count)
        try:
            response = answer(request)
        finally:
            for counted in wrappers:
                counted.pop()
        status = None if response is None else response.status_code
        if response is not None:
            response.headers["X-Request-ID"] = here.id
        answered: Response = response
        return answered
    finally:
        if status is not None and not _is_static(request):
            _record(here, status)
        facts.current.reset(token)


def _record(here: Facts, status: int) -> None:
    request, seconds = here.request, here.seconds()
    route, method = facts.route_of(request), request.method or ""
    measured = {
        "status": status,
        "duration_ms": round(seconds * 1000, 1),
        "statements": here.statements,
    }
    logger.info("%s %s %s", method, route, status, extra=measured)
    observe(route, method, status, seconds, here.statements)


class RequestMiddleware:
    """The outermost."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return measured(request, self.get_response)


class ProbeMiddleware:
    """Answers /healthz and /readyz before host names, sessions and redirects matter.

    A balancer asks by an address of its own network, which ALLOWED_HOSTS does not name.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info not in PROBES:
            return self.get_response(request)
        try:
            match = resolve(request.path_info, settings.ROOT_URLCONF)
        except Resolver404:
            return self.get_response(request)
        request.resolver_match = match
        answer: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        return answer


def _is_static(request: HttpRequest) -> bool:
    return request.resolver_match is None and request.path_info.startswith(settings.STATIC_URL)
