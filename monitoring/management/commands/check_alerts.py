"""`manage.py check_alerts`: look whether something is wrong, and tell people."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from monitoring.alerts import checking


class Command(BaseCommand):
    help = (
        "Evaluate the alerts, tell ALERT_EMAILS and ALERT_WEBHOOK what has begun and what is over,"
        " and print what is open. Ends with 1 while something is open, and with 2 when the database"
        " does not answer."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            outcome = checking.check()
        except DatabaseError as error:
            raise CommandError(
                "The database does not answer, so nothing could be evaluated."
                " Look whether PostgreSQL and the pooler run.",
                returncode=2,
            ) from error
        for message in outcome.messages:
            self.stdout.write(message)
        if outcome.undelivered:
            self.stderr.write(
                f"{outcome.undelivered} messages could not be delivered; the log says why."
                " They are sent again at the next evaluation."
            )
        if outcome.messages:
            raise CommandError(f"{len(outcome.messages)} open.", returncode=1)
        self.stdout.write("Nothing is wrong.")
