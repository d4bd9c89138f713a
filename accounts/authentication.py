"""How REST framework learns what the middleware found out: who is bound, and what a view needs."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.access import can, demand


class BoundAuthentication(BaseAuthentication):
    """The person or device that the middleware let in. People in a browser also pass CSRF."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        inner: Any = request._request
        if getattr(inner, "membership", None) is None:
            return None
        if inner.device is None:
            SessionAuthentication().enforce_csrf(request)
        return inner.membership.user, inner.device

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class Needs(BasePermission):
    """Each API view says in `needs` what each verb needs: {"GET": Permission.X, "POST": (A, B)}.

    Of several, any one is enough; an empty tuple says that being inside the business is.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        inner: Any = request._request
        if getattr(inner, "membership", None) is None:
            return False
        verb = "GET" if request.method == "HEAD" else request.method or ""
        # A verb that the view does not have ends in 405; one that it forgot to declare, here.
        needed = view.needs.get(verb)
        if needed is None:
            if hasattr(view, verb.lower()) and verb != "OPTIONS":
                raise PermissionDenied
            return True
        permissions = needed if isinstance(needed, tuple) else (needed,)
        if permissions and not any(can(inner, one) for one in permissions):
            demand(inner, permissions[0])
        return True
