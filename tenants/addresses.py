"""Addresses of the pages about one row each: found once, and not for each row of a list."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID

from django.conf import settings
from django.urls import get_script_prefix, reverse


def address(key: UUID, name: str) -> str:
    """The path of the page `name` of this business about the row with this key."""
    before, after = around(name, get_script_prefix())
    return f"{before}{key}{after}"


@lru_cache(maxsize=64)
def around(name: str, _prefix: str) -> tuple[str, str]:
    """What stands before and behind the key in such a path; Django takes long to find it."""
    nobody = UUID(int=0)
    path = reverse(name, urlconf=settings.BUSINESS_URLCONF, args=[nobody])
    before, after = path.split(str(nobody))
    return before, after
