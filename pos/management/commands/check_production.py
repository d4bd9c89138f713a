"""`manage.py check_production`: is this installation ready for shops that depend on it?"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from monitoring.health import Part, State
from pos import production

MARKS = {
    State.OK: "ok",
    State.WARNING: "better",
    State.FAILED: "WRONG",
    State.UNKNOWN: "unknown",
}


class Command(BaseCommand):
    help = (
        "Look at everything that an installation needs before shops depend on it, and say how to"
        " mend what is not right. Changes nothing. Ends with 1 when something is wrong, with 0"
        " when there is at most something to improve."
    )
    # They are one of the parts.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        parts: list[Part] = []
        for part in production.look():
            parts.append(part)
            if not options["json"]:
                self.stdout.write(f"{MARKS[part.state]:8} {part.name:14} {part.message}")
        wrong = [part for part in parts if part.state == State.FAILED]
        if options["json"]:
            told = {"ready": not wrong, "parts": [asdict(part) for part in parts]}
            self.stdout.write(json.dumps(told, indent=2))
        if wrong:
            count = f"{len(wrong)} thing{'s are' if len(wrong) > 1 else ' is'}"
            raise CommandError(f"Not ready: {count} wrong.", returncode=1)
        if not options["json"]:
            self.stdout.write("Ready for production.")
