"""Checking, importing and taking back what a person brought, whichever kind it is."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from archive.files import opened
from archive.jobs import Task, job
from archive.models import ImportBatch
from archive.tables import TableError
from archive.work.desks import desk_of
from tenants.errors import Refused

State = ImportBatch.State


def _batch(task: Task, *states: str) -> ImportBatch:
    """The batch, locked. Raises Refused when it is not in one of these states any more, or who
    asked may not do by hand what it does."""
    rows = ImportBatch.objects.select_for_update(of=("self",)).select_related("file")
    batch: ImportBatch | None = rows.filter(pk=task.options["batch"], state__in=states).first()
    if batch is None:
        raise Refused("moved_on", _("This import was changed meanwhile; look at it again."))
    desk = desk_of(batch.kind)
    if desk.owners_only and not task.actor.is_owner:
        raise Refused("permission_denied", _("Only an owner of the business may do this."))
    for lacking in desk.withholds(task.actor, batch):
        raise Refused(
            "permission_denied",
            _("You need the permission “%(name)s” for this.") % {"name": lacking.label},
        )
    return batch


def _stream(batch: ImportBatch) -> Any:
    if batch.file is None:
        raise Refused("no_file", _("The file is no longer kept here; choose it again."))
    return opened(batch.file)


@job("import.check", label=gettext_lazy("Check of a file"))
def check(task: Task) -> dict[str, Any]:
    batch = _batch(task, State.DRAFT, State.CHECKED)
    task.progress(0, 0, _("Checking the file"))
    try:
        batch.report = desk_of(batch.kind).check(task, batch, _stream(batch))
    except TableError as error:
        raise Refused("unreadable", str(error)) from None
    batch.state = State.CHECKED
    batch.save(update_fields=["report", "state"])
    return {}


@job("import.apply", label=gettext_lazy("Import"))
def apply(task: Task) -> dict[str, Any]:
    batch = _batch(task, State.CHECKED)
    task.progress(0, 0, _("Importing"))
    try:
        batch.report = desk_of(batch.kind).apply(task, batch, _stream(batch))
    except TableError as error:
        raise Refused("unreadable", str(error)) from None
    batch.state, batch.applied_at = State.APPLIED, timezone.now()
    batch.save(update_fields=["report", "state", "applied_at"])
    return {}


@job("import.undo", label=gettext_lazy("Taking an import back"))
def undo(task: Task) -> dict[str, Any]:
    batch = _batch(task, State.APPLIED)
    task.progress(0, 0, _("Taking it back"))
    desk_of(batch.kind).undo(task, batch)
    batch.state, batch.undone_at, batch.undone_by = State.UNDONE, timezone.now(), task.actor.user
    batch.save(update_fields=["state", "undone_at", "undone_by"])
    return {}
