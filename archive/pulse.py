"""How a job that is at work is heard of while its transaction is open, and how it is stopped.

On PostgreSQL a thread with a connection of its own writes to the job's row. SQLite has one writer at
a time, and that is the job itself: there a small file beside the database takes its place, for
everything that runs on SQLite runs on one machine.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.utils import timezone

from archive.models import Job
from tenants import context

logger = logging.getLogger(__name__)

# Seconds between two signs of life.
EVERY = 1.0


class Stopped(Exception):
    """The job must not go on; everything that it did is rolled back."""


class Cancelled(Stopped):
    """Somebody asked for it."""


class Interrupted(Stopped):
    """The process is to end; the job is begun again later."""


class OutOfTime(Stopped):
    """Where it ran, no more time is given."""


class Lost(Stopped):
    """Somebody else has begun the job anew, having heard nothing of this one for too long."""


class Pulse:
    """Tells of the job every second until the block ends; `check()` raises Stopped where it must
    stop.

    Inside an open transaction, as in a request, the job's row is not there for others yet: nothing
    is told and only the time is looked at.
    """

    def __init__(
        self, job: Job, *, deadline: float | None = None, ending: threading.Event | None = None
    ) -> None:
        self.job = job
        self.done, self.total, self.stage = 0, 0, ""
        self._deadline, self._ending = deadline, ending
        self._stopped: type[Stopped] | None = None
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def check(self) -> None:
        if self._stopped is not None:
            raise self._stopped
        if self._ending is not None and self._ending.is_set():
            raise Interrupted
        if self._deadline is not None and time.monotonic() > self._deadline:
            raise OutOfTime

    def __enter__(self) -> Self:
        if not connection.in_atomic_block:
            clear(self.job)
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """No more signs: before the job's own transaction writes its row."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            clear(self.job)

    def _run(self) -> None:
        try:
            while not self._over.wait(EVERY):
                try:
                    self._beat()
                except (DatabaseError, InterfaceError, OSError):
                    # Without a sign the job is taken for dead after a while; one may be missed.
                    logger.warning("Job %s could not be reported.", self.job.pk, exc_info=True)
                    connection.close()
        finally:
            connection.close()

    def _beat(self) -> None:
        if connection.vendor == "sqlite":
            told = {"done": self.done, "total": self.total, "stage": self.stage}
            path = _path(self.job, "json")
            path.with_suffix(".new").write_text(json.dumps(told))
            path.with_suffix(".new").replace(path)
            if _path(self.job, "cancel").exists():
                self._stopped = Cancelled
            return
        with context.business(self.job.business_id), transaction.atomic():
            row = Job.objects.filter(pk=self.job.pk, state=Job.State.RUNNING, tries=self.job.tries)
            heard = row.update(
                heard_at=timezone.now(), done=self.done, total=self.total, stage=self.stage[:200]
            )
            if not heard:
                self._stopped = Lost
            elif row.values_list("cancel_asked", flat=True).get():
                self._stopped = Cancelled


def _path(job: Job, kind: str) -> Path:
    folder = Path(settings.VAR_DIR) / "jobs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{job.pk}.{kind}"


def clear(job: Job) -> None:
    if connection.vendor == "sqlite":
        for kind in ("json", "new", "cancel"):
            _path(job, kind).unlink(missing_ok=True)


def overheard(job: Job) -> Job:
    """The job with how far it is by now; of a job at work on SQLite only its file knows."""
    if connection.vendor == "sqlite" and job.state == Job.State.RUNNING:
        path = _path(job, "json")
        try:
            told = json.loads(path.read_text())
            heard = path.stat().st_mtime
        except (OSError, ValueError):
            return job
        job.heard_at = datetime.fromtimestamp(heard, UTC)
        job.done, job.total, job.stage = told["done"], told["total"], told["stage"]
    return job


def ask_to_stop(job: Job) -> None:
    """Tell a job at work to stop at its next step."""
    if connection.vendor == "sqlite":
        _path(job, "cancel").touch()
    else:
        Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(cancel_asked=True)


def asked_to_stop(job: Job) -> bool:
    return job.cancel_asked or (connection.vendor == "sqlite" and _path(job, "cancel").exists())
