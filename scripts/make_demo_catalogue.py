"""Makes the demo catalogues in archive/data/ out of two public data sets.

    python -m scripts.make_demo_catalogue DIRECTORY

DIRECTORY holds `online_retail_2010-12_2011-06.csv.gz`, `completejourney/products.csv.gz` and
`completejourney/transactions_sample.csv.gz`. The same input gives the same bytes. Sources, credits
and what was changed: archive/data/README.md.
"""

from __future__ import annotations

import argparse
import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from scripts.demo_gifts import gift_groups, gift_items
from scripts.demo_groceries import grocery_groups
from scripts.demo_items import Group, cost, ean13

TARGET = Path(__file__).resolve().parent.parent / "archive" / "data"


def catalogue(shop: int, rates: dict[str, str], groups: list[Group]) -> dict[str, Any]:
    products = []
    number = 0
    for group in sorted(groups, key=lambda g: (g.category, g.name, g.brand)):
        variations = []
        for item in group.items:
            number += 1
            variations.append(
                {
                    "name": item.option if group.option else "",
                    "sku": item.code,
                    "barcode": ean13(shop, number),
                    "price": str(item.price),
                    "cost": str(cost(item.code, item.price, Decimal(rates[group.tax]))),
                    "sold": item.sold,
                }
            )
        products.append(
            {
                "name": group.name,
                "category": list(group.category),
                "brand": group.brand,
                "unit": group.unit,
                "tax": group.tax,
                "option": group.option,
                "variations": variations,
            }
        )
    return {"taxRates": rates, "products": products}


def write(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
    products = content["products"]
    variable = sum(1 for p in products if len(p["variations"]) > 1)
    print(f"{path.name}: {len(products)} products, {variable} of them variable, "
          f"{sum(len(p['variations']) for p in products)} variations, {path.stat().st_size} bytes")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the demo catalogues from public data.")
    parser.add_argument("directory", type=Path, help="where the two data sets are")
    source: Path = parser.parse_args().directory
    items = [
        i
        for i in gift_items(source / "online_retail_2010-12_2011-06.csv.gz")
        if i.sold >= 15 and i.price <= 100
    ]
    uk = {"standard": "20", "zero": "0"}
    ireland = {"standard": "23", "reduced": "13.5", "press": "9", "zero": "0"}
    write(TARGET / "gifts.json.gz", catalogue(1, uk, gift_groups(items)))
    groceries = grocery_groups(source / "completejourney")
    write(TARGET / "groceries.json.gz", catalogue(2, ireland, groceries))


if __name__ == "__main__":
    main()
