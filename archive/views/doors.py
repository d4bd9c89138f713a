"""Who may open these pages, and how they are read while a job is writing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts.access import needs
from accounts.permissions import Permission

View = TypeVar("View", bound=Callable[..., Any])


def desk(*permissions: Permission) -> Callable[[View], View]:
    """Declare that a page needs one of these permissions, and sight of the whole business.

    What is imported, exported and verified knows no locations, so who is confined to some of them
    gets 403.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> Any:
            demand_everywhere(request)
            return view(request, *args, **kwargs)

        return needs(*permissions)(guarded)  # type: ignore[return-value]

    return decorate


def demand_everywhere(request: Any) -> None:
    """Raises PermissionDenied for who is confined to some locations."""
    if request.membership.location_ids is not None:
        raise PermissionDenied(
            _("This is about the whole business, and you work at some of its locations.")
        )


def reading() -> AbstractContextManager[Any]:
    """A transaction on PostgreSQL, which needs it to read at all; none on SQLite."""
    return nullcontext() if connection.vendor == "sqlite" else transaction.atomic()


def unhurried(view: View) -> View:
    """A page that answers while a job is at work.

    A transaction on SQLite waits for the one writer, which is the job; such a page reads without
    one. PostgreSQL needs it, and does not wait.
    """

    @transaction.non_atomic_requests
    @wraps(view)
    def run(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        with reading():
            return view(request, *args, **kwargs)

    return run  # type: ignore[return-value]
