"""Passwords: made, changed, and replaced by mail when forgotten."""

from __future__ import annotations

import logging
import secrets
import smtplib
import time
from collections.abc import Callable

from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode
from django.utils.translation import gettext as _

from accounts.models import EndedSession, User
from accounts.sessions import end_sessions

logger = logging.getLogger(__name__)

# Without the letters that are mistaken for others when read aloud or from paper.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"

# Seconds after which a request for a reset is answered, whether a mail went out or not.
ANSWER_AFTER = 1.0


def generate() -> str:
    """A first password: 16 characters in groups of four, 79 random bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))


@transaction.atomic
def change(user: User, password: str, *, keep: str | None = None, temporary: bool = False) -> None:
    """Set the password and end every session of the user, but the one with the key `keep`.

    With `temporary` the person must choose another one before anything else.
    """
    user.set_password(password)
    user.must_change_password = temporary
    user.save(update_fields=["password", "must_change_password"])
    end_sessions(user.pk, reason=EndedSession.Reason.PASSWORD, keep=keep)


def ask_for_reset(email: str, *, link: Callable[[str, str], str]) -> None:
    """Mail a link to whoever has this address, if anybody does; `link` makes it of uid and token.

    Takes about the same time in any case, and a mail that cannot be sent is our problem, written
    to the log.
    """
    began = time.monotonic()
    user = User.objects.with_email(email).filter(is_active=True).first()
    if user is not None:
        uid = urlsafe_base64_encode(force_bytes(user.pk))
        _send(user, link(uid, default_token_generator.make_token(user)))
    time.sleep(max(0.0, ANSWER_AFTER - (time.monotonic() - began)))


def _send(user: User, link: str) -> None:
    text = render_to_string("accounts/mail/password_reset.txt", {"user": user, "link": link})
    try:
        send_mail(_("Choose a new Tillbook password"), text, None, [user.email])
    except (OSError, smtplib.SMTPException):
        logger.exception("A mail for a forgotten password could not be sent.")


def user_of_link(uid: str, token: str) -> User | None:
    """The active user whom an unused link of the last hour is for."""
    try:
        pk = int(urlsafe_base64_decode(uid).decode())
    except (ValueError, OverflowError):
        return None
    # Beyond 63 bits the database has no such number and says so loudly.
    user = User.objects.filter(pk=pk, is_active=True).first() if pk < 2**63 else None
    return user if user and default_token_generator.check_token(user, token) else None
