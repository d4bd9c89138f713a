"""Products at the pages: their columns, their options, their report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import IO, Any, ClassVar

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Membership
from accounts.permissions import Permission
from archive.jobs import Task
from archive.models import ImportBatch
from archive.products.drafts import ERROR, Problem
from archive.products.fields import FIELDS
from archive.products.importing import check_products, import_products, undo_import
from archive.products.mapping import NEEDED, detect
from archive.products.presets import PRESETS
from archive.work.desk import Change, Desk, Field, Figure, Listing, Preview, Text, Trouble
from archive.work.problems import ProblemFile
from archive.work.problems import row as problem_row
from tenants import formats
from tenants.context import current
from tenants.models import Location

# What most tables have; the rest is what other systems write.
COMMON = (
    "name", "variation", "sku", "barcode", "category", "subcategory", "brand", "unit",
    "description", "price", "cost", "tax_rate", "tax_inclusive", "is_stocked", "stock", "location",
    "alert_quantity", "is_for_sale", "is_active", "image",
)  # fmt: skip


class ProductOptions(forms.Form):
    stock = forms.ChoiceField(
        label=gettext_lazy("Stock in the file"),
        choices=[
            ("opening", gettext_lazy("Opening stock, where a product has not been kept yet")),
            ("count", gettext_lazy("A count: every level becomes what the file says")),
            ("ignore", gettext_lazy("Leave stock alone")),
        ],
        initial="opening",
    )
    location = forms.ChoiceField(
        label=gettext_lazy("Stock without a location lies at"), required=False
    )
    missing = forms.ChoiceField(
        label=gettext_lazy("Categories, brands, units and tax rates that are not here"),
        choices=[
            ("create", gettext_lazy("Add them")),
            ("refuse", gettext_lazy("Refuse the rows that name them")),
        ],
        initial="create",
    )
    pictures = forms.BooleanField(
        label=gettext_lazy("Fetch pictures from the addresses in the file"), required=False
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places = list(Location.objects.filter(is_active=True).order_by("name"))
        field: Any = self.fields["location"]
        field.choices = [
            *([("", _("Choose"))] if len(places) > 1 else []),
            *((place.code, place.name) for place in places),
        ]


P = Permission
# What adds a row to one of these besides.
MAKES = {
    "categories": P.PRODUCT_CATEGORY_CREATE,
    "brands": P.PRODUCT_BRAND_CREATE,
    "units": P.PRODUCT_UNIT_CREATE,
    "tax_rates": P.TAX_RATE_CREATE,
}


class ProductsDesk(Desk):
    kind = ImportBatch.Kind.PRODUCTS
    label = gettext_lazy("Products")
    text = gettext_lazy(
        "Products with variations, barcodes, prices and stock from a spreadsheet, or as Shopify,"
        " WooCommerce, Square, Loyverse and others write them."
    )
    action = gettext_lazy("Import products")
    icon = "package"
    hint = gettext_lazy("CSV, TSV or Excel; also compressed with gzip.")
    has_template: ClassVar[bool] = True
    undo_text = gettext_lazy(
        "Products, prices and stock become what they were before it. It is refused when something of"
        " it was sold or changed since."
    )
    undone_text = gettext_lazy("Products, prices and stock are as they were before it.")
    needs = (P.PRODUCT_CREATE, P.PRODUCT_UPDATE, P.PRODUCT_PRICE_GLOBAL, P.PRODUCT_PRICE_EDIT_ALL)

    def needs_for(self, batch: ImportBatch) -> tuple[Permission, ...]:
        wanted = list(self.needs)
        stock = batch.options.get("chosen", {}).get("stock")
        if stock in ("opening", "count"):
            wanted.append(P.PRODUCT_OPENING_STOCK)
        if stock == "count":
            wanted.append(P.INVENTORY_CORRECTION_CREATE)
        made = batch.report.get("made", {})
        return (*wanted, *(right for table, right in MAKES.items() if made.get(table)))

    def fields(self) -> Sequence[Field]:
        common = [Field(name, FIELDS[name].label) for name in COMMON]
        places = [place.name for place in Location.objects.filter(is_active=True)]
        own = [
            self.field(f"{field.key}:{place}")
            for place in (places if len(places) > 1 else [])
            for field in FIELDS.values()
            if field.per_location and field.key in COMMON
        ]
        rest = [
            Field(field.key, field.label, _("Of other systems"))
            for field in FIELDS.values()
            if field.key not in COMMON
        ]
        return [*common, *own, *rest]

    def field(self, name: str) -> Field:
        key, _colon, place = name.partition(":")
        if not place:
            return Field(key, FIELDS[key].label)
        label = _("%(field)s at %(location)s") % {"field": FIELDS[key].label, "location": place}
        return Field(name, label, _("At one location"))

    def knows(self, name: str) -> bool:
        key, _colon, place = name.partition(":")
        return key in FIELDS and (not place or FIELDS[key].per_location)

    def presets(self) -> Sequence[tuple[str, Text]]:
        return [(one.key, one.label) for one in PRESETS.values() if one.key]

    def preset_of(self, columns: Sequence[str]) -> str:
        return detect(columns).preset

    def assigned(self, columns: Sequence[str], preset: str = "") -> dict[str, str]:
        known = preset if preset in PRESETS else None
        found = detect(columns, known).columns
        return {column: name for name, column in found.items()}

    def faults_of_columns(self, assigned: Mapping[str, str]) -> list[str]:
        if any(name in NEEDED for name in assigned.values()):
            return []
        return [_("None of the columns is a name, an SKU or a barcode; say which column is which.")]

    def options_form(self, data: Any, initial: Mapping[str, Any]) -> forms.Form:
        return ProductOptions(data, initial=dict(initial))

    def check(self, task: Task, batch: ImportBatch, stream: IO[bytes]) -> dict[str, Any]:
        with ProblemFile(f"problems-{batch.pk}.csv", by=task.actor.user) as every:
            report = check_products(
                stream,
                name=batch.file_name,
                mapping=_mapping(batch),
                options=_options(batch),
                progress=partial(task.progress, stage=_("Checking the file")),
                listen=partial(_keep, every),
            )
            kept = every.finish()
        return {**report.as_json(), "problems_file": str(kept.pk) if kept else ""}

    def apply(self, task: Task, batch: ImportBatch, stream: IO[bytes]) -> dict[str, Any]:
        done = import_products(
            stream,
            name=batch.file_name,
            mapping=_mapping(batch),
            options={**_options(batch), "only": task.options["only"]},
            actor=task.actor.user,
            progress=partial(task.progress, stage=_("Importing products")),
            batch=batch,
            otherwise=task.otherwise,
        )
        report: dict[str, Any] = done.report
        return report

    def undo(self, task: Task, batch: ImportBatch) -> None:
        undo_import(batch, actor=task.actor.user)

    def preview(self, report: Mapping[str, Any], *, member: Membership, done: bool) -> Preview:
        return _preview(report, costs=member.can(P.PRODUCT_VIEW_PURCHASE_PRICE), done=done)


def _keep(every: ProblemFile, one: Problem) -> None:
    is_error = one.level == ERROR
    every.add(problem_row(one.row, one.column, one.value, str(one.reason), is_error=is_error))


def _mapping(batch: ImportBatch) -> dict[str, Any]:
    preset = batch.mapping.get("preset", "")
    columns = {name: column for column, name in batch.mapping["columns"].items()}
    return {"preset": preset if preset in PRESETS else "", "columns": columns}


def _options(batch: ImportBatch) -> dict[str, Any]:
    return {**batch.options.get("read", {}), **batch.options.get("chosen", {})}


def _preview(report: Mapping[str, Any], *, costs: bool, done: bool) -> Preview:
    counts = report["counts"]
    good = counts["new"] + counts["changed"]
    made = sum(len(names) for names in report["made"].values())
    changes = [
        Change(one["row"], _what(one, change), _named(change["field"]), *_both(change))
        for one in report["changed"]
        for change in one["changes"]
        if costs or change["field"] != "cost"
    ]
    return Preview(
        figures=[
            Figure(_("Added") if done else _("New"), f"{counts['new']:,}"),
            Figure(_("Changed") if done else _("Change"), f"{counts['changed']:,}"),
            Figure(_("As they are"), f"{counts['same']:,}"),
            Figure(
                _("Left out") if done else _("Wrong"),
                f"{counts['wrong']:,}",
                "bad" if counts["wrong"] else "",
            ),
        ],
        listings=[one for one in (_made(report), _new(report)) if one.rows],
        changes=changes,
        changes_more=max(0, counts["changed"] - len(report["changed"])),
        problems=[Trouble(**one) for one in report["wrong"]],
        problem_count=counts["problems"],
        warnings=[Trouble(**one) for one in report["warnings"]],
        warning_count=counts["warnings"],
        notes=_notes(report),
        blocked=""
        if counts["rows"] or counts["problems"]
        else _("The file holds names of columns, and nothing below them."),
        writes=bool(good or made or counts["pictures"]),
        good=good,
        bad=counts["wrong"] or counts["problems"],
        partial=True,
    )


def _notes(report: Mapping[str, Any]) -> list[str]:
    counts = report["counts"]
    notes = []
    if counts["stock_left"]:
        notes.append(
            _("%(count)s levels of stock are left alone, because those products are kept already.")
            % {"count": counts["stock_left"]}
        )
    if counts["stock_opened"] or counts["stock_counted"]:
        count = counts["stock_opened"] + counts["stock_counted"]
        notes.append(_("%(count)s levels of stock are entered as movements.") % {"count": count})
    if unmatched := report["table"].get("unmatched"):
        notes.append(_("Columns left out: %(names)s.") % {"names": ", ".join(unmatched[:20])})
    return notes


TABLES: dict[str, Text] = {
    "categories": gettext_lazy("Categories"),
    "brands": gettext_lazy("Brands"),
    "units": gettext_lazy("Units"),
    "tax_rates": gettext_lazy("Tax rates"),
}


def _made(report: Mapping[str, Any]) -> Listing:
    rows = [
        [str(TABLES.get(table, table)), ", ".join(names[:30]) + (" …" if len(names) > 30 else "")]
        for table, names in report["made"].items()
        if names
    ]
    return Listing(_("Added besides"), [_("Kind"), _("Names")], rows)


def _new(report: Mapping[str, Any]) -> Listing:
    rows = [
        [
            str(one["row"]),
            one["name"],
            one["sku"],
            one["category"],
            " – ".join(_amount(price) for price in one["price"].split(" – ")),
            one["stock"],
            ", ".join(one["barcodes"]),
        ]
        for one in report["new"]
    ]
    head = [_("Row"), _("Name"), _("SKU"), _("Category"), _("Price"), _("Stock"), _("Barcodes")]
    more = max(0, report["counts"]["new"] - len(rows))
    return Listing(_("New products"), head, rows, more, frozenset({4, 5}))


def _what(one: Mapping[str, Any], change: Mapping[str, Any]) -> str:
    name = one["name"] or one["sku"]
    label = change.get("variation") or ""
    return f"{name} – {label}" if label and label != name else str(name)


def _named(field: str) -> str:
    key, _colon, place = field.partition(": ")
    label = str(FIELDS[key].label) if key in FIELDS else key
    return f"{label}, {place}" if place else label


def _both(change: Mapping[str, Any]) -> tuple[str, str]:
    is_amount = change["field"].partition(":")[0] in ("price", "cost")
    old, new = ("" if change[when] is None else str(change[when]) for when in ("old", "new"))
    return (_amount(old), _amount(new)) if is_amount else (old, new)


def _amount(text: str) -> str:
    """With the currency's digits, and with more where it has more: nothing is rounded away."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return text
    business = current()
    is_exact = round(value, business.digits) == value
    return formats.amount(value, business) if is_exact else text
