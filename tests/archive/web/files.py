"""Files that people bring, and the way that they take at the pages."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from archive.models import ImportBatch
from tests.factories import Shop

GOOD = b"""Name,SKU,Barcode,Price,Cost,Stock,Category
Red mug,MUG-2,4006381333931,6.50,2.10,12,Kitchen
Teapot,POT-1,,24.00,11.00,3,Kitchen
Blue mug,MUG-1,5901234123457,5.75,2.00,,Kitchen
"""
HALF = b"""Name,SKU,Barcode,Price,Cost,Stock,Category
Red mug,MUG-2,4006381333931,6.50,2.10,12,Kitchen
Teapot,POT-1,4006381333932,24.00,11.00,3,Kitchen
Sugar bowl,BOWL-1,,twelve,4.00,5,Kitchen
Blue mug,MUG-1,5901234123457,5.75,2.00,,Kitchen
"""
BAD = b"""Name,SKU,Price
Red mug,MUG-2,six
Teapot,POT-1,twenty
"""
SALES = b"""InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice
1001,MUG-1,Blue mug,2,2026-01-05 10:30:00,5.00
1001,TEA,Green tea,0.5,2026-01-05 10:30:00,12.99
1002,MUG-1,Blue mug,1,2026-01-06 11:00:00,5.00
"""


def upload(client: Client, shop: Shop, data: bytes, name: str = "list.csv", kind: str = "products"):
    file = SimpleUploadedFile(name, data)
    return client.post(shop.url(f"data/imports/new/{kind}/"), {"file": file})


def brought(client: Client, shop: Shop, data: bytes, **fields: Any) -> ImportBatch:
    """The import as it is after the upload."""
    answer = upload(client, shop, data, **fields)
    assert answer.status_code == 302, answer.content.decode()
    batch: ImportBatch = ImportBatch.objects.order_by("-created_at", "-pk")[0]
    return batch


def url(shop: Shop, batch: ImportBatch, more: str = "") -> str:
    return shop.url(f"data/imports/{batch.pk}/{more}")


def chosen(client: Client, shop: Shop, batch: ImportBatch) -> dict[str, Any]:
    """What the page of columns would send as it stands."""
    context = client.get(url(shop, batch, "columns/")).context
    data = {"preset": context["preset"]}
    for form in (context["columns"], context["options"]):
        for one in form:
            value = one.value()
            if value not in (None, False):
                data[one.html_name] = "on" if value is True else value
    return data


def checked(client: Client, shop: Shop, data: bytes, **changes: Any) -> ImportBatch:
    """Uploaded and checked with the columns as they were found, and these `changes`."""
    fields = {name: changes.pop(name) for name in ("name", "kind") if name in changes}
    batch = brought(client, shop, data, **fields)
    sent = {**chosen(client, shop, batch), "check": "1", **changes}
    answer = client.post(url(shop, batch, "columns/"), sent)
    assert answer.status_code == 302, answer.content.decode()
    batch.refresh_from_db()
    return batch


def html(client: Client, shop: Shop, batch: ImportBatch, more: str = "") -> str:
    answer = client.get(url(shop, batch, more))
    assert answer.status_code == 200
    return answer.content.decode()
