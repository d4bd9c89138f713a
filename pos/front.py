"""The WSGI application, in front of the middlewares: what a terminal asks for most passes them by.

To a request that is answered at once (`metering/at_once.py`) the middlewares do two things: they look
at its headers (the host, TLS, the origin, the language), and add headers to the answer. A terminal
sends the same headers again and again, but for its tokens. So the first requests of a kind, that is
with the same headers, go through all middlewares; what these added to two answers alike is added to
the next. Whatever is refused, redirected or not answered at once is never of a known kind, a cookie
makes none, and nothing here repeats what a middleware knows. What differs with each request is done
by the same functions for all: its id, measuring and the log (`monitoring/requests.py`), the count of
its key, and Django's signals.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import responses
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.core import signals
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponseBase
from django.utils import translation
from django.utils.log import log_response

from monitoring.requests import measured

if TYPE_CHECKING:
    from metering.at_once import Answer

logger = logging.getLogger(__name__)

#: Kinds of requests; each is some headers and as many of the answer.
MOST: Final = 1_000
# What no middleware looks at, and tells apart who asks or the request itself.
_ITS_OWN: Final = frozenset(
    {
        "HTTP_AUTHORIZATION",
        "HTTP_X_OPERATOR",
        "HTTP_X_REQUEST_ID",
        "HTTP_X_VERCEL_ID",
        "HTTP_X_FORWARDED_FOR",
        "HTTP_TRACEPARENT",
    }
)
# Headers of one answer, set when it is sent.
_OF_ONE: Final = frozenset({"Content-Length", "X-Request-ID"})

DEVICES: Final = "/api/v1/"

#: What of a request the middlewares can know.
Kind = tuple[Any, ...]


class Ready:
    """As much of a response as WSGIHandler sends and `measured` asks for."""

    cookies: ClassVar[dict[str, Any]] = {}
    file_to_stream = None
    _handler_class: Any = None

    def __init__(self, said: Answer, promised: Mapping[str, str]) -> None:
        self.status_code = said.status
        self.reason_phrase = responses.get(said.status, "")
        self.content = said.content
        self.headers = {**promised, **said.headers, "Content-Length": str(len(said.content))}

    def items(self) -> Any:
        return self.headers.items()

    def __iter__(self) -> Iterator[bytes]:
        yield self.content

    def close(self) -> None:
        signals.request_finished.send(sender=self._handler_class)


@dataclass(slots=True)
class Promised:
    """What the middlewares added to the last answer to a kind of request."""

    headers: Mapping[str, str]
    language: str
    #: Whether it was the same before.
    is_sure: bool = False


class Handler(WSGIHandler):
    def __init__(self) -> None:
        super().__init__()
        self.promised: dict[Kind, Promised] = {}

    def get_response(self, request: Any) -> Any:
        kind = kind_of(request.META)
        if kind is None:
            return super().get_response(request)
        promised = self.promised.get(kind)
        if promised is not None and promised.is_sure:
            ready = self._ready(request, promised)
            if ready is not None:
                return ready
        response = super().get_response(request)
        self._learn(kind, response)
        return response

    def _ready(self, request: Any, promised: Promised) -> Ready | None:
        from metering.at_once import found

        def answer(request: Any) -> Ready | None:
            said = found(request)
            return None if said is None else Ready(said, promised.headers)

        translation.activate(promised.language)
        try:
            ready = measured(request, answer)
        except Exception:
            # It is the usual way's to answer, and somebody's to mend.
            logger.exception("What is answered at once broke.")
            ready = None
        request.was_tried_at_once = True
        if ready is not None and ready.status_code >= 400:
            text: Any = "%s: %s"
            shown: Any = ready
            log_response(text, ready.reason_phrase, request.path, response=shown, request=request)
        return ready

    def _learn(self, kind: Kind, response: HttpResponseBase) -> None:
        from metering.at_once import AtOnce

        if not isinstance(response, AtOnce) or response.cookies:
            return
        ours = _OF_ONE | set(response.own)
        headers = {name: value for name, value in response.items() if name not in ours}
        known = self.promised.get(kind)
        if known is None and len(self.promised) >= MOST:
            self.promised.clear()
        is_sure = known is not None and known.headers == headers
        self.promised[kind] = Promised(headers, translation.get_language() or "", is_sure)


def kind_of(environ: Mapping[str, Any]) -> Kind | None:
    """What the middlewares can know of a request that may be answered at once; None for others."""
    method, path = environ["REQUEST_METHOD"], environ.get("PATH_INFO", "")
    if not path.startswith(DEVICES) or environ.get("HTTP_COOKIE"):
        return None
    # Not before a device comes: nobody else needs what it imports.
    from metering.at_once import is_listed

    if not is_listed(method, path):
        return None
    headers = [
        (name, value)
        for name, value in environ.items()
        if name[:5] == "HTTP_" and name not in _ITS_OWN
    ]
    place = (environ.get("SCRIPT_NAME"), environ["wsgi.url_scheme"], environ.get("CONTENT_TYPE"))
    return (method, path, *place, *headers)
