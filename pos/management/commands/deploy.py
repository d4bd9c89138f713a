"""What a build runs: migrate where that is right, set up the runtime role, check, and say so."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError

from pos import deploying
from pos.migrating import PATIENCE, Busy, MigrationFailed


class Command(BaseCommand):
    help = (
        "Prepare a release: migrate over the direct URL (AUTO_MIGRATE=0 leaves that to you), set "
        "up the runtime role, check the configuration, and say what was done. Several at once wait "
        "for each other. Previews never touch the database, unless PREVIEW_DATABASE=1 says that "
        "they have one of their own."
    )
    # They are run at the end, when there is a schema to check.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--wait",
            type=float,
            default=PATIENCE,
            metavar="SECONDS",
            help=f"how long to wait for another deployment's migrations ({PATIENCE})",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.say(f"Preparing {settings.RELEASE or 'this release'}.")
        try:
            if settings.EPHEMERAL:
                deploying.build_seed(self.say)
                call_command("check", fail_level="ERROR", stdout=self.stdout)
            else:
                with deploying.recorded(self.say) as say:
                    deploying.prepare(say, patience=options["wait"])
                    call_command("check", fail_level="ERROR", stdout=self.stdout)
        except (Busy, MigrationFailed) as error:
            raise CommandError(f"{error} The release before this one goes on serving.") from error
        except OperationalError as error:
            raise CommandError(
                f"The database does not answer: {deploying.sentence(error)}"
            ) from error
        for line in deploying.left_to_do():
            self.say(line)
        self.say("Ready to serve.")

    def say(self, line: str) -> None:
        self.stdout.write(line)
        # Another deployment may be waited for now; who reads the log should see that.
        self.stdout.flush()
