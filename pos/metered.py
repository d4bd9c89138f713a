"""Reading the limits of keys and the credits from the environment."""

from __future__ import annotations

from metering.configuration import Metering
from pos.configuration import Environment


def metering(env: Environment) -> Metering:
    """Raises ImproperlyConfigured for a value that is no number, or is negative."""
    most = 1_000_000_000
    return Metering(
        per_minute=env.number("API_MINUTE_LIMIT", Metering().per_minute, most=most),
        per_day=env.number("API_DAY_LIMIT", Metering().per_day, most=most),
        per_month=env.number("API_MONTH_LIMIT", Metering().per_month, most=most),
        failures=env.number("API_FAILURES_LIMIT", Metering().failures, most=most),
        enforced=env.flag("API_CREDITS"),
        initial=env.number("API_CREDITS_INITIAL", 0, most=most),
        seconds=env.number("API_COUNT_SECONDS", Metering().seconds, least=1, most=300),
    )
