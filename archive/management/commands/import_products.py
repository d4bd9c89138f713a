"""`manage.py import_products`: products out of a spreadsheet, looked at first, taken back at will."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError

from archive.management.earlier import add_options, find_import, list_imports
from archive.models import ImportBatch, SavedMapping
from archive.products.importing import (
    ImportRefused,
    MappingLike,
    check_products,
    import_products,
    undo_import,
)
from archive.products.options import CHOICES, Options
from archive.products.presets import PRESETS
from archive.progress import Bar
from tenants import context
from tenants.bulk import long_work
from tenants.choosing import chosen_business
from tenants.errors import Refused

_SHOWN = 20

#: What the summary counts, in its order; each with its words.
_COUNTS = {
    "new": "products are new",
    "changed": "products change",
    "same": "products stay as they are",
    "wrong": "products are wrong",
    "variations_new": "variations are new",
    "variations_changed": "variations change",
    "barcodes": "barcodes are new",
    "location_prices": "prices of locations are new or change",
    "stock_opened": "quantities become opening stock",
    "stock_counted": "quantities become a correction",
    "stock_left": "quantities are left alone: this stock has moved already",
    "stock_of_services": "quantities are left alone: no stock is kept of these products",
    "pictures": "pictures",
}
_MADE = {
    "categories": "New categories",
    "brands": "New brands",
    "units": "New units",
    "tax_rates": "New tax rates",
}


class Command(BaseCommand):
    help = (
        "Import products from a CSV, TSV or XLSX file. --dry-run shows what is new, what changes "
        "and what is wrong, and writes nothing. Everything is imported, or nothing; with --only "
        "good, the rows that are right. Running it again changes only what has changed in the "
        "file. --undo takes an import back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add = parser.add_argument
        add("file", nargs="?", help="the spreadsheet, such as products.csv")
        add("--business", required=True, metavar="BUSINESS", help="its address, id or name")
        add("--preset", choices=sorted(PRESETS), help="whose spreadsheet it is (else found out)")
        add("--map", metavar="JSON", help="a file that says which column is which field")
        add("--mapping", metavar="NAME", help="a mapping that was saved")
        add("--save-mapping", metavar="NAME", help="save the mapping under this name")
        add("--encoding", help="such as utf-8 or cp1252 (else found out)")
        add("--delimiter", help="such as ; or tab (else found out)")
        add("--decimal-comma", action="store_true", default=None, help="1,5 is one and a half")
        add("--sheet", help="of a workbook (else the first with a table)")
        add("--only", choices=CHOICES["only"], default="all", help="all rows or none, or the good")
        add("--stock", choices=CHOICES["stock"], default="opening", help="what stock is for")
        add("--missing", choices=CHOICES["missing"], default="create",
            help="categories, brands, units and tax rates that are not here")  # fmt: skip
        add("--location", default="", metavar="CODE", help="where stock without a place is")
        add("--pictures", metavar="ZIP", help="an archive of the pictures that the file names")
        add("--fetch-pictures", action="store_true", help="fetch pictures from their addresses")
        add("--dry-run", action="store_true", help="say what would happen and write nothing")
        add("--json", action="store_true", help="print the report as JSON")
        add_options(parser, "products")

    def handle(self, *args: Any, **options: Any) -> None:
        business = chosen_business(options["business"])
        try:
            with context.business(business):
                if options["list"]:
                    self.list()
                elif options["undo"]:
                    self.undo(options["undo"])
                elif options["file"]:
                    self.bring(options)
                else:
                    raise CommandError("Which file? Name one, or ask for --list or --undo.")
        except Refused as refused:
            raise CommandError(str(refused.message)) from None
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}.") from None
        except (OperationalError, InterfaceError):
            raise CommandError("The database went away; nothing was written.") from None

    # -- bringing in ----------------------------------------------------------------------------

    def bring(self, options: dict[str, Any]) -> None:
        path = Path(options["file"])
        with path.open("rb"):
            pass
        if options["pictures"]:
            with Path(options["pictures"]).open("rb"):
                pass
        chosen = Options(
            only=options["only"],
            stock=options["stock"],
            missing=options["missing"],
            location=options["location"],
            pictures=options["fetch_pictures"],
            encoding=options["encoding"],
            delimiter=options["delimiter"],
            decimal_comma=options["decimal_comma"],
            sheet=options["sheet"],
        )
        bar = Bar("Checking" if options["dry_run"] else "Importing", sys.stderr)
        values: dict[str, Any] = {
            "name": path.name,
            "mapping": self.mapping(options),
            "options": chosen,
            "progress": bar,
            "pictures": options["pictures"],
        }
        try:
            if options["dry_run"]:
                report = check_products(path, **values).as_json()
                batch = None
            else:
                batch = import_products(path, actor=None, **values)
                report = batch.report
        except ImportRefused as refused:
            bar.close()
            self.tell(refused.report.as_json(), options, dry_run=True)
            raise CommandError(str(refused.message)) from None
        finally:
            bar.close()
        self.tell(report, options, dry_run=batch is None)
        self.end(report, batch, options)

    def mapping(self, options: dict[str, Any]) -> MappingLike:
        if options["map"]:
            try:
                found = json.loads(Path(options["map"]).read_text("utf-8"))
            except ValueError:
                raise CommandError(f"{options['map']} is not JSON.") from None
            if not isinstance(found, dict):
                raise CommandError(f"{options['map']} is no mapping of columns.")
            return found
        if options["mapping"]:
            with long_work():
                saved = SavedMapping.objects.filter(
                    kind=ImportBatch.Kind.PRODUCTS, name=options["mapping"]
                ).first()
            if saved is None:
                raise CommandError(f"There is no saved mapping “{options['mapping']}”.")
            mapping: dict[str, Any] = saved.mapping
            return mapping
        return {"preset": options["preset"]} if options["preset"] else None

    def end(
        self, report: dict[str, Any], batch: ImportBatch | None, options: dict[str, Any]
    ) -> None:
        if options["save_mapping"]:
            mapping = report["table"]["mapping"]
            with long_work():
                SavedMapping.objects.update_or_create(
                    kind=ImportBatch.Kind.PRODUCTS,
                    name=options["save_mapping"][:100],
                    defaults={"mapping": mapping},
                )
        if options["json"]:
            return
        if batch is None:
            self.stdout.write("Nothing was written: this was a dry run.")
        elif batch._state.adding:
            self.stdout.write("Everything is here already; nothing was written.")
        else:
            self.stdout.write(f"Imported. To take it back: --undo {batch.pk}")

    # -- what is told ---------------------------------------------------------------------------

    def tell(self, report: dict[str, Any], options: dict[str, Any], *, dry_run: bool) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(report, ensure_ascii=False, indent=1))
            return
        self.tell_table(report["table"])
        counts = report["counts"]
        for name, words in _COUNTS.items():
            if counts[name]:
                self.stdout.write(f"  {counts[name]:>8} {words}")
        for table, words in _MADE.items():
            if names := report["made"].get(table):
                self.stdout.write(f"{words}: {_some(names, counts[f'{table}_made'])}.")
        if dry_run:
            self.tell_new(report)
            self.tell_changed(report)
        for kind, count in (("warnings", counts["warnings"]), ("wrong", counts["problems"])):
            self.tell_problems(report[kind], count, kind, options["file"])

    def tell_table(self, table: dict[str, Any]) -> None:
        about = [table["kind"].upper(), table["encoding"], table["sheet"]]
        if table["delimiter"]:
            about.append(
                f"delimiter {'tab' if table['delimiter'] == chr(9) else table['delimiter']}"
            )
        about.append("decimal comma" if table["decimal_comma"] else "decimal point")
        self.stdout.write(self.style.MIGRATE_HEADING(", ".join(part for part in about if part)))
        columns = table["mapping"]["columns"]
        self.stdout.write(
            "Columns: " + ", ".join(f"{column} → {field}" for field, column in columns.items())
        )
        if table["unmatched"]:
            self.stdout.write("Columns left out: " + ", ".join(table["unmatched"]))
        for warning in table["warnings"]:
            self.stdout.write(f"Note: {warning}")

    def tell_new(self, report: dict[str, Any]) -> None:
        for one in report["new"][:_SHOWN]:
            told = [f"row {one['row']}", one["sku"], one["name"], one["price"]]
            self.stdout.write("  + " + "  ".join(part for part in told if part))
        self.more(len(report["new"][:_SHOWN]), report["counts"]["new"], "new")

    def tell_changed(self, report: dict[str, Any]) -> None:
        for one in report["changed"][:_SHOWN]:
            self.stdout.write(f"  ~ row {one['row']}  {one['sku']}  {one['name']}")
            for change in one["changes"]:
                place = " ".join(part for part in (change["variation"], change["field"]) if part)
                old = "–" if change["old"] in (None, "") else change["old"]
                self.stdout.write(f"      {place}: {old} → {change['new']}")
        self.more(len(report["changed"][:_SHOWN]), report["counts"]["changed"], "changed")

    def tell_problems(
        self, problems: list[dict[str, Any]], count: int, kind: str, file: str
    ) -> None:
        style = self.style.ERROR if kind == "wrong" else self.style.WARNING
        for one in problems[: _SHOWN * 5]:
            place = f"{Path(file).name}, row {one['row']}"
            place += f", {one['column']}" if one["column"] else ""
            value = f" “{one['value']}”" if one["value"] else ""
            self.stderr.write(style(f"{place}:{value} {one['reason']}"))
        left = count - len(problems[: _SHOWN * 5])
        if left > 0:
            self.stderr.write(style(f"… and {left} more"))

    def more(self, shown: int, count: int, word: str) -> None:
        if count > shown:
            self.stdout.write(f"  … and {count - shown} more that are {word}")

    # -- earlier imports --------------------------------------------------------------------------

    def list(self) -> None:
        def tell(report: dict[str, Any]) -> str:
            counts = report.get("counts", {})
            return f"{counts.get('new', 0):>7} new {counts.get('changed', 0):>7} changed"

        list_imports(self, ImportBatch.Kind.PRODUCTS, "products", tell)

    def undo(self, wanted: str) -> None:
        batch = find_import(wanted)
        undo_import(batch, actor=None)
        self.stdout.write(f"The import of {batch.file_name} is taken back.")


def _some(names: list[str], count: int) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown + (f" and {count - _SHOWN} more" if count > _SHOWN else "")
