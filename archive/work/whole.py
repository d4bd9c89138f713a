"""A whole business at the pages: the export of an older system, or the file that Tillbook writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, ClassVar, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Membership
from accounts.permissions import Permission
from archive.arriving import hindrance
from archive.exportfile import Bounds, ExportFileError
from archive.files import opened
from archive.importing import ImportRefused, Moved, import_export
from archive.jobs import Task
from archive.models import FilePart, ImportBatch, Job, StoredFile
from archive.own_rows import STREAMED
from archive.rows import Fault
from archive.validation import Export, read_export
from archive.work.desk import Desk, Figure, Listing, Preview, Trouble
from archive.work.problems import CHUNK, ProblemFile, row
from tenants.context import current
from tenants.errors import Refused
from tenants.models import Business

P = Permission

#: A gigabyte of sales goes by; of the rest a quarter of that, which is a catalogue of some fifty
#: thousand products in the widest form.
BOUNDS: Final = Bounds(all=1024**3, kept=256 * 1024**2, streamed=frozenset(STREAMED))
#: So many businesses of a file are offered to choose from.
MOST_CHOICES: Final = 100

#: Tables in the order in which people want to hear of them.
NAMES: Final[dict[str, Any]] = {
    "locations": gettext_lazy("Locations"),
    "roles": gettext_lazy("Roles"),
    "users": gettext_lazy("People"),
    "categories": gettext_lazy("Categories"),
    "brands": gettext_lazy("Brands"),
    "units": gettext_lazy("Units"),
    "taxRates": gettext_lazy("Tax rates"),
    "suppliers": gettext_lazy("Suppliers"),
    "customers": gettext_lazy("Customers"),
    "products": gettext_lazy("Products"),
    "productVariations": gettext_lazy("Variations"),
    "barcodes": gettext_lazy("Barcodes"),
    "stock prices": gettext_lazy("Prices of locations"),
    "locationPrices": gettext_lazy("More prices of locations"),
    "stock": gettext_lazy("Quantities in stock"),
    "devices": gettext_lazy("Devices"),
    "registers": gettext_lazy("Tills"),
    "shifts": gettext_lazy("Shifts"),
    "sales": gettext_lazy("Sales"),
    "stockDocuments": gettext_lazy("Stock documents"),
    "movements": gettext_lazy("Stock movements"),
    "creditAccounts": gettext_lazy("Customers with credit"),
    "creditEntries": gettext_lazy("Entries of credit"),
    "pictures": gettext_lazy("Pictures"),
}
FIGURES: Final = ("locations", "users", "products", "customers", "sales")
#: What a file says of the business itself.
FACTS: Final[dict[str, Any]] = {
    "name": gettext_lazy("Name"),
    "currency": gettext_lazy("Currency"),
    "time_zone": gettext_lazy("Time zone"),
    "locale": gettext_lazy("Format of numbers and dates"),
    "tax_label": gettext_lazy("Name of the tax"),
    "tax_number": gettext_lazy("Tax number"),
}


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file that was brought to the bound business, read from the database piece by piece."""

    file: StoredFile

    @property
    def name(self) -> str:
        return str(self.file.name)

    def opened(self) -> AbstractContextManager[IO[bytes]]:
        return opened(self.file)

    def size(self) -> int:
        return int(self.file.size)


class WholeDesk(Desk):
    kind = ImportBatch.Kind.DATA
    label = gettext_lazy("Whole business")
    text = gettext_lazy(
        "Everything of a shop in one file: the database export of an older point of sale, or the"
        " file that Tillbook itself writes. It becomes this business, which is still empty, or"
        " brings it up to date."
    )
    action = gettext_lazy("Import a business")
    icon = "store"
    accept = ".json,.gz"
    hint = gettext_lazy("JSON; also compressed with gzip.")
    has_columns: ClassVar[bool] = False
    may_undo: ClassVar[bool] = False
    owners_only: ClassVar[bool] = True
    # Whatever the file brings, its importer may make by hand.
    needs = (
        P.BUSINESS_SETTINGS_EDIT, P.LOCATION_CREATE, P.USER_CREATE, P.USER_UPDATE, P.ROLE_CREATE,
        P.ROLE_UPDATE, P.PRODUCT_CREATE, P.PRODUCT_OPENING_STOCK, P.TAX_RATE_CREATE,
        P.SUPPLIER_CREATE, P.CUSTOMER_CREATE, P.CUSTOMER_CREDIT_GRANT, P.REGISTER_CREATE,
        P.SELL_CREATE,
    )  # fmt: skip

    def hindrance(self) -> str:
        # As it is now: the request's own was read before anything that has happened since.
        return hindrance(Business.objects.get(pk=current().pk))

    def check(self, task: Task, batch: ImportBatch, stream: IO[bytes]) -> dict[str, Any]:
        export = _read(task, batch)
        chosen = _chosen(export, batch)
        report = {
            "businesses": _businesses(export),
            "chosen": chosen,
            **_wrong(export, batch, task),
        }
        if export.faults or chosen is None:
            return report
        moved = _run(task, export, chosen, dry_run=True, stage=_("Trying it out"))
        return {**report, **_told(export, moved)}

    def apply(self, task: Task, batch: ImportBatch, stream: IO[bytes]) -> dict[str, Any]:
        export = _read(task, batch)
        chosen = _chosen(export, batch)
        if export.faults or chosen is None:
            raise Refused("moved_on", _("This import was changed meanwhile; look at it again."))
        before = batch.report.get("facts", {})
        moved = _run(task, export, chosen, dry_run=False, stage=_("Importing the business"))
        _forget_file(batch)
        report = {"businesses": _businesses(export), "chosen": chosen, **_told(export, moved)}
        return {**report, "facts": before, "fault_count": 0, "wrong": []}

    def preview(self, report: Mapping[str, Any], *, member: Membership, done: bool) -> Preview:
        count = report["fault_count"]
        if report["chosen"] is None:
            return _choice(report)
        several = len(report["businesses"]) > 1 and not count
        preview = Preview(
            choices=_choices(report) if several else [],
            chosen=str(report["chosen"]),
            problems=[Trouble(**one) for one in report["wrong"]],
            problem_count=count,
            bad=count,
            writes=not count,
        )
        if count:
            preview.blocked = _(
                "All of it comes in or nothing. Have these mended where the file comes from, and"
                " choose it again."
            )
            return preview
        counts = report["counts"]
        preview.figures = [
            Figure(NAMES[name], f"{sum(counts[name]):,}") for name in FIGURES if name in counts
        ]
        preview.listings = [one for one in (_facts(report), _rows(report, done)) if one.rows]
        preview.notes = report["notes"]
        preview.good = sum(new + changed for new, changed, _same in counts.values())
        preview.writes = bool(preview.good)
        return preview


def _read(task: Task, batch: ImportBatch) -> Export:
    assert batch.file is not None
    progress = partial(task.progress, stage=_("Reading the file"))
    try:
        return read_export(Uploaded(batch.file), progress, bounds=BOUNDS)
    except ExportFileError as error:
        raise Refused("unreadable", str(error)) from None


def _chosen(export: Export, batch: ImportBatch) -> int | None:
    """The id of the business that comes in: the one that there is, or the one that was chosen."""
    if len(export.businesses) == 1:
        return next(iter(export.businesses))
    wanted = batch.options.get("chosen", {}).get("business")
    if wanted is not None and int(wanted) in export.businesses:
        return int(wanted)
    # With faults there is nothing to choose yet.
    return 0 if export.faults else None


def _run(task: Task, export: Export, chosen: int, *, dry_run: bool, stage: str) -> Moved:
    try:
        (moved,) = import_export(
            export,
            only=str(chosen),
            into=current(),
            by=task.actor,
            dry_run=dry_run,
            progress=partial(task.progress, stage=stage),
        )
    except ImportRefused as refused:
        raise Refused("refused", str(refused)) from None
    return moved


def _forget_file(batch: ImportBatch) -> None:
    """What came in is here now; the file may hold passwords, and is kept no longer."""
    file = batch.file
    if file is None:
        return
    ImportBatch.objects.filter(file=file).update(file=None)
    Job.objects.filter(file=file).update(file=None)
    FilePart.objects.filter(file=file).delete()
    StoredFile.objects.filter(pk=file.pk).delete()
    batch.file = None


# -- the report -----------------------------------------------------------------------------------


def _businesses(export: Export) -> list[dict[str, Any]]:
    rows = [export.businesses[key] for key in sorted(export.businesses)[:MOST_CHOICES]]
    return [
        {
            "id": one.id,
            "name": one.name,
            "locations": sum(p.business_id == one.id for p in export.locations.values()),
            "products": sum(p.business_id == one.id for p in export.products.values()),
        }
        for one in rows
    ]


def _wrong(export: Export, batch: ImportBatch, task: Task) -> dict[str, Any]:
    """The first faults, and a file of all that were found where there are more."""
    with ProblemFile(f"problems-{batch.pk}.csv", by=task.actor.user) as problems:
        for fault in export.faults:
            problems.add(row(_place(fault), fault.field, fault.value, fault.reason, is_error=True))
        file = problems.finish()
    return {
        "fault_count": len(export.faults),
        "wrong": [
            {"row": _place(f), "column": f.field, "value": f.value, "reason": f.reason}
            for f in export.faults[:CHUNK]
        ],
        "problems_file": str(file.pk) if file is not None else "",
    }


def _place(fault: Fault) -> str:
    return fault.table if fault.id is None else f"{fault.table} {fault.id}"


def _told(export: Export, moved: Moved) -> dict[str, Any]:
    business, there = current(), moved.business
    facts = {name: [str(getattr(business, name)), str(getattr(there, name))] for name in FACTS}
    return {
        "is_new": moved.created,
        "facts": {name: pair for name, pair in facts.items() if pair[0] != pair[1]},
        "counts": {
            name: [one.created, one.changed, one.same]
            for name, one in moved.counts.items()
            if one.created or one.changed or one.same
        },
        "notes": [*moved.notes, *_aside(export)],
    }


def _aside(export: Export) -> list[str]:
    """What the file holds and we do not."""
    notes = []
    if export.unknown_permissions:
        names = ", ".join(sorted(export.unknown_permissions))
        notes.append(_("Permissions that Tillbook does not have were left out: %s.") % names)
    for table, columns in sorted(export.unknown_columns.items()):
        told = {"table": table, "names": ", ".join(sorted(columns))}
        notes.append(_("Columns of “%(table)s” that Tillbook does not have: %(names)s.") % told)
    if export.ignored:
        names = ", ".join(export.ignored)
        notes.append(_("Other parts of the file were left out: %s.") % names)
    return [note if len(note) <= _LONGEST else note[: _LONGEST - 1] + "…" for note in notes]


#: Names in a file are its writer's, and may be many and long.
_LONGEST: Final = 1000


def _choice(report: Mapping[str, Any]) -> Preview:
    return Preview(
        choices=_choices(report),
        writes=False,
        blocked=""
        if report["businesses"]
        else _("The file holds no business at all, only empty tables."),
    )


def _choices(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(str(one["id"]), _described(one)) for one in report["businesses"]]


def _described(one: Mapping[str, Any]) -> str:
    return _("%(name)s (locations: %(locations)s, products: %(products)s)") % {
        "name": one["name"],
        "locations": f"{one['locations']:,}",
        "products": f"{one['products']:,}",
    }


def _facts(report: Mapping[str, Any]) -> Listing:
    facts = report["facts"]
    rows = [
        [str(FACTS[one]), *(text or "–" for text in facts[one])] for one in FACTS if one in facts
    ]
    return Listing(_("This business"), [_("What"), _("Before"), _("Afterwards")], rows)


def _rows(report: Mapping[str, Any], done: bool) -> Listing:
    counts: dict[str, Sequence[int]] = report["counts"]
    rows = [
        [str(label), *(f"{number:,}" for number in counts[name])]
        for name, label in NAMES.items()
        if name in counts
    ]
    title = _("What came in") if done else _("What comes in")
    head = [_("What"), _("Added") if done else _("New"), _("Changed"), _("Left as it is")]
    return Listing(title, head, rows, numbers=frozenset({1, 2, 3}))
