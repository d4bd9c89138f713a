"""Importing a table of products: looking at what it would do, doing it, and taking it back.

The bound business is meant throughout. One import is at work in a business at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import record
from accounts.models import User
from archive.models import ImportBatch
from archive.products.apply import Writer
from archive.products.drafts import Problem, ProductDraft, ReadOptions
from archive.products.images import Archive, Pictures
from archive.products.journal import Journal
from archive.products.mapping import ColumnMapping, detect
from archive.products.options import Options
from archive.products.plan import Planner, batches
from archive.products.planned import ProductPlan
from archive.products.readers import read_drafts
from archive.products.report import Report
from archive.products.telling import tell_plan
from archive.products.undo import take_back
from archive.tables import Table, open_table
from archive.turns import lock_business, refusing, taking_back
from tenants.bulk import long_work
from tenants.errors import Refused

Source = Path | str | IO[bytes]
Progress = Callable[[int, int], None]
#: {field: column}, a preset's name, or what a person saved; None: found out from the header.
MappingLike = ColumnMapping | Mapping[str, Any] | None
OptionsLike = Options | Mapping[str, Any]

BLOCK: Final = 1024 * 1024


class ImportRefused(Refused):
    """Nothing was written; `report` says what is wrong with which row."""

    def __init__(self, code: str, message: str, report: Report) -> None:
        super().__init__(code, message)
        self.report = report


def check_products(
    source: Source,
    *,
    name: str,
    mapping: MappingLike,
    options: OptionsLike,
    progress: Progress | None = None,
    pictures: IO[bytes] | str | None = None,
    listen: Callable[[Problem], None] | None = None,
) -> Report:
    """What importing this file would do, and what is wrong with it; writes nothing.

    `source` is a path or a seekable binary file, `name` what people call it, `pictures` a zip
    archive. `progress` hears of the rows read, and about how many there are, `listen` of every problem.
    Raises Refused with
    one sentence where the file is no table, or the choices do not fit the business.
    """
    with refusing(), long_work():
        run = _Run(source, name, mapping, options, progress, pictures, lock=False)
        run.report.listen = listen
        for _plans in run.plans():
            run.planner.shelves.take_new()
        run.report.counts["pictures"] = len(run.pictures.missing())
        return run.report


def import_products(
    source: Source,
    *,
    name: str,
    mapping: MappingLike,
    options: OptionsLike,
    actor: User | None,
    progress: Progress | None = None,
    batch: ImportBatch | None = None,
    pictures: IO[bytes] | str | None = None,
    otherwise: ExitStack | None = None,
) -> ImportBatch:
    """Import the file: all of it in one transaction, planned anew inside it.

    Returns the batch, applied, with its report; the one given, or a new one. Where there is nothing
    to write, a new one is not stored. Pictures that were stored are deleted when the import fails;
    within a larger transaction `otherwise` is told how, for when that one fails.
    Raises ImportRefused when rows are wrong and `only` is "all",
    Refused when the file is no table, when another import is at work in this business, or when the
    catalogue changed meanwhile; nothing is written then.
    """
    run: _Run | None = None
    try:
        with refusing(), long_work():
            lock_business()
            run = _Run(source, name, mapping, options, progress, pictures, lock=True)
            if otherwise is not None:
                otherwise.callback(run.pictures.forget)
            row = _batch(batch, run, actor)
            _write(run, row, actor)
            if batch is None and not run.report.writes:
                transaction.set_rollback(True)
                row._state.adding = True
            return row
    except BaseException:
        if run is not None:
            run.pictures.forget()
        raise


def undo_import(batch: ImportBatch, *, actor: User | None) -> None:
    """Take an import back: products, prices and levels are as before it.

    Raises Refused, with the reason and examples, once something of it was sold, moved or edited
    since; nothing is changed then.
    """
    if batch.kind != ImportBatch.Kind.PRODUCTS:
        raise Refused("not_applied", _("Only an import that was made can be taken back."))
    with taking_back(batch, actor=actor) as row:
        take_back(row, actor=actor)


class _Run:
    """One reading of one file."""

    def __init__(
        self,
        source: Source,
        name: str,
        mapping: MappingLike,
        options: OptionsLike,
        progress: Progress | None,
        pictures: IO[bytes] | str | None,
        *,
        lock: bool,
    ) -> None:
        self.source, self.name = source, name
        self.options = options if isinstance(options, Options) else Options.from_json(options)
        self.progress = progress
        self.table = self._open()
        self.mapping = chosen_mapping(mapping, self.table)
        self.report = Report()
        self.report.table = {
            **self.table.about.as_dict(),
            "columns": self.table.columns,
            "mapping": self.mapping.as_json(),
            "unmatched": self.mapping.unmatched,
        }
        # Names of one system say nothing about those of another.
        self.references = f"products {self.mapping.preset}".strip()
        self.planner = Planner(
            self.options, source=self.references, columns=self.mapping.columns, lock=lock
        )
        self.planner.shelves.made = self.report.make
        archive = Archive(pictures) if pictures is not None else None
        self.pictures = Pictures(fetch=self.options.pictures, archive=archive)

    def _open(self) -> Table:
        return open_table(
            self.source,
            name=self.name,
            encoding=self.options.encoding,
            delimiter=self.options.delimiter,
            decimal_comma=self.options.decimal_comma,
            sheet=self.options.sheet,
        )

    def drafts(self) -> Iterator[ProductDraft]:
        return read_drafts(
            self.table,
            self.mapping,
            ReadOptions(decimal_comma=self.options.decimal_comma),
            self.progress,
        )

    def plans(self) -> Iterator[list[ProductPlan]]:
        """The good ones, batch by batch; all are counted in the report."""
        for group in batches(self.drafts()):
            good = []
            for plan in self.planner.plan(group):
                tell_plan(self.report, plan, self.planner.shelves)
                if plan.is_good:
                    good.append(plan)
            self.pictures.want(good)
            yield good

    def is_refused(self) -> bool:
        return self.options.only == "all" and bool(self.report.counts["problems"])


def chosen_mapping(mapping: MappingLike, table: Table) -> ColumnMapping:
    """The mapping that is meant for this table. Raises Refused when it does not fit it."""
    try:
        if mapping is None:
            chosen = detect(table.columns)
        elif isinstance(mapping, ColumnMapping):
            chosen = mapping
        elif set(mapping) == {"preset"}:
            chosen = detect(table.columns, mapping["preset"])
        else:
            chosen = ColumnMapping.from_json(mapping, table.columns)
    except ValueError as error:
        raise Refused("bad_mapping", str(error)) from None
    complaints = chosen.complaints(table.columns)
    if complaints:
        raise Refused("bad_mapping", complaints[0])
    return chosen


def _batch(batch: ImportBatch | None, run: _Run, actor: User | None) -> ImportBatch:
    """The row to be applied, locked; a new one where none is given."""
    if batch is not None:
        row: ImportBatch = ImportBatch.objects.select_for_update().get(pk=batch.pk)
        if row.state not in (ImportBatch.State.DRAFT, ImportBatch.State.CHECKED):
            raise Refused("already_applied", _("This import was made already."))
        return row
    made: ImportBatch = ImportBatch.objects.create(
        kind=ImportBatch.Kind.PRODUCTS,
        file_name=run.name[-200:],
        file_hash=_hash(run.source),
        created_by=actor,
    )
    return made


def _write(run: _Run, row: ImportBatch, actor: User | None) -> None:
    journal = Journal(row)
    note = _("Import of %(file)s") % {"file": row.file_name}
    writer = Writer(journal, actor=actor, source=run.references, note=note)
    for plans in run.plans():
        small = run.planner.shelves.take_new()
        # The rest of the file is looked at for the report alone.
        if not run.is_refused():
            writer.write(plans, small)
    report = run.report
    if run.is_refused():
        count = report.counts["problems"]
        raise ImportRefused(
            "rows_are_wrong",
            _("%(count)d cells or rows are wrong; nothing was imported.") % {"count": count}
            if count > 1
            else _("One cell or row is wrong; nothing was imported."),
            report,
        )
    tell = run.progress or (lambda done, total: None)
    # Before the levels are locked: tills must not wait for other people's servers.
    report.counts["pictures"] = run.pictures.bring(journal, report.tell, tell)
    writer.finish()
    journal.close()
    row.state, row.applied_at = ImportBatch.State.APPLIED, timezone.now()
    row.mapping, row.options = run.mapping.as_json(), run.options.as_json()
    row.report = report.as_json()
    row.save(update_fields=["state", "applied_at", "mapping", "options", "report"])
    if report.writes:
        counts = {name: value for name, value in report.counts.items() if value}
        told = {name: [None, value] for name, value in counts.items()}
        record(actor=actor, action="data.import", target=row, changes=told)


def _hash(source: Source) -> str:
    """SHA-256 of the file as it came."""
    digest = hashlib.sha256()
    if isinstance(source, str | Path):
        with Path(source).open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
        return digest.hexdigest()
    source.seek(0)
    while block := source.read(BLOCK):
        digest.update(block)
    source.seek(0)
    return digest.hexdigest()
