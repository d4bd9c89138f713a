"""Reading a page in a test."""

from __future__ import annotations

import re


def found(pattern: str, text: str) -> str:
    """The first group of the first match; a page without one fails the test."""
    match = re.search(pattern, text, re.DOTALL)
    assert match is not None, f"not on the page: {pattern}"
    return match[1]
