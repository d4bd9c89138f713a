"""`manage.py delete_businesses`: delete the businesses whose owners asked for it, once it is time."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from archive.leaving.deleting import delete_due, due


class Command(BaseCommand):
    help = (
        "Delete the businesses whose owners asked for it and whose waiting time is over, and the "
        "retained books whose time is over. To be run daily. What the law wants kept is kept, "
        "encrypted (see retained_records)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="name them and delete nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        if options["dry_run"]:
            for business in due(now):
                self.stdout.write(f"{business.name} would be deleted.")
            return
        done = delete_due(now)
        for one in done.deleted:
            kept = f"; its books are kept until {one.record.keep_until}" if one.record else ""
            self.stdout.write(
                f"{one.name} was deleted: {sum(one.rows.values())} rows, "
                f"{one.people} accounts of people{kept}."
            )
        if done.purged:
            self.stdout.write(f"{done.purged} retained records were past their time and are gone.")
        for name, reason in done.failed.items():
            self.stderr.write(f"{name}: {reason}")
        if done.failed:
            raise CommandError(f"{len(done.failed)} could not be deleted.")
