"""What monitoring asks of backups: when the last one was taken, and whether it restores.

One short query each, as the runtime role, with nothing bound; no store is asked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from backups.models import BackupRun


@dataclass(frozen=True, slots=True)
class LastRun:
    """A run that ended. `size` is in bytes; `message` says in a sentence what went wrong, or is
    empty."""

    name: str
    place: str
    started_at: datetime
    finished_at: datetime
    is_good: bool
    size: int
    message: str

    @property
    def age(self) -> timedelta:
        """How old the data in it are by now: since it was begun, which is when it was taken."""
        return timezone.now() - self.started_at


def configured() -> bool:
    """Whether this installation is told where its backups go."""
    return bool(settings.BACKUP_TO)


def last_backup(*, good: bool = False) -> LastRun | None:
    """The last backup that ended, or with `good` the last that went well."""
    return _last(BackupRun.Kind.BACKUP, good)


def last_drill(*, good: bool = False) -> LastRun | None:
    """The last restore drill that ended, or with `good` the last that went well."""
    return _last(BackupRun.Kind.DRILL, good)


def age_of_last_good_backup() -> timedelta | None:
    """None when there is no good backup yet."""
    run = last_backup(good=True)
    return run.age if run else None


def _last(kind: BackupRun.Kind, good: bool) -> LastRun | None:
    runs = BackupRun.objects.filter(kind=kind, **({"is_good": True} if good else {}))
    run = runs.order_by("-finished_at", "-pk").first()
    if run is None:
        return None
    return LastRun(
        name=run.name,
        place=run.place,
        started_at=run.started_at,
        finished_at=run.finished_at,
        is_good=run.is_good,
        size=run.size,
        message=run.message,
    )
