"""Sales history at the pages: its columns, its options, its report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import IO, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Membership
from accounts.permissions import Permission
from archive.history.importing import SalesRefused, check_sales, import_sales
from archive.history.mapping import JOINED, REQUIRED, preset_for
from archive.history.presets import PRESETS
from archive.history.reading import RowFault
from archive.history.report import MOST
from archive.history.undo import undo_sales
from archive.jobs import Task
from archive.models import ImportBatch
from archive.work.desk import Desk, Field, Figure, Listing, Preview, Text, Trouble
from archive.work.problems import ProblemFile
from archive.work.problems import row as problem_row
from tenants.context import current
from tenants.errors import Refused
from tenants.models import Location

LABELS: dict[str, Text] = {
    "number": gettext_lazy("Receipt number"),
    "code": gettext_lazy("Product code"),
    "quantity": gettext_lazy("Quantity"),
    "price": gettext_lazy("Unit price"),
    "time": gettext_lazy("Date and time"),
    "name": gettext_lazy("Description"),
    "cost": gettext_lazy("Unit cost"),
    "total": gettext_lazy("Total of the line"),
    "tax": gettext_lazy("Tax of the line"),
    "tax_rate": gettext_lazy("Tax rate in percent"),
    "customer": gettext_lazy("Customer's code"),
    "customer_name": gettext_lazy("Customer's name"),
    "location": gettext_lazy("Location"),
}
TIMES = (
    ("", gettext_lazy("2026-01-31 14:30 (ISO)")),
    ("%d/%m/%Y %H:%M", gettext_lazy("31/01/2026 14:30")),
    ("%d.%m.%Y %H:%M", gettext_lazy("31.01.2026 14:30")),
    ("%m/%d/%Y %H:%M", gettext_lazy("01/31/2026 14:30")),
    ("%d/%m/%Y", gettext_lazy("31/01/2026")),
    ("%d.%m.%Y", gettext_lazy("31.01.2026")),
    ("%m/%d/%Y", gettext_lazy("01/31/2026")),
    ("%Y-%m-%d %H:%M:%S", gettext_lazy("2026-01-31 14:30:00")),
)
PRICES = (("with", gettext_lazy("With tax")), ("before", gettext_lazy("Before tax")))
KINDS: dict[str, Text] = {
    "sale": gettext_lazy("Sales"),
    "return": gettext_lazy("Returns"),
    "adjustment": gettext_lazy("Adjustments"),
    "free": gettext_lazy("Given without a price"),
    "write_off": gettext_lazy("Write-offs of stock"),
}


class SalesOptions(forms.Form):
    location = forms.ChoiceField(
        label=gettext_lazy("Sold at"),
        required=False,
        help_text=gettext_lazy("Where no column of the file says so."),
    )
    time = forms.ChoiceField(label=gettext_lazy("Dates look like"), required=False, choices=TIMES)
    returns = forms.CharField(
        label=gettext_lazy("Numbers of returns begin with"), required=False, max_length=10
    )
    prices = forms.ChoiceField(
        label=gettext_lazy("Prices in the file"),
        required=False,
        choices=PRICES,
        help_text=gettext_lazy("Counts where a column holds the tax."),
    )
    create_missing = forms.BooleanField(
        label=gettext_lazy("Add products for codes that the catalogue lacks"), required=False
    )
    stock = forms.BooleanField(
        label=gettext_lazy("Move stock, as if the goods were sold here"),
        required=False,
        help_text=gettext_lazy("Leave it off when the stock on hand was counted or imported."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["prices"].initial = PRICES[not current().prices_include_tax][0]
        names = list(Location.objects.filter(is_active=True).values_list("code", "name"))
        self.fields["location"].choices = [  # type: ignore[attr-defined]
            *([("", _("The file says it"))] if len(names) > 1 else []),
            *names,
        ]


P = Permission


class SalesDesk(Desk):
    kind = ImportBatch.Kind.SALES
    label = gettext_lazy("Sales history")
    text = gettext_lazy(
        "What was sold before, line by line, with its own numbers and dates. Reports show it from"
        " then on; stock does not move unless you ask for it."
    )
    action = gettext_lazy("Import sales")
    icon = "receipt"
    hint = gettext_lazy("CSV, TSV or Excel; also compressed with gzip.")
    undo_text = gettext_lazy(
        "Its receipts leave the books, with what was added for them, and stock that they moved is as"
        " before. It is refused when something of it was sold or changed since, or when later history"
        " follows it."
    )
    undone_text = gettext_lazy(
        "Receipts, stock, products and customers are as they were before it."
    )
    needs = (P.SELL_CREATE, P.SELL_REFUND, P.CUSTOMER_CREATE)

    def needs_for(self, batch: ImportBatch) -> tuple[Permission, ...]:
        chosen = batch.options.get("chosen", {})
        wanted = list(self.needs)
        if chosen.get("create_missing"):
            wanted.append(P.PRODUCT_CREATE)
        if chosen.get("stock"):
            wanted.append(P.INVENTORY_CORRECTION_CREATE)
        return tuple(wanted)

    def fields(self) -> Sequence[Field]:
        return [Field(name, label, required=name in REQUIRED) for name, label in LABELS.items()]

    def presets(self) -> Sequence[tuple[str, Text]]:
        return [(name, name.replace("-", " ").title()) for name in sorted(PRESETS)]

    def preset_of(self, columns: Sequence[str]) -> str:
        return preset_for(columns) or ""

    def assigned(self, columns: Sequence[str], preset: str = "") -> dict[str, str]:
        if preset in PRESETS:
            meant = PRESETS[preset]["columns"]
            named = {c: field for field, value in meant.items() for c in _listed(value)}
            return {column: named[column] for column in columns if column in named}
        known = {_key(str(label)): name for name, label in LABELS.items()}
        known |= {_key(name): name for name in LABELS} | ALSO
        found: dict[str, str] = {}
        for column in columns:
            name = known.get(_key(column))
            if name and name not in found.values():
                found[column] = name
        return found

    def may_repeat(self, field: str) -> bool:
        return field in JOINED

    def options_form(self, data: Any, initial: Mapping[str, Any]) -> forms.Form:
        return SalesOptions(data, initial=dict(initial))

    def check(self, task: Task, batch: ImportBatch, stream: IO[bytes]) -> dict[str, Any]:
        name = f"problems-{batch.pk}.csv"
        with ProblemFile(name, by=task.actor.user, listed=MOST) as every:
            try:
                report = check_sales(
                    stream,
                    name=batch.file_name,
                    mapping=sales_map(batch),
                    options=batch.options.get("chosen", {}),
                    progress=partial(task.progress, stage=_("Checking the file")),
                    listen=partial(_keep, every),
                )
            except SalesRefused as refused:
                raise Refused("refused", str(refused)) from None
            kept = every.finish()
        adds = bool(batch.options.get("chosen", {}).get("create_missing"))
        told = {"adds_missing": adds, "problems_file": str(kept.pk) if kept else ""}
        return {**report.as_json(), **told}

    def apply(self, task: Task, batch: ImportBatch, stream: IO[bytes]) -> dict[str, Any]:
        try:
            done = import_sales(
                stream,
                name=batch.file_name,
                mapping=sales_map(batch),
                options=batch.options.get("chosen", {}),
                by=task.actor.user,
                progress=partial(task.progress, stage=_("Importing sales")),
                batch=batch,
            )
        except SalesRefused as refused:
            raise Refused("refused", str(refused)) from None
        report: dict[str, Any] = done.report
        return report

    def undo(self, task: Task, batch: ImportBatch) -> None:
        undo_sales(
            batch,
            actor=task.actor.user,
            progress=partial(task.progress, stage=_("Taking it back")),
        )

    def preview(self, report: Mapping[str, Any], *, member: Membership, done: bool) -> Preview:
        return SalesPreview(report, done).shown()


def _keep(every: ProblemFile, one: RowFault, is_error: bool) -> None:
    every.add(problem_row(one.row, one.column, one.value, one.reason, is_error=is_error))


# Other names that columns of such files have.
ALSO = {
    "invoiceno": "number", "invoice": "number", "receipt": "number", "order": "number",
    "stockcode": "code", "sku": "code", "barcode": "code", "item": "code",
    "qty": "quantity", "unitprice": "price", "price": "price", "date": "time",
    "invoicedate": "time", "soldat": "time", "product": "name", "customerid": "customer",
    "vat": "tax", "vatrate": "tax_rate", "store": "location", "shop": "location",
}  # fmt: skip


def _key(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def sales_map(batch: ImportBatch) -> dict[str, Any]:
    """The map of archive/history out of what was chosen at the page."""
    mapping, chosen = batch.mapping, batch.options.get("chosen", {})
    found: dict[str, Any] = dict(PRESETS.get(mapping.get("preset", ""), {}))
    columns: dict[str, Any] = {}
    for column, name in mapping["columns"].items():
        columns[name] = [*_listed(columns.get(name, [])), column]
    found["columns"] = {
        name: names if len(names) > 1 else names[0] for name, names in columns.items()
    }
    if not found.get("time"):
        found["time"] = chosen.get("time", "")
    if prices := chosen.get("prices", ""):
        found["prices_include_tax"] = prices == "with"
    if prefix := chosen.get("returns", ""):
        number = columns["number"][0]
        found["kinds"] = [{"kind": "return", "column": number, "starts_with": prefix}]
    read = batch.options.get("read", {})
    return found | {key: value for key, value in read.items() if key != "sheet"}


class SalesPreview:
    """A report of archive/history as the pages show it."""

    def __init__(self, report: Mapping[str, Any], done: bool) -> None:
        self.report, self.done = report, done

    def shown(self) -> Preview:
        report = self.report
        new, same = report["new"], report["same"]
        sum_label = _("Sum of all lines (%(currency)s)") % {"currency": current().currency}
        preview = Preview(
            figures=[
                Figure(_("Lines"), _number(report["lines"])),
                Figure(
                    _("Imported receipts") if self.done else _("New receipts"),
                    _number(new["documents"]),
                    "up",
                ),
                Figure(_("Already here"), _number(same["documents"])),
                Figure(sum_label, report["sum"]),
            ],
            listings=[self._kinds(), self._missing()],
            problems=[_trouble(one) for one in (*report["faults"], *report["refusals"])],
            problem_count=report["fault_count"] + report["refused"]["documents"],
            warnings=[
                Trouble(one["row"], "", f"{one['quantity']} × {one['price']}", _("is a lot"))
                for one in report["implausible"]
            ],
            warning_count=report["odd"].get("implausible", 0),
            notes=list(report["notes"]),
            writes=bool(new["documents"]),
            good=new["documents"],
            bad=report["fault_count"],
        )
        preview.listings = [one for one in preview.listings if one.rows]
        if report["fault_count"]:
            preview.blocked = _(
                "History comes in whole or not at all. Mend these cells in the file, or leave its"
                " column out, and choose the file again."
            )
        elif not report["lines"]:
            preview.blocked = _("The file holds names of columns, and nothing below them.")
        elif report["missing"] and not self.done and not report.get("adds_missing"):
            preview.blocked = _(
                "The catalogue lacks some of the codes. Import the products first, or go back and"
                " have products added for them."
            )
        return preview

    def _kinds(self) -> Listing:
        rows = [
            [
                str(KINDS.get(name, name)),
                _number(tally["documents"]),
                _number(tally["lines"]),
                tally["sum"],
            ]
            for name, tally in self.report["kinds"].items()
        ]
        head = [_("Kind"), _("Receipts"), _("Lines"), _("Sum")]
        return Listing(_("What the file holds"), head, rows, numbers=frozenset({1, 2, 3}))

    def _missing(self) -> Listing:
        missing = self.report["missing"]
        rows = [
            [str(one.get("code", "")), str(one.get("name", "")), _number(one.get("lines", 0))]
            for one in missing[:SHOWN]
        ]
        head = [_("Code"), _("Description"), _("Lines")]
        adds = self.done or self.report.get("adds_missing")
        title = _("Products that are added") if adds else _("Codes that the catalogue lacks")
        return Listing(title, head, rows, max(0, len(missing) - SHOWN), frozenset({2}))


SHOWN = 50


def _number(value: Any) -> str:
    return f"{value:,}"


def _trouble(one: Mapping[str, Any]) -> Trouble:
    return Trouble(one["row"], one["column"], one["value"], one["reason"])
