"""Four forked workers read so often with .iterator(): prints how many results held foreign rows.

    python -m tests.isolation.pool_forks READS held|open BUSINESS…

`held` inside transactions, as the product does; `open` outside, with server-side cursors on.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from contextlib import nullcontext


def read(reads: int, held: bool, business_id: int) -> Counter[str]:
    from django.db import connection, transaction

    from inventory.models import Product
    from tenants.context import business

    if not held:
        connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"] = False
    seen: Counter[str] = Counter()
    for _number in range(reads):
        rows = Product.objects.order_by().values_list("business_id", flat=True)
        try:
            with business(business_id), transaction.atomic() if held else nullcontext():
                whose = set(rows.iterator(chunk_size=5))
        except Exception:  # whatever a stolen cursor raises
            seen["errors"] += 1
            connection.close()
            continue
        seen["sets"] += 1
        seen["foreign"] += whose != {business_id}
    return seen


def main() -> None:
    reads, mode, businesses = int(sys.argv[1]), sys.argv[2], [int(x) for x in sys.argv[3:]]
    import django

    django.setup()
    pipes = []
    for number in range(4):
        readable, writable = os.pipe()
        if os.fork() == 0:
            seen = read(reads, mode == "held", businesses[number % len(businesses)])
            os.write(writable, json.dumps(seen).encode())
            os._exit(0)
        os.close(writable)
        pipes.append(readable)
    total: Counter[str] = Counter()
    for readable in pipes:
        with os.fdopen(readable) as pipe:
            total.update(json.loads(pipe.read()))
    sys.stdout.write(json.dumps(total))


if __name__ == "__main__":
    main()
