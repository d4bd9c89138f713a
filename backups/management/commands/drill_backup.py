"""`manage.py drill_backup`: whether a backup restores, found out before it is needed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from backups import telling
from backups.drilling import drill
from backups.errors import BackupError
from backups.stopping import cleaning_up
from backups.stores import chosen, store_at


class Command(BaseCommand):
    help = (
        "Restore the latest backup into a database made for it, compare each table with what the"
        " backup says of itself, try the walls between businesses and the names of people, and drop"
        " it again. The result is recorded where the status page and alerts find it. Needs the secret"
        " key (BACKUP_IDENTITY or BACKUP_PASSPHRASE)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="place", metavar="PLACE", help="instead of BACKUP_TO")
        parser.add_argument("--at", default="latest", metavar="BACKUP", help="name, or a day")

    @cleaning_up()
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            store = store_at(options["place"])
            taken, proof, took = drill(store, chosen(store, options["at"]))
        except BackupError as error:
            raise CommandError(str(error)) from None
        for line in telling.manifest(taken):
            self.stdout.write(line)
        for line in proof.looked:
            self.stdout.write(f"Seen: {line}.")
        self.stdout.write(f"The backup restores; it took {telling.duration(took)}.")
