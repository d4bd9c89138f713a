"""What an installation lets keys do; `settings.METERING` holds one, read from the environment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Metering:
    """Limits of requests; 0 is no limit.

    `per_minute`, `per_day` and `per_month` are for one key, the last two unless it has its own;
    `failures` for the wrong tokens that one address may send in a minute. With `enforced` each
    request costs a credit, of which a new business gets `initial`. Counts of tills are written
    every `seconds`; 0 counts none.
    """

    per_minute: int = 3_000
    per_day: int = 100_000
    per_month: int = 2_000_000
    failures: int = 300
    enforced: bool = False
    initial: int = 0
    seconds: int = 5
