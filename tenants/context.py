"""Which business this piece of work is for: wall 1's memory, read by walls 2 and 4.

Unbound means an error, never "no filter". A ContextVar follows async tasks and does not leak into
threads, which therefore start unbound and fail until they bind.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from django.db import connections

if TYPE_CHECKING:
    from tenants.models import Business


class NoBusiness(RuntimeError):
    """Tenant data was touched with no business bound."""

    def __init__(self) -> None:
        super().__init__("No business is bound. Wrap this work in `with business(…):`.")


class _Platform:
    """The one sentinel for work across businesses; see `platform()`."""


_PLATFORM = _Platform()
_bound: ContextVar[Business | int | _Platform | None] = ContextVar("business", default=None)


def bound_id() -> int | None:
    """The id of the bound business; None when unbound or in platform work."""
    bound = _bound.get()
    if bound is None or isinstance(bound, _Platform):
        return None
    return bound if isinstance(bound, int) else int(bound.pk)


def scope_id() -> int | None:
    """What the ORM filters by: an id, or None in platform work. Raises NoBusiness when unbound."""
    if _bound.get() is None:
        raise NoBusiness
    return bound_id()


def require_id() -> int:
    """The id of the bound business. Raises NoBusiness when unbound and in platform work."""
    bound = bound_id()
    if bound is None:
        raise NoBusiness
    return bound


def current() -> Business:
    """The bound business, read from the database when only its id was bound. Raises NoBusiness."""
    bound = _bound.get()
    if bound is None or isinstance(bound, _Platform):
        raise NoBusiness
    if isinstance(bound, int):
        from tenants.models import Business

        bound = Business.objects.get(pk=bound)
        _bound.set(bound)
    return bound


def recognise(bound: Business) -> None:
    """Let `current()` answer with this row, read under its id, which is bound. Raises NoBusiness
    where that is another."""
    if bound.pk != require_id():
        raise NoBusiness
    _bound.set(bound)


@contextmanager
def business(bound: Business | int) -> Iterator[None]:
    """Bind one business for the block, whatever was bound before; nests."""
    with _binding(bound):
        yield


@contextmanager
def platform(reason: str) -> Iterator[None]:
    """Lift the ORM filter for work that cannot know a business yet.

    On PostgreSQL only the few platform tables answer in this mode. Every use stands in the
    allow-list of tests/isolation/test_allow_lists.py; `reason` is for its reader.
    """
    assert reason
    with _binding(_PLATFORM):
        yield


@contextmanager
def unbound() -> Iterator[None]:
    """Bind nothing for the block: tenant data raises NoBusiness. For tests and for hand-over."""
    with _binding(None):
        yield


@contextmanager
def _binding(bound: Business | int | _Platform | None) -> Iterator[None]:
    token = _bound.set(bound)
    try:
        _tell_open_transactions()
        yield
    finally:
        _bound.reset(token)
        _tell_open_transactions()


def _tell_open_transactions() -> None:
    """Re-issue the setting where a transaction is already open; a new one carries it by itself."""
    for connection in connections.all(initialized_only=True):
        rebind = getattr(connection, "rebind_business", None)
        if rebind is not None:
            rebind(bound_id())
