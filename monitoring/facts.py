"""What is known of the request at hand: its id, where it goes, for whom. Ids alone, no names."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest

from tenants import context

#: The route of what no address matches, and of what was refused before it was looked up.
NOWHERE = "none"


@dataclass
class Facts:
    """One request while it is answered; `statements` counts what was sent to all databases."""

    id: str
    request: HttpRequest
    started: float = field(default_factory=time.perf_counter)
    statements: int = 0

    def count(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        """A wrapper around each execution of SQL; BEGIN and COMMIT do not pass it."""
        self.statements += 1
        return execute(sql, params, many, context)

    def seconds(self) -> float:
        return time.perf_counter() - self.started


current: ContextVar[Facts | None] = ContextVar("request", default=None)


def request_id() -> str:
    """The id of the request at hand; empty outside of one."""
    facts = current.get()
    return facts.id if facts else ""


def route_of(request: HttpRequest) -> str:
    """The name of the route, or its pattern where it has no name: never a path with its keys."""
    match = request.resolver_match
    if match is None:
        return NOWHERE
    return str(match.view_name or match.route)


def known() -> dict[str, Any]:
    """What a log line says beside its message: ids of the request, business, device and member.

    Asks nothing of the database: what nobody has looked up yet is left out.
    """
    facts = current.get()
    bound = context.bound_id()
    if facts is None:
        return {} if bound is None else {"business": bound}
    request: Any = facts.request
    found = {
        "request_id": facts.id,
        "business": _key(request, "business") or bound,
        "device": _key(request, "device"),
        "member": _key(request, "membership"),
        "route": route_of(request),
        "method": request.method,
    }
    return {name: value for name, value in found.items() if value is not None}


def _key(request: HttpRequest, name: str) -> Any:
    return getattr(vars(request).get(name), "pk", None)
