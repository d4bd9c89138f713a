"""What a page may load, and who may show it in a frame."""

from __future__ import annotations

from typing import Any

from csp.constants import NONCE, NONE, SELF


def content_policy(frame_ancestors: list[str]) -> dict[str, Any]:
    """The Content-Security-Policy: nothing but our own, and scripts by their nonce."""
    return {
        "DIRECTIVES": {
            "default-src": [SELF],
            "script-src": [SELF, NONCE],
            "style-src": [SELF],
            "img-src": [SELF, "data:", "blob:"],
            "connect-src": [SELF],
            "object-src": [NONE],
            "base-uri": [SELF],
            "form-action": [SELF],
            "frame-ancestors": frame_ancestors,
        }
    }
