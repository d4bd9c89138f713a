"""What a worker does for monitoring beside its jobs, and the scheduler once a day."""

from __future__ import annotations


def check_alerts() -> None:
    """Evaluate the alerts and tell people."""
    # Imported at work: a web process starts without all that rules look at.
    from monitoring.alerts import checking

    checking.check()


def prune() -> dict[str, int]:
    """Forget old minutes and old alerts. Returns how many rows of each."""
    from monitoring.alerts import checking
    from monitoring.metrics import storing

    return {"counts": storing.prune(), "alerts": checking.prune()}
