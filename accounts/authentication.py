"""How REST framework learns what the middleware found out: who is bound, and what a view needs."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.access import demand


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
    """Each API view says in `needs` what each verb needs: {"GET": Permission.X, "POST": …}."""

    def has_permission(self, request: Request, view: Any) -> bool:
        inner: Any = request._request
        if getattr(inner, "membership", None) is None:
            return False
        needs: dict[str, Any] = view.needs
        verb = "GET" if request.method in {"HEAD", "OPTIONS"} else request.method
        # A verb that the view does not have ends in 405; one that it forgot to declare, here.
        permission = needs.get(verb or "")
        if permission is None:
            if hasattr(view, (verb or "").lower()):
                raise PermissionDenied
            return True
        demand(inner, permission)
        return True
