"""Telling the owners that an endpoint was switched off because nothing arrives there."""

from __future__ import annotations

import logging
import smtplib
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Membership
from tenants.context import current
from webhooks.models import Endpoint

logger = logging.getLogger(__name__)


def tell() -> None:
    """Mail the owners of the bound business what they were not told yet. Outside a transaction.

    A mail that cannot be sent waits for the next day's tidying.
    """
    with transaction.atomic():
        rows = list(Endpoint.objects.filter(owners_told=False))
        owners = Membership.objects.filter(
            is_owner=True, is_active=True, user__is_active=True
        ).select_related("user")
        people = [one.user for one in owners if one.user.email] if rows else []
    for row in rows:
        with transaction.atomic():
            # Of two who saw it, one tells.
            mine = Endpoint.objects.filter(pk=row.pk, owners_told=False).update(owners_told=True)
        told = [_mailed(row, user) for user in people] if mine else []
        if not all(told):
            with transaction.atomic():
                Endpoint.objects.filter(pk=row.pk).update(owners_told=False)


def _mailed(row: Endpoint, user: Any) -> bool:
    with translation.override(user.language or settings.LANGUAGE_CODE):
        context = {"endpoint": row, "business": current(), "user": user}
        text = render_to_string("webhooks/mail/switched_off.txt", context)
        subject = _("%(business)s: a webhook was switched off") % {"business": current().name}
    try:
        send_mail(subject, text, None, [user.email])
    except (OSError, smtplib.SMTPException):
        logger.exception("A mail about webhook %s could not be sent.", row.pk)
        return False
    return True
