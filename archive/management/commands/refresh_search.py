"""`manage.py refresh_search`: products and customers are found again by all of their names."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from archive.progress import Bar
from archive.refreshing import refresh
from tenants.choosing import chosen_business
from tenants.context import business


class Command(BaseCommand):
    help = (
        "Write anew what products and customers of a business are found by: search words and the "
        "look-up of names, phone numbers and e-mails. Nothing else changes, and running it twice is the "
        "same as once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--business", metavar="ID|NAME|ADDRESS", required=True, help="whose search"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = chosen_business(options["business"])
        bar = Bar("Writing", sys.stderr)
        try:
            with business(chosen):
                products, customers = refresh(progress=bar)
        finally:
            bar.close()
        self.stdout.write(
            f"{chosen.name}: {products} products and {customers} customers can be found."
        )
