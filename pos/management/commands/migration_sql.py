"""`manage.py migration_sql`: the SQL of a whole release in one file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.exceptions import IrreversibleError

from pos import migration_sql

HEAD = """\
-- Tillbook: {count} for a person to run, as the owner of the tables:
--   psql -X -v ON_ERROR_STOP=1 -f {name} "$DIRECT_URL"
-- From BEGIN to COMMIT it happens wholly or not at all.
"""
AFTER = """
-- Did it work? `python manage.py migrate --check` ends without a word.
-- After a first installation: `python manage.py setup_roles` makes the runtime role.
"""


class Command(BaseCommand):
    help = (
        "Writes the SQL of every migration that the database of DIRECT_URL lacks into one file,"
        " and with --back what takes it back. Changes nothing."
    )
    # The migrations are what this is about; models may be ahead of the database.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--output", metavar="FILE", help="where to (printed without it)")
        parser.add_argument("--back", metavar="FILE", help="write the way back into this file")

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("SQLite is migrated by `python manage.py migrate`; nobody else may.")
        plan = migration_sql.release_plan(connection)
        if not plan:
            self.stderr.write("The database is up to date; there is no SQL to run.")
            return
        count = f"{len(plan)} migration{'s' if len(plan) > 1 else ''}"
        try:
            forward = list(migration_sql.release_sql(connection, plan))
            back = list(migration_sql.way_back_sql(connection, plan)) if options["back"] else []
        except (migration_sql.CannotBeSQL, IrreversibleError) as error:
            raise CommandError(str(error)) from None
        output = options["output"]
        head = HEAD.format(count=count, name=output or "FILE")
        self._write(output, head, forward, AFTER)
        if options["back"]:
            head = HEAD.format(count=f"the way back from {count}", name=options["back"])
            self._write(options["back"], head, back, "")
        names = ", ".join(str(migration) for migration, _ in plan)
        self.stderr.write(f"{count[0].upper()}{count[1:]}: {names}.")

    def _write(self, name: str | None, head: str, lines: Iterable[str], end: str) -> None:
        text = head + "\n".join(lines) + "\n" + end
        if name is None:
            self.stdout.write(text)
            return
        try:
            Path(name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{name} cannot be written: {error.strerror}.") from None
