"""Regular work: once a day the tidying, more often the alerts; for a worker and for schedulers.

What is imported at work is not needed by a web process, which then starts without it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.utils import timezone

DAILY: Final = "daily"
#: Whoever looks each hour does the daily work once a day, and a little earlier each time.
NOT_BEFORE: Final = timedelta(hours=23)


def check_alerts() -> None:
    """Evaluate the alerts and tell people."""
    from monitoring.alerts import checking

    checking.check()


def fold_sums() -> None:
    """Add what was sold since to the sums that reports read."""
    from reports import folding

    folding.fold_everywhere()


def prune() -> dict[str, int]:
    """Forget old minutes and old alerts. Returns how many rows of each."""
    from monitoring.alerts import checking
    from monitoring.metrics import storing

    return {"counts": storing.prune(), "alerts": checking.prune()}


def tidy() -> dict[str, int]:
    """The daily housekeeping; how many of each were dealt with. Outside a transaction.

    Each part in transactions of its own: what was done stays done when a later part fails.
    """
    from accounts import limits, sessions
    from archive import files
    from archive.leaving.deleting import delete_due
    from metering import ledger
    from monitoring.models import LastRun
    from reports import folding
    from sales import credit
    from sync import pruning
    from webhooks import pruning as webhooks

    done = {"sessions": sessions.prune(), "attempts": limits.prune(), "files": files.prune()}
    done |= prune()
    done["credit"] = credit.expire_everywhere()
    done["api_credits"] = ledger.fold_everywhere()
    done["marks"] = pruning.prune()
    done["folded"] = folding.fold_everywhere()
    done["webhooks"] = webhooks.prune()
    webhooks.tell_owners()
    left = delete_due(timezone.now())
    done |= {"businesses": len(left.deleted), "failed": len(left.failed), "records": left.purged}
    LastRun.objects.update_or_create(name=DAILY, defaults={"at": timezone.now()})
    return done


def tidy_once_a_day() -> None:
    """`tidy()`, unless somebody has done it today: a worker, or the scheduler's call."""
    from monitoring.models import LastRun

    recent = timezone.now() - NOT_BEFORE
    if not LastRun.objects.filter(name=DAILY, at__gt=recent).exists():
        tidy()
