"""`manage.py import_sales`: the sales of an older system come in as history."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from archive.history.importing import SalesRefused, check_sales, import_sales
from archive.history.mapping import MapError, load_map
from archive.history.presets import PRESETS
from archive.history.telling import told
from archive.history.undo import undo_sales
from archive.management.earlier import add_options, find_import, list_imports
from archive.models import ImportBatch
from archive.progress import Bar
from tenants import context
from tenants.choosing import chosen_business
from tenants.errors import Refused
from tenants.models import Business


class Command(BaseCommand):
    help = (
        "Import sales history from a table (CSV, TSV or XLSX, plain or compressed): sales, returns, "
        "adjustments and write-offs as they happened, under their own numbers and times. The whole "
        "file is checked first; if anything is wrong, every fault is named and nothing is written. "
        "Running it again brings only what is new; a document that is here and differs is refused, "
        "and the command ends with 1. --undo takes an import back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", nargs="?", help="the sales, such as sales-2024.csv.gz")
        parser.add_argument(
            "--business", required=True, metavar="ADDRESS|NAME|ID", help="whose sales they are"
        )
        parser.add_argument(
            "--location", default="", metavar="CODE|NAME",
            help="where they were made; needed where the business has several locations and the "
            "file does not say",
        )  # fmt: skip
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--preset", choices=sorted(PRESETS), help="a file that we know")
        what.add_argument(
            "--map", metavar="FILE", help="which column is what, as JSON (docs/importing.md)"
        )
        parser.add_argument(
            "--create-missing", action="store_true",
            help="make products for codes that the catalogue lacks",
        )  # fmt: skip
        parser.add_argument(
            "--stock", action="store_true", help="let the sales move today's stock as well"
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would happen and write nothing"
        )
        parser.add_argument("--json", action="store_true", help="print the report as JSON")
        add_options(parser, "sales")

    def handle(self, *args: Any, **options: Any) -> None:
        business = chosen_business(options["business"])
        if options["list"] or options["undo"]:
            with context.business(business):
                self.earlier(options)
        elif not options["file"]:
            raise CommandError("Which file? Name one, or ask for --list or --undo.")
        elif not options["preset"] and not options["map"]:
            raise CommandError("Which column is what? Say it with --preset or --map.")
        else:
            self.bring(business, options)

    def earlier(self, options: dict[str, Any]) -> None:
        if options["list"]:
            list_imports(self, ImportBatch.Kind.SALES, "sales", _documents)
            return
        batch = find_import(options["undo"])
        bar = Bar("Taking back", sys.stderr)
        try:
            undo_sales(batch, actor=None, progress=bar)
        except Refused as refused:
            raise CommandError(str(refused.message)) from None
        finally:
            bar.close()
        self.stdout.write(f"The import of {batch.file_name} is taken back.")

    def bring(self, business: Business, options: dict[str, Any]) -> None:
        path = Path(options["file"])
        try:
            mapping = (
                load_map(Path(options["map"])) if options["map"] else {"preset": options["preset"]}
            )
        except MapError as error:
            raise CommandError(str(error)) from None
        given: dict[str, Any] = {
            "source": path,
            "name": path.name,
            "mapping": mapping,
            "options": {name: options[name] for name in ("location", "create_missing", "stock")},
        }
        bar = Bar("Checking" if options["dry_run"] else "Importing", sys.stderr)
        try:
            with context.business(business):
                if options["dry_run"]:
                    batch, report = None, check_sales(**given, progress=bar).as_json()
                else:
                    batch = import_sales(**given, progress=bar)
                    report = batch.report
        except SalesRefused as refused:
            bar.close()
            self.refuse(refused, as_json=options["json"])
        bar.close()
        self.tell(report, batch, options)

    def refuse(self, refused: SalesRefused, *, as_json: bool) -> None:
        report = refused.report.as_json()
        if as_json:
            self.stdout.write(json.dumps({"refused": str(refused), **report}, ensure_ascii=False))
        else:
            for fault in refused.report.faults.rows:
                self.stderr.write(str(fault))
            for sentence in told(report, only="missing"):
                self.stderr.write(sentence)
        raise CommandError(str(refused))

    def tell(
        self, report: dict[str, Any], batch: ImportBatch | None, options: dict[str, Any]
    ) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False))
        else:
            for sentence in told(report):
                self.stdout.write(sentence)
        would_fail = report["fault_count"] or (
            report["codes"].get("missing") and not options["create_missing"]
        )
        refused = report["refused"]["documents"]
        if batch is None:
            if would_fail:
                raise CommandError("The import would be refused. Nothing was written.")
            if not options["json"]:
                self.stdout.write("Nothing was written: this was a dry run.")
        elif not batch._state.adding and not options["json"]:
            self.stdout.write(f"Imported. To take it back: --undo {batch.pk}")
        if refused:
            were = "would be" if batch is None else "was" if refused == 1 else "were"
            plural = "document" if refused == 1 else "documents"
            raise CommandError(
                f"{refused:,} {plural} of the file {were} refused, because another one is here under "
                "the number; it stays as it is."
            )


def _documents(report: dict[str, Any]) -> str:
    new = report.get("new", {})
    return f"{new.get('documents', 0):>7} documents {new.get('sum', '0'):>16}"
