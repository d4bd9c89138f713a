"""`manage.py export_data`: a shop leaves with everything, or keeps a copy."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from archive.exporting.people import people_tables
from archive.exporting.sheets import write_csv_folder
from archive.exporting.snapshot import snapshot
from archive.exporting.target import TargetRefused, whole_file, whole_folder
from archive.exporting.writing import Written, export_all, for_people
from archive.progress import Bar
from tenants import context
from tenants.choosing import chosen_business
from tenants.models import Business


class Command(BaseCommand):
    help = (
        "Write one business or all into a file that import_data reads, here or on another "
        "installation; or, with --for-people, as spreadsheets. The file holds personal data and "
        "password hashes: keep it as you would keep the till's cash."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="what to write, such as shop.json.gz")
        parser.add_argument(
            "--business", metavar="ID|NAME|SLUG", help="only this business; otherwise all"
        )
        parser.add_argument(
            "--gzip", action="store_true",
            help="compress; done by itself when the file's name ends in .gz",
        )  # fmt: skip
        parser.add_argument(
            "--for-people", choices=("csv", "xlsx"), dest="form",
            help="spreadsheets of one business: a folder of CSV files (or a .zip), or a workbook",
        )  # fmt: skip
        parser.add_argument(
            "--overwrite", action="store_true", help="replace a file that is there already"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        businesses = chosen(options["business"])
        bar = Bar("Writing", sys.stderr)
        try:
            if options["form"]:
                self.sheets(path, businesses, options, bar)
            else:
                self.data(path, businesses, options, bar)
        except TargetRefused as refused:
            raise CommandError(str(refused)) from None
        finally:
            bar.close()

    def data(
        self, path: Path, businesses: list[Business], options: dict[str, Any], bar: Bar
    ) -> None:
        compress = options["gzip"] or path.suffix == ".gz"
        with whole_file(path, overwrite=options["overwrite"]) as file:
            written = export_all(file, businesses, secrets=True, compress=compress, progress=bar)
        bar.close()
        self.tell(written.counts)
        self.stdout.write(f"{path}: {_size(written)}, SHA-256 {written.sha256}")

    def sheets(
        self, path: Path, businesses: list[Business], options: dict[str, Any], bar: Bar
    ) -> None:
        if len(businesses) != 1:
            raise CommandError("Spreadsheets are of one business; say which with --business.")
        overwrite, form = options["overwrite"], options["form"]
        with context.business(businesses[0]):
            if form == "csv" and path.suffix != ".zip":
                with whole_folder(path, overwrite=overwrite) as folder, snapshot():
                    counts = write_csv_folder(folder, people_tables(), bar)
            else:
                with whole_file(path, overwrite=overwrite) as file:
                    counts = for_people(file, form=form, progress=bar)
        bar.close()
        self.tell(counts)
        self.stdout.write(f"{path} is written.")

    def tell(self, counts: dict[str, int]) -> None:
        for table, count in counts.items():
            if count:
                self.stdout.write(f"  {table:<20} {count:>9}")


def chosen(wanted: str | None) -> list[Business]:
    """All businesses, or the one that is wanted. Raises CommandError."""
    rows = list(Business.objects.order_by("pk")) if wanted is None else [chosen_business(wanted)]
    if not rows:
        raise CommandError("There is no business to export.")
    return rows


def _size(written: Written) -> str:
    return f"{written.size / 1_000_000:.1f} MB"
