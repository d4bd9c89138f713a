"""Bringing in a sales file: checked as a whole, then written as a whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.audit import record
from accounts.beginnings import first_owner
from accounts.models import User
from archive.history.documents import ZERO, OldDocument, amounts, assemble
from archive.history.known import difference, find_known
from archive.history.lines import SalesFile
from archive.history.mapping import MapError, read_map
from archive.history.matching import Item, find_customers, find_items, make_customers, make_items
from archive.history.places import find_places
from archive.history.reading import Faults, Line
from archive.history.report import Listen, Report
from archive.history.survey import Survey
from archive.history.writing import Writer
from archive.models import ImportBatch
from archive.products.journal import Journal
from archive.tables.errors import TableError
from archive.turns import changed_meanwhile, is_locked, lock_business
from reports.folding import fold
from sales.numbering import living_prefixes, prefix_of
from tenants.bulk import long_work
from tenants.context import current

Progress = Callable[[int, int], None]
CHUNK = 1000


class SalesRefused(Exception):
    """Nothing was written. The message is one sentence; `report` has the faults, if there are any."""

    def __init__(self, message: str, report: Report | None = None) -> None:
        super().__init__(message)
        self.report = report or Report()


@dataclass(frozen=True, slots=True)
class Options:
    """`location`: id, code or name, needed where the business has several and the file names none.

    `create_missing` makes products for codes that the catalogue lacks; `stock` moves stock.
    """

    location: str = ""
    create_missing: bool = False
    stock: bool = False


def read_options(data: Mapping[str, Any]) -> Options:
    """Options as JSON has them; what is unknown is left out."""
    return Options(
        location=str(data.get("location") or ""),
        create_missing=bool(data.get("create_missing")),
        stock=bool(data.get("stock")),
    )


def check_sales(
    source: Path | str | IO[bytes],
    *,
    name: str,
    mapping: Mapping[str, Any],
    options: Mapping[str, Any],
    progress: Progress | None = None,
    listen: Listen | None = None,
) -> Report:
    """What an import of this file into the bound business would do; writes nothing.

    `source` is a path or a seekable file; `name` is what people call it; `mapping` is the map as
    JSON (docs/importing.md), such as {"preset": "online-retail"}; `options` are those of `Options`.
    `listen` hears of everything that is wrong or doubted, while the report lists the first of it.
    Raises SalesRefused where file, map or options cannot be used at all.
    """
    work = _Work(source, name, mapping, options, progress)
    work.report.hear(listen)
    with _one_sentence(), long_work():
        return work.run()


def import_sales(
    source: Path | str | IO[bytes],
    *,
    name: str,
    mapping: Mapping[str, Any],
    options: Mapping[str, Any],
    by: User | None = None,
    progress: Progress | None = None,
    batch: ImportBatch | None = None,
) -> ImportBatch:
    """Write the documents that are new, all of them in one transaction; the others stay as they are.

    Arguments as for `check_sales`; `by` is who brings it in, else the owner of the business.
    `batch` is the row to note the import on; without one a row is made, unless nothing was new:
    then the one returned is not saved. Its `report` is `Report.as_json()`.
    One import at a time in a business: a second one waits, and is refused if that takes long.
    Raises SalesRefused: where the file cannot be used, has faults, or has codes that the catalogue
    lacks and that were not to be made.
    """
    with _one_sentence(), long_work():
        # Sales of the day take a key share of this row and go on; another import waits.
        with _one_at_a_time():
            lock_business()
        work = _Work(source, name, mapping, options, progress)
        person = by or find_business_owner()
        row: ImportBatch = batch or ImportBatch.objects.create(
            kind=ImportBatch.Kind.SALES,
            file_name=name[:200],
            mapping=dict(mapping),
            options=dict(options),
            created_by=by,
        )
        report = work.run(person, Journal(row))
        row.file_hash, row.report = work.hash, report.as_json()
        if batch is None and not report.new.documents:
            # What was made for documents that were refused goes, too.
            transaction.set_rollback(True)
            row._state.adding = True
            return row
        row.state, row.applied_at = ImportBatch.State.APPLIED, timezone.now()
        row.save()
        if report.new.documents:
            changes = {
                "documents": [None, report.new.documents],
                "sum": [None, row.report["new"]["sum"]],
            }
            fold()
            record(actor=person, action="sales.import", target=row, changes=changes)
    return row


def find_business_owner() -> User:
    """The person in whose name a command acts. Raises SalesRefused without one."""
    user = first_owner()
    if user is None:
        raise SalesRefused(_("The business has no owner in whose name the sales could come in."))
    return user


@contextmanager
def _one_sentence() -> Iterator[None]:
    """What makes a file or a map useless is refused in its own sentence."""
    try:
        yield
    except (TableError, MapError) as error:
        raise SalesRefused(str(error)) from None
    except IntegrityError as error:
        raise SalesRefused(str(changed_meanwhile())) from error


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Whoever waited for another import as long as the database lets them is refused."""
    try:
        yield
    except OperationalError as error:
        if not is_locked(error):
            raise
        raise SalesRefused(
            _("Another import is at work in this business; try again when it is done.")
        ) from None


class _Work:
    """One file, read twice: what it holds, then document by document."""

    def __init__(
        self,
        source: Path | str | IO[bytes],
        name: str,
        mapping: Mapping[str, Any],
        options: Mapping[str, Any],
        progress: Progress | None,
    ) -> None:
        self.source, self.name, self.given = source, name, mapping
        self.options = read_options(options)
        self.progress = progress or (lambda done, total: None)
        self.report = Report()
        self.hash = ""

    def run(self, by: User | None = None, journal: Journal | None = None) -> Report:
        """Account for the file; in the name of `by` write what is new, too, and note it in `journal`.
        Raises SalesRefused and others."""
        self.mapping = read_map(dict(self.given), inclusive=current().prices_include_tax)
        self.file = SalesFile(self.source, self.name, self.mapping)
        self.hash = self.file.sha256()
        report = self.report
        self.survey = Survey(self.mapping)
        for line in self._lines(0):
            self.survey.see(line)
        if not self.survey.lines and not report.faults.count:
            raise SalesRefused(_("%s has a header and no lines.") % self.name)
        self.places = find_places(self.survey, self.options.location, report.faults)
        self.located = {key: one.location.pk for key, one in self.places.items()}
        self._match()
        writer = None
        if by is not None and journal is not None:
            self._refuse_bad()
            self._make(journal)
            writer = self._writer(by, journal)
        self._documents(writer)
        if writer is not None:
            self._refuse_bad()
            self._finish(writer)
        return report

    def _lines(self, turn: int) -> Iterator[Line]:
        """The good lines of the file; faults are noted in the first turn, they are the same then."""
        faults = self.report.faults if turn == 0 else Faults()
        for line, share in self.file.lines(faults):
            yield line
            self.progress(int((turn + share) * 500), 1000)

    def _match(self) -> None:
        report, survey = self.report, self.survey
        self.items: dict[str, Item] = find_items(survey.codes)
        self.customers = find_customers(survey)
        missing = {key: code for key, code in survey.codes.items() if key not in self.items}
        self.missing = missing
        report.codes["all"] = len(survey.codes)
        report.codes["found"] = len(self.items)
        report.codes["missing"] = len(missing)
        report.missing = [
            {"code": c.spelling, "name": c.name, "item": c.item, "lines": c.lines, "row": c.row}
            for c in missing.values()
        ]
        report.customers["all"] = len(survey.customers)
        report.customers["found"] = len(self.customers)
        report.odd["codes_of_several_cases"] = sum(
            len(code.spellings) > 1 for code in survey.codes.values()
        )
        report.odd["codes_of_several_names"] = sum(
            len(code.names) > 1 for code in survey.codes.values()
        )

    def _refuse_bad(self) -> None:
        report = self.report
        if count := report.faults.count:
            raise SalesRefused(
                ngettext(
                    "The file has %(count)s fault; nothing was imported.",
                    "The file has %(count)s faults; nothing was imported.",
                    count,
                )
                % {"count": count},
                report,
            )
        if self.missing and not self.options.create_missing:
            count = len(self.missing)
            raise SalesRefused(
                ngettext(
                    "%(count)s code of the file is not in the catalogue; nothing was imported.",
                    "%(count)s codes of the file are not in the catalogue; nothing was imported.",
                    count,
                )
                % {"count": count},
                report,
            )

    def _make(self, journal: Journal) -> None:
        made = make_items(self.missing, journal)
        self.items |= made
        self.report.codes["made"] = len(made)
        new = [key for key in self.survey.customers if key not in self.customers]
        self.customers |= make_customers(new, self.survey, journal)
        self.report.customers["made"] = len(new)

    def _writer(self, by: User, journal: Journal) -> Writer:
        return Writer(
            self.survey,
            places=self.places,
            items=self.items,
            customers=self.customers,
            by=by,
            stock=self.options.stock,
            journal=journal,
        )

    def _documents(self, writer: Writer | None) -> None:
        self.living = living_prefixes()
        self.prefixes: set[str] = set()
        documents = assemble(
            self._lines(1),
            self.survey.documents,
            inclusive=self.mapping.prices_include_tax,
            faults=self.report.faults,
        )
        while chunk := list(islice(documents, CHUNK)):
            new = list(self._new(chunk))
            if writer is not None:
                writer.write(new)

    def _new(self, documents: Sequence[OldDocument]) -> Iterator[OldDocument]:
        """Accounts for each document, and gives those that are not here yet."""
        report, codes = self.report, self.survey.codes
        there = find_known(documents)
        inclusive = self.mapping.prices_include_tax
        for document in documents:
            place = self.places.get(document.location)
            if place is None:
                continue
            items = [codes[line.code.casefold()].item for line in document.lines]
            own = report.account(document, items, place.moment(document).date())
            report.total += sum((amounts(line, inclusive).total for line in document.lines), ZERO)
            known = there.get(document.number)
            if known is None:
                if not self._clashes(document):
                    report.new.add(own)
                    yield document
                continue
            reason = difference(document, known, place, inclusive)
            if reason:
                report.refuse(document, own, reason)
            else:
                report.same.add(own)

    def _clashes(self, document: OldDocument) -> bool:
        """Whether a register gives such numbers, to receipts of its own: then that is a fault."""
        prefix = prefix_of(document.number)
        if prefix not in self.living:
            self.prefixes.add(prefix)
            return False
        told = _("is a number that %s gives to its own receipts; begin it otherwise in the file")
        column = " + ".join(self.mapping.columns["number"])
        reason = told % self.living[prefix]
        self.report.faults.add(document.row, column, document.number, reason)
        return True

    def _finish(self, writer: Writer) -> None:
        report = self.report
        writer.finish()
        if self.prefixes & living_prefixes().keys():
            raise SalesRefused(_("A register was added meanwhile that gives numbers of the file."))
        now = find_places(self.survey, self.options.location, Faults())
        if {key: one.location.pk for key, one in now.items()} != self.located:
            raise SalesRefused(_("Locations of the file were changed meanwhile; try again."))
        if report.lines != self.survey.lines:
            raise SalesRefused(_("%s changed while it was read.") % self.name)
        if self.options.stock:
            report.stock["movements"] = writer.movements
            report.stock["below_zero"] = writer.below_zero()
