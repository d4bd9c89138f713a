"""What a terminal asks for most, answered before its door: by one look at who asks, where and what.

The usual way through a door, a view and its domain asks one thing after the other. Here a package
answers a request of its own by one function in the database, which looks at the device, whoever
stands at it, what they may do and the place, beside what is asked. `pos/device_urls.py` says which
requests (`at_once`); this module holds what they have in common. It stands in this package because
each answer says what is left to the key.

Nothing is refused here. Wherever anything is out of the ordinary nothing has happened, and the
request goes the usual way, which says what is wrong; it knows all rules and is alone in doing so. So
whatever this answers is what the usual way would have answered, in the same words.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import Http404, HttpResponse
from django.http.request import HttpHeaders
from django.urls import ResolverMatch, resolve
from django.utils.module_loading import import_string
from rest_framework.settings import api_settings
from rest_framework.utils import encoders

from accounts import approvals, hints
from accounts.access import enter, token_hash
from accounts.bodies import Body
from accounts.device_door import OPERATOR_HEADER
from accounts.rest import MAX_BODY
from metering import admitting
from metering.callers import caller
from tenants import context, functions
from tenants.errors import Refused

JSON_TYPE: Final = "application/json"
JSON_TYPES: Final = ("application/json", "application/json; charset=utf-8")
# As WSGI spells them.
_OPERATOR, _APPROVAL = map(HttpHeaders.to_wsgi_name, (OPERATOR_HEADER, approvals.HEADER))
HEADERS: Final = {
    "Cache-Control": "private, no-store",
    "Vary": "Authorization, Cookie, HX-Request",
}


class OutOfTheOrdinary(Exception):
    """The usual way will know what to do with it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, by hashes, and the business that the device's token is said to be of."""

    business_id: int
    token: str
    operator: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """`content` is JSON in UTF-8, as `render` makes it."""

    content: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


#: Answers one kind of request, with the business of its token bound, and puts who came in on it by
#: `come_in`; metering never refuses a till this route (`metering/needed.py`). Raises OutOfTheOrdinary,
#: Refused, Http404, PermissionDenied or DatabaseError wherever the usual way is to answer, and then
#: nothing has happened.
Answerer = Callable[[Any, Asked], Answer]

_others: Final = encoders.JSONEncoder()
_json: Final = json.JSONEncoder(
    ensure_ascii=False,
    separators=(",", ":"),
    allow_nan=False,
    check_circular=False,
    default=lambda value: str(value) if type(value) is UUID else _others.default(value),
)


def render(content: Any) -> bytes:
    """The bytes that REST framework's JSONRenderer makes of it."""
    text = _json.encode(content)
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").encode()


def answer(request: Any) -> HttpResponse | None:
    """The whole answer; None for whatever goes the usual way."""
    said = None if request.__dict__.get("was_tried_at_once") else found(request)
    if said is None:
        return None
    response = AtOnce(said.content, status=said.status, content_type=JSON_TYPE)
    response.own = said.headers
    for name, value in said.headers.items():
        response.headers[name] = value
    _match, verbs = _route(settings.DEVICE_URLCONF, request.path_info)
    for name, value in {**HEADERS, "Allow": verbs}.items():
        response.headers[name] = value
    return response


class AtOnce(HttpResponse):
    """`own` are the headers that only this answer has; the others are those of its address."""

    own: Mapping[str, str]


def is_listed(method: str, path: str) -> bool:
    """Whether such a request may be answered here."""
    return (method, path) in _known(settings.DEVICE_URLCONF)


def found(request: Any) -> Answer | None:
    """What to answer, with the headers of this answer alone; None for whatever goes the usual way."""
    answerer = _answerer(settings.DEVICE_URLCONF, request.method, request.path_info)
    asked = None if answerer is None else _asked(request)
    if answerer is None or asked is None:
        return None
    try:
        with context.business(asked.business_id):
            said = answerer(request, asked)
            verdict = admitting.judge(request.device, request.resolver_match.url_name)
    except (OperationalError, InterfaceError) as error:
        # Waiting as long once more would help nobody.
        handler: Any = api_settings.EXCEPTION_HANDLER
        failed = handler(error, {})
        return Answer(render(failed.data), failed.status_code, failed.headers)
    except (OutOfTheOrdinary, Refused, Http404, PermissionDenied, DatabaseError):
        return None
    return Answer(said.content, said.status, {**said.headers, **verdict.headers})


# -- what a request says of itself ------------------------------------------------------------------


def _asked(request: Any) -> Asked | None:
    """Who asks, where the request may be ordinary; looks at the request alone."""
    given = request.META
    scheme, _space, token = given.get("HTTP_AUTHORIZATION", "").partition(" ")
    if (
        connection.vendor != "postgresql"
        or scheme.lower() != "bearer"
        or _APPROVAL in given
        or given.get("HTTP_ACCEPT", "*/*") not in ("*/*", "application/json")
    ):
        return None
    hashed = token_hash(token)
    business_id = hints.business_of(hashed)
    if business_id is None:
        return None
    operator = given.get(_OPERATOR)
    return Asked(business_id, hashed, token_hash(operator) if operator else None)


def body_of(request: Any) -> Body:
    """The JSON object that was sent. Raises OutOfTheOrdinary where it is none, or a large one."""
    given = request.META
    try:
        if (
            given.get("CONTENT_TYPE", "").lower() not in JSON_TYPES
            or int(given.get("CONTENT_LENGTH") or 0) > MAX_BODY
        ):
            raise OutOfTheOrdinary
        return Body(json.loads(str(request.body, "utf-8")))
    except (ValueError, RecursionError) as error:
        raise OutOfTheOrdinary from error


# -- the database ---------------------------------------------------------------------------------


@contextmanager
def opened(asked: Asked, function: str, question: Mapping[str, Any]) -> Iterator[Any]:
    """A transaction that begins with a function, in one message; what it answers, out of its JSON.

    It is told the hashes too: "token" and "operator". Raises OutOfTheOrdinary where it says NULL.
    """
    with functions.opened_by(function, _told(asked, question)) as answer:
        yield _understood(answer)


def read(asked: Asked, function: str, question: Mapping[str, Any]) -> Any:
    """What a function answers that changes nothing: a whole transaction in one message."""
    with functions.opened_by(function, _told(asked, question), alone=True) as answer:
        return _understood(answer)


def _told(asked: Asked, question: Mapping[str, Any]) -> str:
    return json.dumps({"token": asked.token, "operator": asked.operator, **question})


def _understood(answer: str | None) -> Any:
    if answer is None:
        raise OutOfTheOrdinary
    return json.loads(answer)


# -- who came in ----------------------------------------------------------------------------------


def come_in(request: Any, asked: Asked, who: Mapping[str, Any]) -> None:
    """Put on the request who came in, as both doors do, from the row that the function found.

    `who` has the arguments of `callers.caller`; the function has looked at all that lets in.
    """
    found: Any = caller(asked.business_id, **who)
    context.recognise(found.member.business)
    enter(request, found.member, device=found.device, session=found.session)
    request.user = found.member.user
    request.urlconf = settings.DEVICE_URLCONF
    request.resolver_match, _verbs = _route(settings.DEVICE_URLCONF, request.path_info)


# -- addresses ------------------------------------------------------------------------------------


@cache
def _known(urlconf: str) -> Mapping[tuple[str, str], str]:
    found: Mapping[tuple[str, str], str] = getattr(import_module(urlconf), "at_once", {})
    return found


@cache
def _imported(name: str) -> Answerer:
    """Looked for when somebody asks: nobody else needs what it imports."""
    found: Answerer = import_string(name)
    return found


def _answerer(urlconf: str, method: str, path: str) -> Answerer | None:
    name = _known(urlconf).get((method, path))
    return None if name is None else _imported(name)


@cache
def _route(urlconf: str, path: str) -> tuple[ResolverMatch, str]:
    """The route of an address that is answered here, and its verbs. Logs and counts go by it."""
    match = resolve(path, urlconf)
    function: Any = match.func
    view = function.cls()
    view.setup(None)
    return match, ", ".join(view.allowed_methods)
