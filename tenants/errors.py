"""The base of the errors that a person can act upon."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError


def is_unique_violation(error: IntegrityError) -> bool:
    """Whether the database refused a duplicate, and not a broken check or reference."""
    state = getattr(error.__cause__, "sqlstate", None)
    return state == "23505" or str(error).startswith("UNIQUE constraint")


class Refused(Exception):
    """A rule of the business says no.

    `code` names the rule for programs, `message` says it to a person, `fields` maps a field of the
    request to sentences, `status` is the HTTP status of the answer.
    """

    status = 422

    def __init__(
        self,
        code: str,
        message: object,
        fields: dict[str, Any] | None = None,
        *,
        status: int | None = None,
    ) -> None:
        super().__init__(str(message))
        self.code = code
        self.message = message
        self.fields = fields or {}
        if status is not None:
            self.status = status
