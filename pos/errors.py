"""One shape for every error of the API: {"code", "message", "fields"}."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as ModelInvalid
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from tenants.errors import Refused, is_unique_violation

logger = logging.getLogger(__name__)


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """The response for an error raised in an API view; None lets it become a 500.

    Rolls back the request's transaction. What the database refuses is neutral text: it never tells
    whether the other row is one that the caller may see.
    """
    translated = _translate(error)
    if translated is None:
        return None
    status, content, headers = translated
    set_rollback()
    return Response(content, status=status, headers=headers)


def _translate(error: Exception) -> tuple[int, dict[str, Any], dict[str, str]] | None:
    if isinstance(error, Refused):
        return error.status, body(error.code, error.message, error.fields), {}
    if isinstance(error, Http404 | exceptions.NotFound):
        return 404, body("not_found", _("There is no such thing here.")), {}
    if isinstance(error, PermissionDenied):
        return 403, body("permission_denied", error or _("You may not do this.")), {}
    if isinstance(error, ModelInvalid):
        fields = getattr(error, "message_dict", {"__all__": error.messages})
        return 400, body("invalid", _("Some fields are not right."), fields), {}
    if isinstance(error, exceptions.ValidationError):
        fields = error.detail if isinstance(error.detail, dict) else {"__all__": error.detail}
        return 400, body("invalid", _("Some fields are not right."), fields), {}
    if isinstance(error, exceptions.APIException):
        headers: dict[str, str] = {}
        wait = getattr(error, "wait", None)
        if wait is not None:
            headers["Retry-After"] = str(int(wait))
        scheme = getattr(error, "auth_header", None)
        if scheme:
            headers["WWW-Authenticate"] = scheme
        code = getattr(error, "default_code", "error")
        return error.status_code, body(code, error.detail), headers
    if isinstance(error, IntegrityError):
        return _integrity(error)
    if isinstance(error, DataError):
        return 400, body("invalid", _("A value does not fit.")), {}
    if isinstance(error, OperationalError | InterfaceError):
        # A lock that took too long, a lost connection. All of the request is rolled back, and a
        # sale that was sent before is found again by its id: to repeat it is always right.
        logger.warning("The database did not answer in time: %s", error)
        return 503, body("busy", _("This takes too long. Try again.")), {"Retry-After": "1"}
    return None


def _integrity(error: IntegrityError) -> tuple[int, dict[str, Any], dict[str, str]]:
    if is_unique_violation(error):
        return 409, body("conflict", _("Something with the same name or code exists already.")), {}
    state = getattr(error.__cause__, "sqlstate", None)
    if state == "23503" or str(error).startswith("FOREIGN KEY"):
        return 400, body("unknown_reference", _("A reference leads to nothing.")), {}
    return 400, body("invalid", _("The values do not fit together.")), {}


def body(code: str, message: object, fields: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"code": code, "message": str(message), "fields": fields or {}}
