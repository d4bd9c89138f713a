"""Makes a large table of products, and imports it while somebody measures.

    python -m tests.archive.products.bulk_file make FILE [ROWS]
    python -m tests.archive.products.bulk_file run FILE [--again]

`run` makes a shop in the database that the environment names, imports the file and prints seconds
and the most memory that the process had. The contents depend on the number of rows alone.
"""

from __future__ import annotations

import csv
import os
import random
import resource
import sys
import time
from pathlib import Path
from typing import Any

HEADER = (
    "Name", "SKU", "Barcode", "Category", "Brand", "Unit", "Cost", "Price", "Tax rate", "Stock",
)  # fmt: skip
_ADJECTIVES = ("red", "blue", "green", "white", "black", "small", "large", "vintage", "paper")
_NOUNS = ("mug", "plate", "lamp", "clock", "bag", "card", "holder", "candle", "frame", "ribbon")


def make(path: Path, rows: int) -> None:
    chance = random.Random(rows)  # no secret is made of it
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number in range(rows):
            name = f"{chance.choice(_ADJECTIVES)} {chance.choice(_ADJECTIVES)} "
            name += f"{chance.choice(_NOUNS)} no {number}"
            price = chance.randint(99, 9999)
            writer.writerow(
                [
                    name,
                    f"S-{number:06d}",
                    gtin(2_000_000_000_00 + number),
                    f"Home > Shelf {number % 40}",
                    f"Brand {number % 200}",
                    "Pieces",
                    f"{price * 0.6 / 100:.2f}",
                    f"{price / 100:.2f}",
                    "20%",
                    chance.randint(0, 500),
                ]
            )


def gtin(number: int) -> str:
    """A GTIN-13 with its check digit."""
    body = f"{number:012d}"
    weighed = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return f"{body}{-weighed % 10}"


def run(path: Path) -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pos.settings")
    django.setup()
    from archive.products.importing import check_products, import_products, undo_import
    from tenants.bulk import long_work
    from tenants.context import business
    from tests.factories import make_shop

    with long_work():
        shop = make_shop(f"bulk{os.getpid()}")
    values: dict[str, Any] = {"name": path.name, "mapping": None, "options": {"location": "HS"}}
    with business(shop.business):
        measure("check", lambda: check_products(path, **values))
        batch = measure("import", lambda: import_products(path, actor=shop.owner, **values))
        print(batch.report["counts"])
        again = measure("again", lambda: import_products(path, actor=shop.owner, **values))
        print(again.report["counts"])
        measure("undo", lambda: undo_import(batch, actor=shop.owner))


def measure(name, work):
    started = time.monotonic()
    result = work()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name}: {time.monotonic() - started:.1f} s, at most {most:.0f} MB", flush=True)
    return result


if __name__ == "__main__":
    verb, file = sys.argv[1:3]
    if verb == "make":
        make(Path(file), int(sys.argv[3]) if len(sys.argv) > 3 else 100_000)
    else:
        run(Path(file))
