"""Sessions in the database: they roll on while used, and end when the person's access ends.

The cookie's key is random; the row is found by its hash, so a leaked database opens no session.
Why a key opens nothing is remembered without naming anybody: the log has a line of it, and the
sign-in page a sentence.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions import middleware
from django.contrib.sessions.backends import db
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.crypto import constant_time_compare
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

logger = logging.getLogger(__name__)

# Why a session was refused, as the log says it.
EXPIRED, UNKNOWN, OTHER_KEY = "expired", "unknown", "other key"
ENDED = {
    "signed_out": "ended by signing out",
    "password": "ended by a new password",
    "access": "ended with the access",
}
# And as the sign-in page says it, where it is worth a sentence.
TOLD: dict[str, Promise] = {
    EXPIRED: _("You were signed out because this browser was not used for some days."),
    OTHER_KEY: _("You were signed out because this installation was given a new key."),
    ENDED["password"]: _(
        "You were signed out because the password of your account was changed. If that was not"
        " you, choose a new one below."
    ),
    ENDED["access"]: _(
        "Your access was taken away, so you were signed out. If you think that is a mistake, ask"
        " the person who runs your shop."
    ),
}

# A session in use is prolonged at most once in this time, so that reading a page writes nothing.
RENEW_AFTER = timedelta(hours=1)


def hashed(key: str) -> str:
    """40 hex characters (160 bits) of the key's SHA-256: the column's width."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]


class SessionStore(db.SessionStore):
    renewed_at: Any = None
    # Why the key of the cookie opened nothing; empty when it did, or there was none.
    refused = ""

    @classmethod
    def get_model_class(cls) -> Any:
        from accounts.models import Session

        return Session

    def _get_session_from_db(self) -> Any:
        key = hashed(self.session_key or "")
        row: Any = self.model.objects.filter(session_key=key).first()
        if row is None:
            self.refuse(why_ended(key))
            return None
        if row.expire_date <= timezone.now():
            self.refuse(EXPIRED)
            return None
        self.renewed_at = row.renewed_at
        return row

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        try:
            return dict(
                signing.loads(str(session_data), salt=self.key_salt, serializer=self.serializer)
            )
        except signing.BadSignature:
            self.refuse(OTHER_KEY)
            return {}

    def refuse(self, reason: str) -> None:
        self.refused = reason
        self._session_key = None

    def flush(self) -> None:
        """End the session: by signing out, or because it no longer fits its person."""
        key, user_id = self.session_key, self.get(SESSION_KEY)
        if key and user_id:
            reason = self._why(user_id)
            remember_ends([hashed(key)], reason)
            if reason != "signed_out":
                self.refused = ENDED[reason]
        super().flush()

    def _why(self, user_id: str) -> str:
        """Django ends a session, too, whose person may not sign in or has another password."""
        from accounts.models import User

        user = User.objects.filter(pk=user_id, is_active=True).first()
        if user is None:
            return "access"
        known = [user.get_session_auth_hash(), *user.get_session_auth_fallback_hash()]
        given = self.get(HASH_SESSION_KEY, "")
        return (
            "signed_out" if any(constant_time_compare(given, one) for one in known) else "password"
        )

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
    """Django's; a session in use rolls on, and one that was refused leaves a line in the log."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        session = request.session
        renewed_at = getattr(session, "renewed_at", None)
        if renewed_at and timezone.now() - renewed_at > RENEW_AFTER:
            session.modified = True
        # Only where somebody asked for the user: it costs a statement.
        # The API puts None in its place when it refuses a form without its token.
        person: Any = request.user if hasattr(request, "_cached_user") else None
        if person is not None and not person.is_authenticated and SESSION_KEY in session:
            # The person may no longer sign in at all.
            session.flush()
        refused = getattr(session, "refused", "")
        if refused and session.is_empty():
            at_sign_in = request.path == reverse("sign_in", urlconf=settings.ROOT_URLCONF)
            if not at_sign_in:
                key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
                logger.info("Session %s refused: %s", hashed(key)[:8], refused)
            if response.status_code == 302 and not at_sign_in:
                # The cookie stays until the sign-in page, which by it says why.
                patch_vary_headers(response, ("Cookie",))
                return response
        return super().process_response(request, response)


def told(request: HttpRequest) -> Promise | str:
    """What the sign-in page says of the session that was refused; empty where there is nothing."""
    return TOLD.get(getattr(request.session, "refused", ""), "")


def why_ended(key: str) -> str:
    from accounts.models import EndedSession

    reason = EndedSession.objects.filter(key=key).values_list("reason", flat=True).first()
    return ENDED[reason] if reason else UNKNOWN


def remember_ends(keys: Iterable[str], reason: str) -> None:
    """Remember why these hashed keys open nothing, for as long as a cookie may hold them."""
    from accounts.models import EndedSession

    until = timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE)
    EndedSession.objects.bulk_create(
        [EndedSession(key=key, reason=reason, forget_at=until) for key in keys],
        ignore_conflicts=True,
    )


def end_sessions(user_id: int, *, reason: str, keep: str | None = None) -> int:
    """End every session of the user, but the one with the cookie key `keep`. Returns how many.

    `reason` is one of EndedSession.Reason.
    """
    from accounts.models import Session

    rows = Session.objects.filter(user_id=user_id)
    if keep:
        rows = rows.exclude(session_key=hashed(keep))
    remember_ends(rows.values_list("session_key", flat=True), reason)
    return rows.delete()[0]


def prune() -> int:
    """Delete the sessions that have expired, and why others ended long ago; the daily job.

    Returns how many sessions.
    """
    from accounts.models import EndedSession, Session

    now = timezone.now()
    EndedSession.objects.filter(forget_at__lte=now).delete()
    return Session.objects.filter(expire_date__lte=now).delete()[0]
