"""`manage.py verify_data`: whether the books are right, and what is wrong with them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error
from django.utils import timezone

from archive.progress import Bar
from archive.verify import RULES, Report, Rule, text, verify, verify_installation
from archive.verify.installation import RULES as OF_THE_INSTALLATION
from tenants.choosing import chosen_business
from tenants.context import business
from tenants.models import Business

SHOWN = 20
EVERY = (*OF_THE_INSTALLATION, *RULES)


class Command(BaseCommand):
    help = (
        "Check that the books are right: stock, sales, tax, payments, drawers, receipt numbers, "
        "customer credit, people, and the walls between businesses. Nothing is changed. "
        "Ends with 0 when nothing is wrong, 1 when something is, 2 when it could not be checked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--business", metavar="ID|NAME|ADDRESS", help="only this one; otherwise all"
        )
        parser.add_argument(
            "--rule", nargs="+", action="extend", metavar="NAME", help="only these rules"
        )
        parser.add_argument("--list", action="store_true", help="show the rules and check nothing")
        parser.add_argument("--json", action="store_true", help="a report for programs")
        parser.add_argument(
            "--limit", type=int, default=SHOWN, metavar="N",
            help=f"how many rows to list for each rule ({SHOWN}); the others are counted",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"]:
            self.show_rules(EVERY)
            return
        if options["limit"] < 0:
            raise CommandError("--limit is a number from 0 up.", returncode=2)
        asked = self.rules(options["rule"])
        try:
            reports = self.ask(asked, options["business"], options["limit"])
        except Error as error:
            said = str(error).strip().partition("\n")[0]
            raise CommandError(f"The books could not be read: {said}", returncode=2) from error
        if options["json"]:
            self.as_json(reports)
        else:
            self.as_text(reports)
        if any(report.faults for report in reports):
            sys.exit(1)

    def rules(self, names: Sequence[str] | None) -> Sequence[Rule]:
        if not names:
            return EVERY
        known = {rule.name: rule for rule in EVERY}
        unknown = sorted(set(names) - known.keys())
        if unknown:
            raise CommandError(
                f"There is no rule {', '.join(unknown)}; --list shows them.", returncode=2
            )
        return [known[name] for name in dict.fromkeys(names)]

    def ask(self, asked: Sequence[Rule], wanted: str | None, limit: int) -> list[Report]:
        reports = []
        outside = [rule for rule in asked if rule in OF_THE_INSTALLATION]
        inside = [rule for rule in asked if rule in RULES]
        every = [chosen_business(wanted)] if wanted else list(Business.objects.order_by("pk"))
        if outside and not wanted:
            reports.append(verify_installation(rules=outside, limit=limit))
        for one in every if inside else []:
            bar = Bar(f"Checking {one.name}"[:40], sys.stderr)
            try:
                with business(one):
                    reports.append(verify(bar, rules=inside, limit=limit))
            finally:
                bar.close()
        return reports

    def as_text(self, reports: Sequence[Report]) -> None:
        for report in reports:
            for line in text.lines(report):
                self.stdout.write(line)
        if not reports:
            self.stdout.write("There was nothing to check.")

    def as_json(self, reports: Sequence[Report]) -> None:
        told = {
            "checked_at": timezone.now().isoformat(),
            "clean": not any(report.faults for report in reports),
            "faults": sum(report.faults for report in reports),
            "warnings": sum(report.warnings for report in reports),
            "reports": [report.as_json() for report in reports],
        }
        json.dump(told, self.stdout, ensure_ascii=False, indent=1)
        self.stdout.write("")

    def show_rules(self, rules: Sequence[Rule]) -> None:
        area = ""
        for rule in rules:
            if rule.area != area:
                area = rule.area
                self.stdout.write(self.style.MIGRATE_HEADING(area))
            self.stdout.write(f"  {rule.name} ({rule.level}): {rule.says}")
