"""Making the files that a business takes away."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import IO, Any, cast

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.audit import record
from accounts.permissions import Permission
from archive.exporting.snapshot import at_one_moment
from archive.exporting.writing import export_business, for_people
from archive.files import copied
from archive.jobs import OWNERS_ONLY, Task, job
from tenants.context import current

# What people want to know of a file: how many there are of each.
TABLES = {
    "locations": gettext_lazy("Locations"),
    "users": gettext_lazy("People"),
    "categories": gettext_lazy("Categories"),
    "brands": gettext_lazy("Brands"),
    "products": gettext_lazy("Products"),
    "productVariations": gettext_lazy("Variations"),
    "customers": gettext_lazy("Customers"),
    "suppliers": gettext_lazy("Suppliers"),
    "sales": gettext_lazy("Sales"),
    "payments": gettext_lazy("Payments"),
    "shifts": gettext_lazy("Shifts"),
    "movements": gettext_lazy("Stock movements"),
}


@job("export.data", needs=Permission.DATA_EXPORT, label=gettext_lazy("Whole business in one file"))
def whole_business(task: Task) -> dict[str, Any]:
    def write(stream: IO[bytes], progress: Callable[[int, int], None]) -> dict[str, int]:
        return export_business(stream, secrets=secrets, compress=True, progress=progress).counts

    # An owner's file moves the people with their passwords, and so is for owners only.
    secrets = task.actor.is_owner
    made = _made(task, write, "json.gz")
    return {**made, OWNERS_ONLY: True} if secrets else made


@job("export.csv", needs=Permission.DATA_EXPORT, label=gettext_lazy("Spreadsheets (CSV)"))
def csv_files(task: Task) -> dict[str, Any]:
    return _made(task, partial(_tables, "csv"), "zip")


@job("export.xlsx", needs=Permission.DATA_EXPORT, label=gettext_lazy("Spreadsheet (Excel)"))
def workbook(task: Task) -> dict[str, Any]:
    return _made(task, partial(_tables, "xlsx"), "xlsx")


def _tables(form: Any, stream: IO[bytes], progress: Callable[[int, int], None]) -> dict[str, int]:
    return for_people(stream, form=form, progress=progress)


def _made(task: Task, write: Any, ending: str) -> dict[str, Any]:
    """Have the file written, keep it, and tell its tables and how many rows each has."""
    business = current()
    name = f"{business.slug}-{timezone.now().astimezone(business.zone):%Y-%m-%d}.{ending}"
    task.progress(0, 0, _("Reading the books"))
    file, counts = at_one_moment(
        write, progress=partial(task.progress, stage=_("Writing the file"))
    )
    with file:
        stored = copied(name, file, by=task.actor.user)
    record(actor=task.actor.user, action="data.export", target=stored)
    told = cast(dict[str, int], counts)
    facts = [[str(label), told[table]] for table, label in TABLES.items() if told.get(table)]
    return {"file": str(stored.pk), "facts": facts}
