"""`manage.py delete_businesses`: delete the businesses whose owners asked for it, once it is time."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from archive.leaving.deleting import delete_business, due
from archive.leaving.retained import purge
from tenants.errors import Refused


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
        failed = 0
        for business in due(now):
            if options["dry_run"]:
                self.stdout.write(f"{business.name} would be deleted.")
                continue
            try:
                done = delete_business(business, now=now)
            except Refused as refused:
                failed += 1
                self.stderr.write(f"{business.name}: {refused}")
                continue
            kept = f"; its books are kept until {done.record.keep_until}" if done.record else ""
            self.stdout.write(
                f"{done.name} was deleted: {sum(done.rows.values())} rows, "
                f"{done.people} accounts of people{kept}."
            )
        if not options["dry_run"] and (purged := purge(now.date())):
            self.stdout.write(f"{purged} retained records were past their time and are gone.")
        if failed:
            raise CommandError(f"{failed} could not be deleted.")
