"""`manage.py import_data`: a shop moves in with the export of its old system."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from archive.exportfile import ExportFileError
from archive.importing import ImportRefused, Moved, import_export
from archive.progress import Bar
from archive.validation import Export, read_export

#: How tables are called in the summary, in its order.
NAMES = {
    "businesses": "Business",
    "locations": "Locations",
    "roles": "Roles",
    "users": "People",
    "categories": "Categories",
    "brands": "Brands",
    "units": "Units",
    "taxRates": "Tax rates",
    "suppliers": "Suppliers",
    "customers": "Customers",
    "products": "Products",
    "productVariations": "Variations",
    "stock prices": "Prices of locations",
    "stock": "Opening stock",
    "barcodes": "Barcodes",
    "locationPrices": "More prices",
    "devices": "Devices",
    "registers": "Registers",
    "shifts": "Shifts",
    "sales": "Sales",
    "stockDocuments": "Stock documents",
    "movements": "Stock movements",
    "creditAccounts": "Credit accounts",
    "creditEntries": "Credit entries",
    "pictures": "Pictures",
}


class Command(BaseCommand):
    help = (
        "Import a shop's data from an export file (JSON, plain or compressed). The whole file is "
        "checked first; if anything is wrong, every fault is named and nothing is written. Running "
        "it again changes only what has changed in the file."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="the export, such as shop.json.gz")
        parser.add_argument("--business", metavar="ID|NAME", help="only this business of the file")
        parser.add_argument(
            "--as", dest="rename", metavar="NAME",
            help="import the one business under this name, beside any that is here already",
        )  # fmt: skip
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would happen and write nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        export = self.read(options["file"])
        bar = Bar("Writing", sys.stderr)
        try:
            moved = import_export(
                export,
                only=options["business"],
                rename=options["rename"],
                dry_run=options["dry_run"],
                progress=bar,
            )
        except ImportRefused as refused:
            bar.close()
            for fault in refused.faults:
                self.stderr.write(str(fault))
            raise CommandError(str(refused)) from None
        bar.close()
        for one in moved:
            self.tell(one, dry_run=options["dry_run"])
        self.tell_aside(export)
        if options["dry_run"]:
            self.stdout.write("Nothing was written: this was a dry run.")

    def read(self, path: str) -> Export:
        bar = Bar("Reading", sys.stderr)
        try:
            return read_export(path, bar)
        except ExportFileError as error:
            raise CommandError(str(error)) from None
        finally:
            bar.close()

    def tell(self, moved: Moved, *, dry_run: bool) -> None:
        would = "would be " if dry_run else ""
        self.stdout.write(self.style.MIGRATE_HEADING(f"{moved.name}  /b/{moved.slug}/"))
        for table, name in NAMES.items():
            counts = moved.counts.get(table)
            if counts is None or not (counts.created or counts.changed or counts.same):
                continue
            self.stdout.write(
                f"  {name:<20} {counts.created:>7} {would}created {counts.changed:>7} "
                f"{would}changed {counts.same:>7} left alone"
            )
        for note in moved.notes:
            self.stdout.write(f"  Note: {note}")

    def tell_aside(self, export: Export) -> None:
        """What the file holds and we do not: said, so that nobody has to find out later."""
        if export.unknown_permissions:
            names = ", ".join(sorted(export.unknown_permissions))
            self.stdout.write(f"Permissions without a counterpart here, left out: {names}.")
        for table, columns in sorted(export.unknown_columns.items()):
            self.stdout.write(
                f"Unknown columns of {table}, left out: {', '.join(sorted(columns))}."
            )
        if export.ignored:
            self.stdout.write(f"Other parts of the file, left out: {', '.join(export.ignored)}.")
