"""Which business a command is for."""

from __future__ import annotations

from django.core.management.base import CommandError

from tenants.models import Business


def chosen_business(wanted: str) -> Business:
    """The business with this id, address or name (in any letter case).

    Raises CommandError, with status 2, when there is none or more than one.
    """
    text = wanted.strip()
    every = Business.objects.order_by("pk")
    found = list(every.filter(slug=text)) or list(every.filter(name__iexact=text))
    if text.isdecimal() and len(text) < 19:
        found = list(every.filter(pk=int(text))) or found
    if not found:
        there = ", ".join(f"{one.slug} ({one.pk})" for one in every[:20]) or "none"
        raise CommandError(f"There is no business “{text}”. There is: {there}.", returncode=2)
    if len(found) > 1:
        names = ", ".join(f"{one.slug} ({one.pk})" for one in found)
        raise CommandError(
            f"Several businesses are called “{text}”; say which: {names}.", returncode=2
        )
    return found[0]
