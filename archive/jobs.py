"""Work that takes longer than a request: asked for by a member, done by whoever has time.

`@job("products.check")` makes a function a kind of work, `ask()` puts it into the queue, `run_next()`
does the oldest (a worker, or the scheduler's call), `run()` one at once. What a job did and that it
is done are committed together: a job that died, failed or was cancelled has done nothing.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any, Final

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.permissions import Permission
from archive import pulse
from archive.models import Job, StoredFile
from archive.pulse import Cancelled, Interrupted, Lost, OutOfTime, Pulse, Stopped
from tenants import context
from tenants.bulk import long_work
from tenants.errors import Refused

__all__ = [
    "Cancelled",
    "Stopped",
    "Task",
    "ask",
    "cancel",
    "job",
    "label",
    "names",
    "run",
    "run_alone",
    "run_next",
]

logger = logging.getLogger(__name__)

# A job at work that was not heard of for so long has died with its process.
STALE = timedelta(seconds=30)
MOST_TRIES = 3


@dataclass(slots=True)
class Task:
    """What the function of a job gets: the business is bound, one transaction is open."""

    job: Job
    actor: Membership
    pulse: Pulse
    #: What is to be done when the job comes to nothing: files do not go with the transaction.
    otherwise: ExitStack

    @property
    def options(self) -> dict[str, Any]:
        options: dict[str, Any] = self.job.options
        return options

    @property
    def file(self) -> StoredFile | None:
        file: StoredFile | None = self.job.file
        return file

    def progress(self, done: int, total: int, stage: str = "") -> None:
        """Say how far it is; `stage` stays until another is given. Raises Stopped where the job
        must not go on: let it pass."""
        self.pulse.done, self.pulse.total = done, total
        self.pulse.stage = stage or self.pulse.stage
        self.pulse.check()


Function = Callable[[Task], dict[str, Any]]


#: In a job's result: its file is for the business's owners and nobody else.
OWNERS_ONLY: Final = "owners_only"


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of work: who may ask for it, and what people call it."""

    function: Function
    needs: Permission
    label: str | Promise


_KINDS: dict[str, Kind] = {}


def job(
    name: str, *, needs: Permission = Permission.DATA_IMPORT, label: str | Promise = ""
) -> Callable[[Function], Function]:
    """Register a function as the work that `ask(name)` asks for.

    It returns what people want to know of it, as JSON; `{"file": id}` is a file to take away. It
    raises Refused with a sentence for the person; anything else is a fault of ours and is logged.
    """

    def register(function: Function) -> Function:
        _KINDS[name] = Kind(function, needs, label or name)
        return function

    return register


def kind_of(name: str) -> Kind:
    """Raises LookupError for a name that no function has."""
    import_module("archive.work.registered")
    if name not in _KINDS:
        raise LookupError(f"There is no job called {name}.")
    return _KINDS[name]


def names() -> list[str]:
    import_module("archive.work.registered")
    return sorted(_KINDS)


def label(row: Job) -> str | Promise:
    try:
        return kind_of(row.kind).label
    except LookupError:
        return str(row.kind)


def ask(
    kind: str, *, by: Membership, options: dict[str, Any], file: StoredFile | None = None
) -> Job:
    """Put work into the queue of the bound business. Raises LookupError."""
    kind_of(kind)
    asked: Job = Job.objects.create(kind=kind, options=options, file=file, created_by=by.user)
    return asked


def cancel(row: Job) -> None:
    """Take a waiting job out of the queue, or ask the one at work to stop."""
    waiting = Job.objects.filter(pk=row.pk, state=Job.State.WAITING)
    if row.state == Job.State.WAITING and waiting.update(
        state=Job.State.CANCELLED, finished_at=timezone.now()
    ):
        return
    pulse.ask_to_stop(row)


def run_next(*, deadline: float | None = None, ending: threading.Event | None = None) -> Job | None:
    """Do the oldest job of any business and return it as it is now; None when nothing is due.

    `deadline` is a time of time.monotonic() at which the job must be over, `ending` is set when the
    process is to end; the job then goes back into the queue. Must be called outside a transaction.
    """
    with context.platform("whose job is next is what we find out"):
        claimed = _claim(Job.objects.select_related("business"))
    return _work(claimed, deadline, ending) if claimed else None


def run(row: Job) -> Job:
    """Do this job of the bound business now, unless somebody else is at it; as it is afterwards.

    Inside the open transaction, such as a request's: its work becomes a part of that.
    """
    run_alone(row)
    row.refresh_from_db()
    return row


def run_alone(row: Job, *, deadline: float | None = None) -> None:
    """The same in transactions of its own, outside of any."""
    claimed = _claim(Job.objects.select_related("business").filter(pk=row.pk))
    if claimed is not None:
        _work(claimed, deadline, None)


def _due(now: datetime) -> Q:
    dead = Q(state=Job.State.RUNNING, heard_at__lt=now - STALE)
    return Q(state=Job.State.WAITING) | dead


def _claim(jobs: QuerySet[Job]) -> Job | None:
    """Take the oldest of these jobs that is due: nobody else gets it while it lives."""
    while True:
        now = timezone.now()
        with transaction.atomic():
            rows = jobs.filter(_due(now)).order_by("created_at", "pk")
            if connection.features.has_select_for_update_skip_locked:
                rows = rows.select_for_update(skip_locked=True, of=("self",))
            row = rows.first()
            if row is None:
                return None
            # By state and number of tries, so that of two who saw it one takes it.
            seen = Job.objects.filter(pk=row.pk, state=row.state, tries=row.tries)
            if row.tries >= MOST_TRIES:
                seen.update(state=Job.State.FAILED, message=_died(), finished_at=now)
            elif seen.update(
                state=Job.State.RUNNING, tries=F("tries") + 1, started_at=now, heard_at=now,
                done=0, total=0, stage="", message="",
            ):  # fmt: skip
                row.state, row.tries = Job.State.RUNNING, row.tries + 1
                row.started_at = row.heard_at = now
                return row


def _died() -> str:
    return _(
        "It was begun %(count)s times, and each time the program was stopped in the middle."
    ) % {"count": MOST_TRIES}


def _work(row: Job, deadline: float | None, ending: threading.Event | None) -> Job:
    with context.business(row.business):
        try:
            with ExitStack() as otherwise:
                with Pulse(row, deadline=deadline, ending=ending) as beat, long_work():
                    _do(row, beat, otherwise)
                otherwise.pop_all()
        except Cancelled:
            _settle(row, Job.State.CANCELLED)
        except Interrupted:
            _settle(row, Job.State.WAITING, tries=row.tries - 1)
        except OutOfTime:
            _again(row, _("It takes longer than the time that is given to a job here."))
        except Lost:
            logger.warning("Job %s was begun anew elsewhere; this try was rolled back.", row.pk)
        except Refused as refused:
            _settle(row, Job.State.FAILED, str(refused))
        except (OperationalError, InterfaceError):
            logger.warning("The database failed job %s.", row.pk, exc_info=True)
            if not connection.in_atomic_block:
                connection.close()
            _again(row, _("The database did not answer in time."))
        except Exception:
            logger.exception("Job %s failed.", row.pk)
            _settle(row, Job.State.FAILED, _ours(row))
    return row


def _ours(row: Job) -> str:
    return _(
        "Something went wrong here, and nothing was changed. Whoever runs this installation finds"
        " the cause in its log, under job %(id)s."
    ) % {"id": row.pk}


def _do(row: Job, beat: Pulse, otherwise: ExitStack) -> None:
    kind = kind_of(row.kind)
    actor = _actor(row, kind.needs)
    with translation.override(actor.user.language or settings.LANGUAGE_CODE):
        found = kind.function(Task(row, actor, beat, otherwise))
    beat.check()
    beat.end()
    result = json.loads(json.dumps(found, default=str))
    values: dict[str, Any] = {"result": result, "done": max(beat.done, beat.total)}
    if row.file_id is None and result.get("file"):
        values["file_id"] = result["file"]
    mine = Job.objects.filter(pk=row.pk, state=Job.State.RUNNING, tries=row.tries)
    if not mine.update(
        state=Job.State.DONE, total=beat.total, finished_at=timezone.now(), **values
    ):
        raise Lost
    row.state = Job.State.DONE


def _actor(row: Job, needed: Permission) -> Membership:
    """Who asked, as they are now. Raises Refused when they may no longer ask for it."""
    members = Membership.objects.select_related("user", "role").filter(user=row.created_by_id)
    actor: Membership | None = members.filter(
        is_active=True, user__is_active=True, business__is_active=True
    ).first()
    # Every job is about the whole business.
    if actor is None or not actor.can(needed) or actor.location_ids is not None:
        raise Refused(
            "permission_denied", _("Whoever asked for this may no longer do it; ask for it again.")
        )
    return actor


def _again(row: Job, message: str) -> None:
    """Back into the queue, until it was tried often enough."""
    if row.tries >= MOST_TRIES:
        _settle(row, Job.State.FAILED, message)
    else:
        _settle(row, Job.State.WAITING, message)


def _settle(row: Job, state: str, message: str = "", *, tries: int | None = None) -> None:
    """Say how a job ended that has done nothing."""
    values: dict[str, Any] = {"state": state, "message": message, "cancel_asked": False}
    if tries is not None:
        values["tries"] = tries
    if state != Job.State.WAITING:
        values["finished_at"] = timezone.now()
    with transaction.atomic():
        mine = Job.objects.filter(pk=row.pk, state=Job.State.RUNNING, tries=row.tries)
        mine.update(**values)
    row.state, row.message = state, message
