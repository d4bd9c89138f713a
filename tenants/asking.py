"""What a request searches for."""

from __future__ import annotations

from django.http import HttpRequest

LONGEST = 100


def asked(request: HttpRequest) -> str:
    """What `?q=` asks for; PostgreSQL takes no NUL, and nobody types a hundred characters."""
    return cleaned(request.GET.get("q", ""))


def cleaned(text: str) -> str:
    return text.replace("\0", "").strip()[:LONGEST]
