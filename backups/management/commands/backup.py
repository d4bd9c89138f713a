"""`manage.py backup`: everything that would be missed, encrypted, to another place."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from backups import keys, restoring, taking, telling
from backups.errors import BackupError
from backups.stopping import cleaning_up
from backups.stores import Store, store_at


class Command(BaseCommand):
    help = (
        "Back up the database and the pictures, encrypted, to the folder or the S3-compatible store of"
        " BACKUP_TO, then delete what is older than BACKUP_KEEP_DAYS, _WEEKS and _MONTHS keep. On"
        " PostgreSQL over the direct URL, while the shops go on selling. Keep APP_ENCRYPTION_KEY and"
        " the key of the backups elsewhere: without them a backup is of no use."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--to", metavar="PLACE", help="another place than BACKUP_TO")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--list", action="store_true", help="only say which backups there are")
        what.add_argument(
            "--new-key",
            action="store_true",
            help="only make a key for backups and print both halves",
        )
        what.add_argument(
            "--drill", action="store_true",
            help="only restore the latest into a scratch database and compare (drill_backup)",
        )  # fmt: skip

    @cleaning_up()
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["new_key"]:
                return self.new_key()
            if options["drill"]:
                call_command(
                    "drill_backup", place=options["to"], stdout=self.stdout, stderr=self.stderr
                )
                return None
            store = store_at(options["to"])
            if options["list"]:
                return self.list(store)
            self.take(store)
        except BackupError as error:
            raise CommandError(str(error)) from None

    def new_key(self) -> None:
        public, secret = keys.new_key()
        self.stdout.write("For the server that takes the backups:")
        self.stdout.write(f"BACKUP_RECIPIENTS={public}")
        self.stdout.write(
            "For restoring and drills; keep it where the server's loss does not reach:"
        )
        self.stdout.write(f"BACKUP_IDENTITY={secret}")

    def list(self, store: Store) -> None:
        names = store.names()
        for name in names:
            try:
                taken = restoring.look(store, name)
            except BackupError as error:
                self.stdout.write(f"{name}  {error}")
                continue
            about = f"{taken.engine} {taken.server_version}, {taken.rows} rows"
            self.stdout.write(f"{name}  {telling.size(taken.size):>10}  {about}")
        self.stdout.write(f"{len(names)} in {store.place}.")

    def take(self, store: Store) -> None:
        begun = timezone.now()
        taken = taking.take(store)
        took = telling.duration(timezone.now() - begun)
        for line in telling.manifest(taken):
            self.stdout.write(line)
        self.stdout.write(f"Written to {store.place} in {took}.")
        try:
            pruned = taking.prune(store, timezone.now())
        except BackupError as error:
            # The backup is good; a full disk will be told of when it comes.
            self.stderr.write(f"Old backups were not deleted: {error}")
            return
        if pruned.deleted:
            self.stdout.write(f"Deleted, as no longer kept: {', '.join(pruned.deleted)}.")
        if pruned.others:
            self.stderr.write(
                f"{len(pruned.others)} backups there were left alone: another installation's, of an"
                " APP_ENCRYPTION_KEY that is gone, or damaged (--list names them). Give each"
                " installation a folder of its own."
            )
