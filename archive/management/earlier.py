"""Earlier imports, as commands list them and find the one that is to be taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from archive.models import ImportBatch
from tenants.bulk import long_work


def add_options(parser: CommandParser, of: str) -> None:
    parser.add_argument("--undo", metavar="IMPORT", help="take this import back")
    parser.add_argument(
        "--list", action="store_true", help=f"list the imports of {of}, newest first"
    )


def list_imports(
    command: BaseCommand, kind: str, of: str, tell: Callable[[dict[str, Any]], str]
) -> None:
    """A line for each; `tell` says in a few words what a report reports."""
    with long_work():
        rows = list(ImportBatch.objects.filter(kind=kind))
    for row in rows:
        command.stdout.write(
            f"{row.pk}  {row.created_at:%Y-%m-%d %H:%M}  {row.get_state_display():<12} "
            f"{tell(row.report)}  {row.file_name}"
        )
    if not rows:
        command.stdout.write(f"No {of} were imported yet.")


def find_import(wanted: str) -> ImportBatch:
    """Raises CommandError where there is none with this id."""
    with long_work():
        try:
            batch: ImportBatch | None = ImportBatch.objects.filter(pk=wanted).first()
        except (ValidationError, ValueError):
            batch = None
    if batch is None:
        raise CommandError(f"There is no import “{wanted}”; --list names them.")
    return batch
