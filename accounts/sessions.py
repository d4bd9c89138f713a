"""Sessions in the database: 7 days, rolling, ended when the person's access ends.

The cookie's key is random; the row is found by its hash, so a leaked database opens no session.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from django.contrib.sessions import middleware
from django.contrib.sessions.backends import db
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

# A session in use is prolonged at most once in this time, so that reading a page writes nothing.
RENEW_AFTER = timedelta(hours=1)


def hashed(key: str) -> str:
    """40 hex characters (160 bits) of the key's SHA-256: the column's width."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]


class SessionStore(db.SessionStore):
    renewed_at: Any = None

    @classmethod
    def get_model_class(cls) -> Any:
        from accounts.models import Session

        return Session

    def _get_session_from_db(self) -> Any:
        try:
            row: Any = self.model.objects.get(
                session_key=hashed(self.session_key or ""), expire_date__gt=timezone.now()
            )
        except self.model.DoesNotExist:
            self._session_key = None
            return None
        self.renewed_at = row.renewed_at
        return row

    def exists(self, session_key: str) -> bool:
        return bool(self.model.objects.filter(session_key=hashed(session_key)).exists())

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        row: Any = super().create_model_instance(data)
        row.session_key = hashed(row.session_key)
        row.user_id = data.get("_auth_user_id")
        row.renewed_at = timezone.now()
        return row

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key is not None:
            self.model.objects.filter(session_key=hashed(key)).delete()


class SessionMiddleware(middleware.SessionMiddleware):
    """Django's, and a session in use rolls on."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        session = request.session
        renewed_at = getattr(session, "renewed_at", None)
        if renewed_at and timezone.now() - renewed_at > RENEW_AFTER:
            session.modified = True
        return super().process_response(request, response)


def end_sessions(user_id: int, *, keep: str | None = None) -> int:
    """End every session of the user, but the one with the cookie key `keep`. Returns how many."""
    from accounts.models import Session

    rows = Session.objects.filter(user_id=user_id)
    if keep:
        rows = rows.exclude(session_key=hashed(keep))
    return rows.delete()[0]


def prune() -> int:
    """Delete the sessions that have expired; the daily job. Returns how many."""
    from accounts.models import Session

    return Session.objects.filter(expire_date__lte=timezone.now()).delete()[0]
