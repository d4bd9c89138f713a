"""Customers and their credit at the pages: a ZIP archive of JSON files with a map inside."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, Any, ClassVar

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Membership
from accounts.permissions import Permission
from archive.file_store.importing import import_store
from archive.file_store.mapping import MapError, load_map
from archive.file_store.reading import MOST_FAULTS, StoreError, StoreFault
from archive.file_store.report import Report, StoreRefused
from archive.file_store.undo import undo_store
from archive.files import PART
from archive.jobs import Task
from archive.models import ImportBatch
from archive.tables.errors import BROKEN
from archive.work.desk import Desk, Figure, Listing, Preview, Trouble
from archive.work.problems import ProblemFile
from archive.work.problems import row as problem_row
from sales.models import CreditEntry
from tenants.context import current
from tenants.errors import Refused
from tenants.formats import amount

MAP = "map.json"
MOST_FILES = 1000


class StoreDesk(Desk):
    kind = ImportBatch.Kind.FILE_STORE
    label = gettext_lazy("Customers and credit")
    text = gettext_lazy(
        "Customers with what they have to spend, from an application that keeps JSON files, together"
        " with a map that says what the fields mean."
    )
    action = gettext_lazy("Import customers")
    icon = "users"
    accept = ".zip"
    hint = gettext_lazy("A ZIP archive of the JSON files, with map.json beside them.")
    has_columns: ClassVar[bool] = False
    undo_text = gettext_lazy(
        "Customers and credit that came in go again, and accounts are as before. It is refused when"
        " something was bought or booked on them since."
    )
    undone_text = gettext_lazy("Customers and their credit are as they were before it.")
    needs = (Permission.CUSTOMER_CREATE, Permission.CUSTOMER_CREDIT_GRANT)

    def check(self, task: Task, batch: ImportBatch, stream: IO[bytes]) -> dict[str, Any]:
        name = f"problems-{batch.pk}.csv"
        with ProblemFile(name, by=task.actor.user, listed=MOST_FAULTS) as every:
            report = _run(
                task,
                stream,
                dry_run=True,
                stage=_("Checking the files"),
                listen=lambda fault: every.add(_problem(fault)),
            )
            kept = every.finish()
        return {**report, "problems_file": str(kept.pk) if kept else ""}

    def apply(self, task: Task, batch: ImportBatch, stream: IO[bytes]) -> dict[str, Any]:
        return _run(task, stream, batch=batch, stage=_("Importing customers"))

    def undo(self, task: Task, batch: ImportBatch) -> None:
        undo_store(batch, actor=task.actor.user)

    def preview(self, report: Mapping[str, Any], *, member: Membership, done: bool) -> Preview:
        customers, entries = report["customers"], report["entries"]
        business = current()
        kinds = [
            [str(CreditEntry.Kind(kind).label), amount(value, business)]
            for kind, value in report["by_kind"].items()
        ]
        count = report["fault_count"]
        return Preview(
            figures=[
                Figure(_("Added") if done else _("New customers"), f"{customers['created']:,}"),
                Figure(_("Customers that are here"), f"{customers['same']:,}"),
                Figure(_("Entries of credit"), f"{entries['created']:,}"),
                Figure(_("Their credit"), amount(report["credit"], business)),
            ],
            listings=[Listing(_("Credit"), [_("Kind"), _("Sum")], kinds, numbers=frozenset({1}))]
            if kinds
            else [],
            problems=[Trouble(**one) for one in report["wrong"]],
            problem_count=count,
            writes=bool(customers["created"] or entries["created"]),
            blocked=_(
                "All of it comes in or nothing. Mend these in the files and choose them again."
            )
            if count
            else "",
            good=customers["created"],
            bad=count,
        )


def _run(
    task: Task,
    stream: IO[bytes],
    *,
    stage: str,
    dry_run: bool = False,
    batch: ImportBatch | None = None,
    listen: Callable[[StoreFault], None] | None = None,
) -> dict[str, Any]:
    progress: Callable[[int, int], None] = partial(task.progress, stage=stage)
    with _unpacked(stream) as folder:
        try:
            # A map names files of its own folder alone; load_map() sees to it.
            report = import_store(
                folder,
                load_map(folder / MAP),
                by=task.actor.user,
                dry_run=dry_run,
                progress=progress,
                batch=batch,
                listen=listen,
            )
        except StoreRefused as refused:
            if not dry_run:
                raise Refused("refused", str(refused)) from None
            report = refused.report
        except (MapError, StoreError) as error:
            # What they call the files begins with where we have put them.
            words = str(error).replace(f"{folder}/", "").replace(str(folder), _("the archive"))
            raise Refused("unreadable", words) from None
    return {**report.as_json(), "wrong": _wrong(report)}


def _wrong(report: Report) -> list[dict[str, Any]]:
    return [asdict(_trouble(one)) for one in report.faults.rows]


def _trouble(one: StoreFault) -> Trouble:
    return Trouble(one.key, f"{one.file}: {one.field}", one.value, one.reason)


def _problem(one: StoreFault) -> list[Any]:
    told = _trouble(one)
    return problem_row(told.row, told.column, told.value, told.reason, is_error=True)


@contextmanager
def _unpacked(stream: IO[bytes]) -> Iterator[Path]:
    """A folder with the JSON files that lie beside the map. Raises Refused.

    As a whole they may be as large as an upload may be, however small they are packed.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            with zipfile.ZipFile(stream) as archive:
                _extract(archive, folder)
        except BROKEN:
            raise Refused(
                "unreadable", _("This is no ZIP archive, or it is damaged or locked.")
            ) from None
        yield folder


def _extract(archive: zipfile.ZipFile, folder: Path) -> None:
    maps = [one.filename for one in archive.infolist() if PurePosixPath(one.filename).name == MAP]
    if len(maps) != 1:
        raise Refused("no_map", _("The archive must hold one map.json, beside the JSON files."))
    root = PurePosixPath(maps[0]).parent
    room = settings.UPLOAD_LIMIT
    members = [one for one in archive.infolist() if PurePosixPath(one.filename).parent == root]
    for member in members[:MOST_FILES]:
        path = PurePosixPath(member.filename)
        if path.suffix != ".json" or path.name != Path(path.name).name:
            continue
        with archive.open(member) as packed, (folder / path.name).open("wb") as file:
            while data := packed.read(PART):
                room -= len(data)
                if room < 0:
                    raise Refused("too_large", _("The archive unpacks to far too much."))
                file.write(data)
