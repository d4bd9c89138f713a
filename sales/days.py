"""Days as reports are asked for: dates of a register's location."""

from __future__ import annotations

from datetime import date

from django.utils import timezone
from django.utils.dateparse import parse_date

from sales.models import Register


def as_day(text: str) -> date | None:
    """A date as 2026-01-31; None for what is none, or has none before or after it."""
    try:
        found = parse_date(text)
    except ValueError:
        found = None
    return found if found is not None and 1900 <= found.year < 9999 else None


def today_at(register: Register) -> date:
    """By the clock of its location."""
    return timezone.now().astimezone(register.location.zone).date()
