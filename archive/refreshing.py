"""Writing anew what rows are looked up by: it says nothing of its own, so nothing can be lost."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from inventory.catalogue import refresh_search
from inventory.models import Product
from sales.models import Customer
from sales.models.customer import write_name_hashes
from tenants.encryption import blind_columns

_CHUNK = 500


def refresh(*, progress: Callable[[int, int], None] | None = None) -> tuple[int, int]:
    """Write search texts, search words and the look-up of customers of the bound business anew.

    Returns how many products and customers were gone through. One transaction for every few
    hundred, so that tills go on selling; running it again changes nothing.
    """
    products, customers = Product.objects.all(), Customer.objects.all()
    with transaction.atomic():
        counts = products.count(), customers.count()
    done = 0
    for keys in _chunks(products):
        with transaction.atomic():
            refresh_search(keys)
        done += len(keys)
        if progress is not None:
            progress(done, sum(counts))
    for keys in _chunks(customers):
        with transaction.atomic():
            rows = list(customers.select_for_update().filter(pk__in=keys).order_by("pk"))
            for row in rows:
                row.index_contacts()
            Customer.objects.bulk_update(rows, [one.name for one in blind_columns(Customer)])
            write_name_hashes(rows)
        done += len(keys)
        if progress is not None:
            progress(done, sum(counts))
    return counts


def _chunks(rows: QuerySet[Any]) -> Iterator[list[uuid.UUID]]:
    ordered = rows.order_by("pk").values_list("pk", flat=True)
    last = None
    while True:
        # A query of its own: on PostgreSQL there is no business outside a transaction.
        with transaction.atomic():
            keys = list((ordered if last is None else ordered.filter(pk__gt=last))[:_CHUNK])
        if keys:
            yield keys
        if len(keys) < _CHUNK:
            return
        last = keys[-1]
