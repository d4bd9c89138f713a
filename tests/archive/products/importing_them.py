"""Importing small tables of products, and the state of a database as one can compare it."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from typing import Any

from django.apps import apps

from accounts.models import AuditEntry
from archive.models import BatchPart, ImportBatch
from archive.products.importing import check_products, import_products
from archive.products.report import Report
from inventory.models import SearchWord, Variation
from sync.models import Mark
from tenants.models import TenantModel
from tests.factories import Shop

HEADER = "Name,SKU,Barcode,Category,Brand,Unit,Cost,Price,Tax rate,Stock"
#: A new cup and a lamp, and the mug that every shop has.
GOOD = [
    "Red cup,CUP-1,4006381333931,Kitchen > Cups,Nord,Pieces,2.10,4.50,20%,12",
    "Lamp,007,,Light,Nord,Pieces,8,19.90,20%,3",
    "Blue mug,MUG-1,5901234123457,Kitchen,,Pieces,2,6,20%,99",
]
#: The second has no price that is a number.
HALF_GOOD = [GOOD[0], "Vase,VASE,,Kitchen,,Pieces,1,twelve,20%,1", GOOD[1]]


def sheet(rows: Sequence[str], header: str = HEADER) -> io.BytesIO:
    return io.BytesIO("\n".join([header, *rows, ""]).encode())


def check(rows: Sequence[str], header: str = HEADER, **options: Any) -> Report:
    options = {"location": "HS", **options}
    return check_products(sheet(rows, header), name="p.csv", mapping=None, options=options)


def bring(shop: Shop, rows: Sequence[str], header: str = HEADER, **options: Any) -> ImportBatch:
    options = {"location": "HS", **options}
    file = sheet(rows, header)
    return import_products(file, name="p.csv", mapping=None, options=options, actor=shop.owner)


def variation(sku: str) -> Variation:
    found: Variation = Variation.objects.select_related("product").get(sku=sku)
    return found


# Of what was done: imports, the log, and what devices have to look at again.
_RECORDS = (ImportBatch, BatchPart, AuditEntry, Mark)


def contents() -> dict[str, str]:
    """A hash of each table of the bound business, but for the records of what was done.

    Words have numbers that mean nothing, and get new ones when they are written again.
    """
    found = {}
    for model in apps.get_models():
        if not issubclass(model, TenantModel) or model in _RECORDS:
            continue
        columns = [one.attname for one in model._meta.concrete_fields if one.name != "changed"]
        if model is SearchWord:
            columns.remove("id")
        rows = sorted(repr(row) for row in model.objects.order_by().values_list(*columns))
        found[model.__name__] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found
