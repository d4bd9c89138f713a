"""One import or taking back at a time in a business, and what somebody is told who comes second."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, OperationalError
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import User
from archive.models import ImportBatch
from archive.tables.errors import TableError
from tenants.bulk import long_work
from tenants.context import require_id
from tenants.errors import Refused
from tenants.models import Business

State = ImportBatch.State


def lock_business() -> None:
    """Others that import wait here, or are refused; tills go on, they only refer to the row."""
    Business.objects.select_for_update(no_key=True).get(pk=require_id())


@contextmanager
def refusing() -> Iterator[None]:
    """Say in one sentence what a person can do about."""
    try:
        yield
    except TableError as error:
        raise Refused("bad_file", str(error)) from None
    except IntegrityError as error:
        raise changed_meanwhile() from error
    except OperationalError as error:
        if not is_locked(error):
            raise
        raise Refused(
            "import_at_work",
            _("Another import or a long piece of work is going on here; try again in a minute."),
        ) from error


def changed_meanwhile() -> Refused:
    return Refused(
        "changed_meanwhile",
        _("Something of it was changed by somebody else meanwhile; try again."),
    )


def is_locked(error: OperationalError) -> bool:
    state = getattr(error.__cause__, "sqlstate", None)
    return state in ("55P03", "40P01") or "locked" in str(error)


@contextmanager
def taking_back(batch: ImportBatch, *, actor: User | None) -> Iterator[ImportBatch]:
    """The transaction in which an import is taken back; gives its row, locked, and marks it after.

    Raises Refused where it is not applied (any more), and whatever the taking back raises; nothing is
    changed then.
    """
    with refusing(), long_work():
        lock_business()
        row: ImportBatch = ImportBatch.objects.select_for_update().get(pk=batch.pk)
        if row.kind != batch.kind or row.state != State.APPLIED:
            raise Refused("not_applied", _("Only an import that was made can be taken back."))
        yield row
        row.state = State.UNDONE
        row.undone_at, row.undone_by = timezone.now(), actor
        row.save(update_fields=["state", "undone_at", "undone_by"])
        record(actor=actor, action="data.import_undo", target=row)
        batch.refresh_from_db()


def no_record() -> Refused:
    """For imports that were made before such imports kept a record of what they did."""
    return Refused(
        "no_record",
        _(
            "This import was made by an earlier version of the program, which kept no record of what"
            " it did: it cannot be taken back."
        ),
    )
