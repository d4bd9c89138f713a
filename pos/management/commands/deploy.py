"""What a build runs: migrate where that is right, set up the runtime role, check, and say so."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from pos.migrating import migrate
from pos.serving import SEED


class Command(BaseCommand):
    help = (
        "Prepares a release: migrates over the direct URL (AUTO_MIGRATE=0 leaves that to you),"
        " sets up the runtime role and checks the configuration. Previews never migrate, unless"
        " MIGRATE_PREVIEWS=1 says that they have a database of their own."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.SQLITE:
            self._seed()
        elif os.environ.get("AUTO_MIGRATE") == "0":
            self.stdout.write("AUTO_MIGRATE=0: not migrating. Run `python manage.py migrate`.")
        elif self._is_preview():
            self.stdout.write("This is a preview build: the database is left as it is.")
        else:
            migrate(verbosity=1)
            self._roles()
        call_command("check", fail_level="ERROR")
        self.stdout.write("Ready to serve.")

    def _is_preview(self) -> bool:
        environment = os.environ.get("VERCEL_ENV", "production")
        return environment != "production" and os.environ.get("MIGRATE_PREVIEWS") != "1"

    def _seed(self) -> None:
        """Without a database the release carries an empty one, which each instance copies."""
        database = Path(settings.DATABASES["default"]["NAME"])
        database.parent.mkdir(parents=True, exist_ok=True)
        migrate(verbosity=0)
        call_command("demo", if_empty=True, verbosity=0)
        connection.close()
        if os.environ.get("VERCEL"):
            SEED.parent.mkdir(exist_ok=True)
            SEED.write_bytes(database.read_bytes())
        self.stdout.write(
            "No database is configured: SQLite with the demo, and data will not last."
            " Set DATABASE_URL and DIRECT_URL."
        )

    def _roles(self) -> None:
        try:
            call_command("setup_roles")
        except CommandError as error:
            self.stderr.write(f"The runtime role was left as it is: {error}")
