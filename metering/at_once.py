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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from importlib import import_module
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.http import Http404, HttpResponse
from django.urls import ResolverMatch, resolve
from django.utils.module_loading import import_string
from rest_framework.renderers import JSONRenderer
from rest_framework.settings import api_settings

from accounts import approvals, hints
from accounts.access import enter, token_hash
from accounts.bodies import Body
from accounts.device_door import OPERATOR_HEADER
from accounts.models import Device, Membership, OperatorSession, User
from accounts.permissions import named_in
from accounts.rest import MAX_BODY
from metering import admitting
from tenants import context
from tenants.errors import Refused
from tenants.functions import call
from tenants.models import Business

JSON_TYPES: Final = ("application/json", "application/json; charset=utf-8")
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

render = JSONRenderer().render


def answer(request: Any) -> HttpResponse | None:
    """The whole answer; None for whatever goes the usual way."""
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
        said = Answer(render(failed.data), failed.status_code, failed.headers)
        return _response(request, said, {})
    except (OutOfTheOrdinary, Refused, Http404, PermissionDenied, DatabaseError):
        return None
    return _response(request, said, verdict.headers)


def _response(request: Any, said: Answer, more: Mapping[str, str]) -> HttpResponse:
    response = HttpResponse(said.content, status=said.status, content_type="application/json")
    _match, verbs = _route(settings.DEVICE_URLCONF, request.path_info)
    for name, value in {**said.headers, **more, **HEADERS, "Allow": verbs}.items():
        response.headers[name] = value
    return response


# -- what a request says of itself ------------------------------------------------------------------


def _asked(request: Any) -> Asked | None:
    """Who asks, where the request may be ordinary; looks at the request alone."""
    given = request.headers
    scheme, _space, token = given.get("Authorization", "").partition(" ")
    if (
        connection.vendor != "postgresql"
        or scheme.lower() != "bearer"
        or approvals.HEADER in given
        or given.get("Accept", "*/*") not in ("*/*", "application/json")
    ):
        return None
    hashed = token_hash(token)
    business_id = hints.business_of(hashed)
    if business_id is None:
        return None
    operator = given.get(OPERATOR_HEADER)
    return Asked(business_id, hashed, token_hash(operator) if operator else None)


def body_of(request: Any) -> Body:
    """The JSON object that was sent. Raises OutOfTheOrdinary where it is none, or a large one."""
    given = request.headers
    try:
        if (
            given.get("Content-Type", "").lower() not in JSON_TYPES
            or int(given.get("Content-Length", "0")) > MAX_BODY
        ):
            raise OutOfTheOrdinary
        return Body(json.loads(str(request.body, "utf-8")))
    except (ValueError, RecursionError) as error:
        raise OutOfTheOrdinary from error


# -- the database ---------------------------------------------------------------------------------


def read(asked: Asked, function: str, question: Mapping[str, Any]) -> Any:
    """What a function that reads alone answers, as Python has its JSON, in a transaction of its own.

    It is told the hashes too: "token" and "operator". Raises OutOfTheOrdinary where it says NULL.
    """
    with transaction.atomic():
        return ask(asked, function, question)


def ask(asked: Asked, function: str, question: Mapping[str, Any]) -> Any:
    """The same in the transaction at hand."""
    said = call(
        function, json.dumps({"token": asked.token, "operator": asked.operator, **question})
    )
    if said is None:
        raise OutOfTheOrdinary
    return json.loads(said)


# -- who came in ----------------------------------------------------------------------------------


def row(model: Any, **values: Any) -> Any:
    """A row as it was read; what is not among the values would be read when it is asked for."""
    names = [field.attname for field in model._meta.concrete_fields if field.attname in values]
    return model.from_db(connection.alias, names, [values[name] for name in names])


def come_in(request: Any, asked: Asked, who: Mapping[str, Any]) -> None:
    """Put on the request who came in, as both doors do, from the row that the function found.

    `who` is what `sales_open_v1` calls so; the function has looked at all that lets in.
    """
    business = row(
        Business,
        id=asked.business_id,
        slug=who["slug"],
        currency=who["currency"],
        time_zone=who["time_zone"],
        locale=who["locale"],
        cash_step=Decimal(who["cash_step"]),
        sends_webhooks=who["sends_webhooks"],
    )
    context.recognise(business)
    name = User._meta.get_field("name").from_db_value(who["name"], None, connection)
    user = row(User, id=who["person_id"], name=name)
    member = row(Membership, id=UUID(who["member_id"]), business_id=business.pk, user_id=user.pk)
    device = row(
        Device,
        id=UUID(who["device_id"]),
        business_id=business.pk,
        kind=Device.Kind.TERMINAL,
        location_id=UUID(who["location_id"]),
    )
    session = who["session_id"]
    member.business = business
    member.granted = named_in(who["role_permissions"])
    if who["device_permissions"] is not None:
        member.granted &= named_in(who["device_permissions"])
    enter(
        request,
        member,
        device=device,
        session=None if session is None else row(OperatorSession, id=UUID(session)),
    )
    request.user = user
    request.urlconf = settings.DEVICE_URLCONF
    request.resolver_match, _verbs = _route(settings.DEVICE_URLCONF, request.path_info)


# -- addresses ------------------------------------------------------------------------------------


@cache
def _known(urlconf: str) -> Mapping[tuple[str, str], str]:
    found: Mapping[tuple[str, str], str] = import_module(urlconf).at_once
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
