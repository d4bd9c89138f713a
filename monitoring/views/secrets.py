"""Doors for machines: a bearer token from the settings, and 404 for everybody without it."""

from __future__ import annotations

from django.http import Http404, HttpRequest
from django.utils.crypto import constant_time_compare


def demand_token(request: HttpRequest, token: str) -> None:
    """Raises Http404 unless the request carries this token; nobody does when it is empty."""
    asked = request.headers.get("Authorization", "")
    if not token or not constant_time_compare(asked, f"Bearer {token}"):
        raise Http404
