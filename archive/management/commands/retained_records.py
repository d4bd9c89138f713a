"""`manage.py retained_records`: the books of businesses that are gone, for operators."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from cryptography.fernet import InvalidToken
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from archive.exporting.target import TargetRefused, whole_file
from archive.leaving.retained import purge, read_books
from archive.models import RetainedRecord


class Command(BaseCommand):
    help = (
        "List the books that are kept of deleted businesses, write one of them into a file, or "
        "delete those whose time is over."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--show", metavar="ID", help="write this one to the file of --out")
        what.add_argument("--purge", action="store_true", help="delete what is past its time")
        parser.add_argument("--out", metavar="FILE", type=Path, help="a ZIP that is not there yet")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["purge"]:
            self.stdout.write(f"{purge(timezone.now().date())} records deleted.")
        elif options["show"]:
            self.show(options["show"], options["out"])
        else:
            self.list()

    def list(self) -> None:
        rows = RetainedRecord.objects.order_by("keep_until", "pk")
        for row in rows:
            self.stdout.write(
                f"{row.pk}  {row.business_name}  deleted {row.deleted_at:%Y-%m-%d}  "
                f"kept until {row.keep_until}"
            )
        if not rows:
            self.stdout.write("Nothing is kept.")

    def show(self, asked: str, out: Path | None) -> None:
        if out is None:
            raise CommandError("Where to? Name a file with --out.")
        try:
            record = RetainedRecord.objects.filter(pk=uuid.UUID(asked)).first()
        except ValueError:
            record = None
        if record is None:
            raise CommandError(f"There is no record {asked}.")
        try:
            with whole_file(out) as file:
                size = read_books(record.pk, file)
        except TargetRefused as refused:
            raise CommandError(str(refused)) from None
        except InvalidToken:
            raise CommandError(
                "No key in APP_ENCRYPTION_KEY opens this record; it was written under another one."
            ) from None
        self.stdout.write(f"{out}: {size} bytes, the books of {record.business_name}.")
