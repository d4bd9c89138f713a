"""`manage.py restore`: everything back as a backup holds it, or one business as it was then."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from backups import one_business, restoring, telling
from backups.errors import BackupError
from backups.manifest import Manifest
from backups.models import BackupRun
from backups.scratch import folder
from backups.stopping import cleaning_up
from backups.stores import Store, chosen, store_at
from backups.taking import recorded


class Command(BaseCommand):
    help = (
        "Restore a backup: tables, pictures and the rights of the runtime role. Into a database that"
        " holds businesses already only with --replace. All of it in one transaction, compared with"
        " what the backup says of itself: either everything is as it was then, or nothing changes."
        " With --business, one business as it was then: as an export file, or beside what is here"
        " under a new name. Stop the web server before --replace, and keep APP_ENCRYPTION_KEY."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="place", metavar="PLACE", help="instead of BACKUP_TO")
        parser.add_argument("--at", default="latest", metavar="BACKUP", help="name, or a day")
        parser.add_argument("--show", action="store_true", help="only say what it holds")
        parser.add_argument(
            "--replace", action="store_true", help="put it in the place of what is here"
        )
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument(
            "--foreign", action="store_true",
            help="though APP_ENCRYPTION_KEY is another one: names and contacts stay sealed",
        )  # fmt: skip
        parser.add_argument("--business", metavar="ID|NAME|SLUG", help="this one alone")
        parser.add_argument("--file", metavar="FILE", help="with --business: the export to write")
        parser.add_argument(
            "--as", dest="rename", metavar="NAME",
            help="with --business: import it here under this name",
        )  # fmt: skip

    @cleaning_up()
    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["business"]) != bool(options["file"] or options["rename"]):
            raise CommandError(
                "--business goes with --file FILE or with --as NAME, and they with it."
            )
        try:
            store = store_at(options["place"])
            name = chosen(store, options["at"])
            taken = restoring.look(store, name, foreign=options["foreign"])
            for line in telling.manifest(taken):
                self.stdout.write(line)
            if options["show"]:
                return
            if options["business"]:
                self.one(store, taken, options)
            else:
                self.everything(store, taken, options)
        except BackupError as error:
            raise CommandError(str(error)) from None

    # -- everything -------------------------------------------------------------------------------

    def everything(self, store: Store, taken: Manifest, options: dict[str, Any]) -> None:
        restoring.check_fits(taken)
        present = restoring.present()
        if present:
            there = f"{self.called()} holds {present} already"
            if not options["replace"]:
                raise CommandError(
                    f"{there}. Nothing was changed. Restore into an empty database, or give"
                    " --replace to put the backup in its place."
                )
            self.confirm(f"{there}, and all of it will be replaced.", yes=options["yes"])
        begun = timezone.now()
        before = restoring.restore(store, taken)
        with recorded(BackupRun.Kind.RESTORE, begun, name=taken.name, place=store.place) as run:
            run.size = taken.size
        took = telling.duration(timezone.now() - begun)
        self.stdout.write(f"Restored in {took}: each row of each table is the same.")
        if before is not None:
            self.stdout.write(f"The pictures that were here are in {before}.")
        missing = restoring.missing_migrations(taken)
        if missing:
            self.stdout.write(
                f"This release has {len(missing)} newer migrations: run `python manage.py migrate`."
            )
        if connection.vendor == "postgresql":
            call_command("setup_roles", stdout=self.stdout, stderr=self.stderr)

    def called(self) -> str:
        name = settings.DATABASES["default"]["NAME"]
        host = settings.DATABASES["default"].get("HOST")
        return f"The database {name} on {host}" if host else f"The database {name}"

    def confirm(self, what: str, *, yes: bool) -> None:
        if yes:
            return
        if not sys.stdin.isatty():
            raise CommandError(
                f"{what} Nothing was changed. Give --yes to do it without a question."
            )
        self.stdout.write(what)
        if input("Type `replace` to go on: ").strip() != "replace":
            raise CommandError("Nothing was changed.")

    # -- one business -----------------------------------------------------------------------------

    def one(self, store: Store, taken: Manifest, options: dict[str, Any]) -> None:
        begun = timezone.now()
        if options["rename"]:
            one_business.check_free(options["rename"])
        with folder() as scratch:
            file = Path(options["file"] or scratch / "business.json.gz")
            one_business.export(store, taken, business=options["business"], to=file)
            if options["file"]:
                self.stdout.write(f"{file} holds {options['business']} as it was then.")
            if options["rename"]:
                self.stdout.write(one_business.bring_in(file, name=options["rename"]))
        self.stdout.write(f"It took {telling.duration(timezone.now() - begun)}.")
