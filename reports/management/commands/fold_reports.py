"""`manage.py fold_reports`: the sums that reports read, brought up to date or made anew."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from reports import folding
from tenants.choosing import chosen_business
from tenants.context import business
from tenants.models import Business


class Command(BaseCommand):
    help = (
        "Add what was sold since the last time to the sums that the dashboard and the best sellers "
        "read. `run_jobs` and the scheduler's call do the same; sales may go on meanwhile. With "
        "--rebuild the sums are made anew from the sales; the old ones are read until that is done."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--business", metavar="ID|NAME|ADDRESS", help="only this one, and not all of them"
        )
        parser.add_argument(
            "--rebuild", action="store_true", help="forget the sums and make them anew"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        named = options["business"]
        companies = [chosen_business(named)] if named else Business.objects.order_by("pk")
        for company in companies:
            with business(company):
                done = folding.rebuild() if options["rebuild"] else folding.fold()
            if done or named:
                self.stdout.write(f"{company.name}: {done} documents.")
