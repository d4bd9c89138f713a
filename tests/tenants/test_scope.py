"""Wall 2: what the ORM does when nothing, or another business, is bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import models, transaction

from inventory.models import Barcode, Brand, Category, Product, Variation
from tenants.context import NoBusiness, business, platform
from tenants.models import TenantModel
from tenants.scope import TenantQuerySet, WrongBusiness
from tests.factories import Shop


async def _collect(rows: Any) -> list[Any]:
    return [row async for row in rows]


def _awaited(name: str, /, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
    return lambda rows: async_to_sync(getattr(rows, name))(*args, **kwargs)


def _called(name: str, /, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
    def call(rows: Any) -> Any:
        result = getattr(rows, name)(*args, **kwargs)
        return list(result) if isinstance(result, models.QuerySet) else result

    return call


def _brand() -> Brand:
    return Brand(name="unbound")


KEY = "018f0000-0000-7000-8000-000000000000"

# How each public method of a queryset is called. A new one of Django's fails the test below.
_PLAIN: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("active", (), {}),
    ("aggregate", (), {"n": models.Count("pk")}),
    ("alias", (), {"n": models.F("pk")}),
    ("all", (), {}),
    ("annotate", (), {"n": models.F("pk")}),
    ("complex_filter", ({"name": "x"},), {}),
    ("count", (), {}),
    ("create", (), {"name": "x"}),
    ("dates", ("pk", "year"), {}),
    ("defer", ("name",), {}),
    ("delete", (), {}),
    ("distinct", (), {}),
    ("earliest", ("name",), {}),
    ("exclude", (), {"name": "x"}),
    ("exists", (), {}),
    ("explain", (), {}),
    ("extra", (), {"where": ["1 = 1"]}),
    ("filter", (), {"name": "x"}),
    ("first", (), {}),
    ("get", (), {"name": "x"}),
    ("get_or_create", (), {"name": "x"}),
    ("in_bulk", ([KEY],), {}),
    ("last", (), {}),
    ("latest", ("name",), {}),
    ("only", ("name",), {}),
    ("order_by", ("name",), {}),
    ("prefetch_related", ("products",), {}),
    ("reverse", (), {}),
    ("select_for_update", (), {}),
    ("select_related", (), {}),
    ("update", (), {"name": "x"}),
    ("update_or_create", (), {"name": "x"}),
    ("using", ("default",), {}),
    ("values", ("name",), {}),
    ("values_list", ("name",), {}),
]
CALLS: dict[str, Callable[[Any], Any]] = {
    **{name: _called(name, *args, **kwargs) for name, args, kwargs in _PLAIN},
    "bulk_create": lambda rows: rows.bulk_create([_brand()]),
    "bulk_update": lambda rows: rows.bulk_update([_brand()], ["name"]),
    "contains": lambda rows: rows.contains(_brand()),
    "dates": lambda _rows: list(Product.objects.dates("created_at", "year")),
    "datetimes": lambda _rows: list(Product.objects.datetimes("created_at", "year")),
    "difference": lambda rows: list(rows.order_by().difference(rows.order_by())),
    "intersection": lambda rows: list(rows.order_by().intersection(rows.order_by())),
    "iterator": lambda rows: list(rows.iterator()),
    "union": lambda rows: list(rows.order_by().union(rows.order_by(), all=True)),
    "aiterator": lambda rows: async_to_sync(_collect)(rows.aiterator()),
    "abulk_create": lambda rows: async_to_sync(rows.abulk_create)([_brand()]),
    "abulk_update": lambda rows: async_to_sync(rows.abulk_update)([_brand()], ["name"]),
    "acontains": lambda rows: async_to_sync(rows.acontains)(_brand()),
    "aaggregate": _awaited("aaggregate", n=models.Count("pk")),
    "acount": _awaited("acount"),
    "acreate": _awaited("acreate", name="x"),
    "adelete": _awaited("adelete"),
    "aearliest": _awaited("aearliest", "name"),
    "aexists": _awaited("aexists"),
    "aexplain": _awaited("aexplain"),
    "afirst": _awaited("afirst"),
    "aget": _awaited("aget", name="x"),
    "aget_or_create": _awaited("aget_or_create", name="x"),
    "ain_bulk": _awaited("ain_bulk", [KEY]),
    "alast": _awaited("alast"),
    "alatest": _awaited("alatest", "name"),
    "aupdate": _awaited("aupdate", name="x"),
    "aupdate_or_create": _awaited("aupdate_or_create", name="x"),
    "__iter__": list,
    "__len__": len,
    "__bool__": bool,
    "__getitem__": lambda rows: rows[0],
    "__aiter__": async_to_sync(_collect),
    "__or__": lambda rows: list(rows | rows.filter(name="x")),
    "__and__": lambda rows: list(rows & rows.filter(name="x")),
    "__xor__": lambda rows: list(rows ^ rows.filter(name="x")),
    "_raw_delete": lambda rows: rows._raw_delete("default"),
}
# These answer without rows: they build something else, or nothing at all.
WITHOUT_ROWS = {"as_manager", "from_queryset", "none", "raw", "resolve_expression"}


def methods() -> set[str]:
    return {
        name
        for name in dir(TenantQuerySet)
        if not name.startswith("_") and callable(getattr(TenantQuerySet, name))
    } - WITHOUT_ROWS


def test_every_method_of_a_queryset_is_known() -> None:
    assert methods() - set(CALLS) == set()


@pytest.mark.parametrize("name", sorted(CALLS))
def test_unbound_it_raises(name: str, db: None) -> None:
    with transaction.atomic(), pytest.raises(NoBusiness):
        CALLS[name](Brand.objects.all())


def test_the_same_calls_work_when_bound(inside: Shop) -> None:
    """So that the test above is not passed by calls that could never work."""
    for name, call in CALLS.items():
        Brand.objects.all().delete()
        if name not in {"get_or_create", "aget_or_create"}:
            Brand.objects.create(name="x")
        with transaction.atomic():
            call(Brand.objects.all())


def test_raw_is_refused(inside: Shop) -> None:
    with pytest.raises(NotImplementedError):
        Brand.objects.raw("SELECT 1")


def test_the_same_queryset_follows_the_binding(shop: Shop, other_shop: Shop) -> None:
    rows = Product.objects.filter(name="Blue mug")
    for each in (shop, other_shop):
        with business(each.business):
            assert [row.pk for row in rows.all()] == [each.mug.product_id]


def test_platform_work_reads_across_and_writes_nothing(shop: Shop, other_shop: Shop) -> None:
    with platform("a test of the sentinel"), pytest.raises(NoBusiness):
        Brand.objects.create(name="nobody's")


def test_a_row_gets_the_bound_business(inside: Shop) -> None:
    assert Brand.objects.create(name="ours").business_id == inside.business.pk
    assert Brand.objects.bulk_create([Brand(name="ours")])[0].business_id == inside.business.pk


def test_exclude_across_relations_asks_the_related_table(inside: Shop) -> None:
    """Its inner query begins at the related table and leaves the model's own one out."""
    assert Product.objects.exclude(variations__sku="MUG-1").count() == 2
    assert Product.objects.exclude(variations__barcodes__code="5901234123457").count() == 2
    assert Category.objects.exclude(products__variations__sku="nothing").count() == 1
    assert Variation.objects.exclude(product__category__name="Kitchen").count() == 0
    assert Product.objects.exclude(variations__in=Variation.objects.filter(sku="TEA")).count() == 2


def test_a_delete_of_a_row_that_is_gone_reaches_nothing(inside: Shop) -> None:
    brand = Brand.objects.create(name="short")
    twin = Brand.objects.get(pk=brand.pk)
    assert brand.delete()[0] == 1
    assert twin.delete() == (0, {})


def test_an_upsert_goes_by_the_business(inside: Shop, other_shop: Shop) -> None:
    with pytest.raises(WrongBusiness):
        Barcode.objects.bulk_create(
            [Barcode(variation=inside.tea, code="1")],
            update_conflicts=True,
            update_fields=["variation"],
            unique_fields=["code"],
        )
    Barcode.objects.bulk_create(
        [Barcode(variation=inside.tea, code="5901234123457")],
        update_conflicts=True,
        update_fields=["variation"],
        unique_fields=["business", "code"],
    )
    assert Barcode.objects.get(code="5901234123457").variation_id == inside.tea.pk
    with business(other_shop.business):
        assert Barcode.objects.get(code="5901234123457").variation_id == other_shop.mug.pk


def test_the_same_code_in_two_businesses_is_no_conflict(shop: Shop, other_shop: Shop) -> None:
    with business(shop.business):
        Variation.objects.create(product=shop.mug.product, sku="ONLY-HERE")
    with business(other_shop.business):
        row = Variation(product=other_shop.mug.product, sku="ONLY-HERE")
        row.full_clean()
        row.save()


def test_every_tenant_model_is_scoped_by_every_manager() -> None:
    assert issubclass(Product, TenantModel)
    assert Product._meta.base_manager_name == Product._meta.default_manager_name == "objects"
