"""How long a first copy of a large catalogue takes, against COPY OUT of the same rows.

    python scripts/postgres.py run -- python -m bench.sync [--variations 100000] [--rounds 5]

In interleaved rounds of one run, on the same machine: COPY of the products, variations, barcodes and
levels, by the runtime role with row-level security and through the pooler; and the sync of them over
HTTP, without compression and with it. Medians, and how many times COPY's the sync's is.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import time
import zlib
from typing import Any

import psycopg

from bench.capacity import served

COPIES = (
    """SELECT id, name, kind, sku, category_id, brand_id, unit_id, tax_rate_id, tax_inclusive,
    is_stocked, is_for_sale, adds_credit, is_active FROM inventory_product""",
    "SELECT id, product_id, name, sku, price, position, is_active FROM inventory_variation",
    "SELECT id, variation_id, code FROM inventory_barcode",
    "SELECT variation_id, quantity FROM inventory_stocklevel WHERE location_id = '{location}'",
)


def make(variations: int) -> tuple[int, str, str]:
    """A shop with so many: its business, the location, and the token of a device there."""
    from django.db import transaction

    from tests.factories import make_device, make_shop
    from tests.sync.large import fill

    with transaction.atomic():
        shop = make_shop("bench")
    fill(shop, variations)
    return shop.business.pk, str(shop.high_street.pk), make_device(shop)[1]


def copied(business: int, location: str) -> tuple[float, int]:
    """Seconds, and bytes."""
    size = 0
    with psycopg.connect(os.environ["DATABASE_URL"], prepare_threshold=None) as connection:
        begun = time.perf_counter()
        connection.execute(f"SET LOCAL app.business_id = '{business}'")
        for query in COPIES:
            with connection.cursor().copy(
                f"COPY ({query.format(location=location)}) TO STDOUT"
            ) as out:
                size += sum(map(len, out))
        return time.perf_counter() - begun, size


def synced(port: int, token: str, limit: int, *, packed: bool) -> tuple[float, int, int, int]:
    """Seconds, bytes on the wire, rows and pages."""
    headers = {"Authorization": f"Bearer {token}"} | ({"Accept-Encoding": "gzip"} if packed else {})
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    cursor, size, pages, bodies = "", 0, 0, []
    begun = time.perf_counter()
    while True:
        connection.request("GET", f"/api/v1/sync?limit={limit}&since={cursor}", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        size, pages = size + len(body), pages + 1
        if packed:
            body = zlib.decompress(body, wbits=31)
        bodies.append(body)
        # The end is enough to go on.
        end: dict[str, Any] = json.loads(b"{" + body[body.rindex(b'"cursor":') :])
        cursor = end["cursor"]
        if not end["more"]:
            break
    took = time.perf_counter() - begun
    rows = sum(len(one) for body in bodies for one in json.loads(body)["rows"].values())
    return took, size, rows, pages


def main() -> None:
    reading = argparse.ArgumentParser(description=__doc__)
    reading.add_argument("--variations", type=int, default=100_000)
    reading.add_argument("--rounds", type=int, default=5)
    reading.add_argument("--limit", type=int, default=25_000)
    options = reading.parse_args()

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pos.settings")
    django.setup()
    business, location, token = make(options.variations)
    with psycopg.connect(os.environ["DIRECT_URL"], autocommit=True) as owner:
        owner.execute("VACUUM ANALYZE")
    times: dict[str, list[float]] = {"COPY": [], "sync": [], "sync, gzip": []}
    told: dict[str, str] = {}
    with served(2) as (port, _process):
        for _ in range(options.rounds):
            took, size = copied(business, location)
            times["COPY"].append(took)
            told["COPY"] = f"{size / 1e6:.1f} MB"
            for name, packed in (("sync", False), ("sync, gzip", True)):
                took, size, rows, pages = synced(port, token, options.limit, packed=packed)
                times[name].append(took)
                told[name] = f"{size / 1e6:.1f} MB, {rows} rows, {pages} pages"
    base = statistics.median(times["COPY"])
    for name, seconds in times.items():
        middle = statistics.median(seconds)
        print(f"{name:12} {middle:6.2f} s   {middle / base:5.2f} times COPY   {told[name]}")


if __name__ == "__main__":
    main()
