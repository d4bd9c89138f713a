"""`manage.py import_file_store`: customers and their credit come in from a folder of JSON files."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from archive.file_store.importing import import_store
from archive.file_store.mapping import MapError, load_map
from archive.file_store.reading import StoreError
from archive.file_store.report import Report, StoreRefused
from archive.file_store.undo import undo_store
from archive.management.earlier import add_options, find_import, list_imports
from archive.models import ImportBatch
from archive.progress import Bar
from sales.models import CreditEntry
from tenants.choosing import chosen_business
from tenants.context import business
from tenants.errors import Refused
from tenants.formats import money


class Command(BaseCommand):
    help = (
        "Import customers and their credit from a folder of JSON files, in which objects lie under "
        "their ids. A map says what the fields mean (docs/migrating.md). Everything is checked "
        "first; if anything is wrong, every fault is named and nothing is written. Running it again "
        "brings only what is new. --undo takes an import back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path, help="the folder with the JSON files")
        parser.add_argument(
            "--map", type=Path, metavar="FILE", help="what the fields mean, as JSON"
        )
        parser.add_argument(
            "--business", required=True, metavar="ID|NAME|ADDRESS", help="whose customers they are"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would happen and write nothing"
        )
        parser.add_argument("--json", action="store_true", help="print the report as JSON")
        add_options(parser, "customers and credit")

    def handle(self, *args: Any, **options: Any) -> None:
        with business(chosen_business(options["business"])):
            if options["list"]:
                list_imports(self, ImportBatch.Kind.FILE_STORE, "customers and credit", _counts)
            elif options["undo"]:
                self.undo(options["undo"])
            elif not options["folder"] or not options["map"]:
                raise CommandError(
                    "Which folder, and which map? Name both, or ask for --list or --undo."
                )
            else:
                self.bring(options)

    def undo(self, wanted: str) -> None:
        batch = find_import(wanted)
        try:
            undo_store(batch, actor=None)
        except Refused as refused:
            raise CommandError(str(refused.message)) from None
        self.stdout.write(f"The import of {batch.file_name} is taken back.")

    def bring(self, options: dict[str, Any]) -> None:
        bar = Bar("Importing", sys.stderr)
        try:
            asked = load_map(options["map"])
            report = import_store(
                options["folder"], asked, dry_run=options["dry_run"], progress=bar
            )
            bar.close()
            self.tell(report, options)
        except (MapError, StoreError) as error:
            raise CommandError(str(error)) from None
        except StoreRefused as refused:
            if options["json"]:
                self.stdout.write(json.dumps(refused.report.as_json(), ensure_ascii=False))
            for fault in () if options["json"] else refused.report.faults.rows:
                self.stderr.write(str(fault))
            raise CommandError(str(refused)) from None
        finally:
            bar.close()

    def tell(self, report: Report, options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), ensure_ascii=False))
            return
        would = "would be " if options["dry_run"] else ""
        self.stdout.write(
            f"Customers: {report.customers_created} {would}created, "
            f"{report.customers_same} left alone."
        )
        self.stdout.write(
            f"Entries of credit: {report.entries_created} {would}created, "
            f"{report.entries_same} left alone."
        )
        for kind in CreditEntry.Kind:
            if kind in report.by_kind:
                self.stdout.write(f"  {kind.label:<12} {money(report.by_kind[kind]):>16}")
        self.stdout.write(f"Credit of these customers by the files: {money(report.credit)}.")
        if report.corrected:
            self.stdout.write(
                f"{report.corrected} balances differed from their entries and {would}corrected."
            )
        if options["dry_run"]:
            self.stdout.write("Nothing was written: this was a dry run.")
        elif report.batch is not None:
            self.stdout.write(f"Imported. To take it back: --undo {report.batch.pk}")


def _counts(report: dict[str, Any]) -> str:
    customers, entries = (
        report.get(part, {}).get("created", 0) for part in ("customers", "entries")
    )
    return f"{customers:>7} customers {entries:>7} entries"
