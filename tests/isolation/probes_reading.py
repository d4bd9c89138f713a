"""Ways to read another business's rows through the ORM."""

from __future__ import annotations

from typing import Any

from asgiref.sync import async_to_sync
from django import forms
from django.db import models
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, Subquery
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from accounts.models import Membership, User
from inventory.models import Category, Product, Variation
from tests.isolation.probes import (
    RAW,
    Target,
    probe,
    product_of,
    theirs_among,
)

# Made while nothing is bound, as a module of forms or serializers does.
IMPORTED = Product.objects.all()


class ImportedForm(forms.Form):
    product = forms.ModelChoiceField(queryset=Product.objects.all())


class ImportedSerializer(serializers.Serializer[Any]):
    product = serializers.PrimaryKeyRelatedField(queryset=Product.objects.all())


@probe()
def listing(mine: Target, theirs: Target) -> bool:
    return theirs_among(Product.objects.all(), theirs)


@probe()
def slicing(mine: Target, theirs: Target) -> bool:
    return theirs_among(Product.objects.order_by("-business_id")[:1], theirs)


@probe()
def get_by_key(mine: Target, theirs: Target) -> bool:
    return bool(Product.objects.get(pk=product_of(theirs)))


@probe()
def get_object(mine: Target, theirs: Target) -> bool:
    return bool(get_object_or_404(Product, pk=product_of(theirs)))


@probe()
def filtering(mine: Target, theirs: Target) -> bool:
    return bool(Product.objects.filter(Q(pk=product_of(theirs)) | Q(name="nothing")))


@probe()
def filter_by_business(mine: Target, theirs: Target) -> bool:
    return bool(Product.objects.filter(business=theirs.business))


@probe()
def first_and_last(mine: Target, theirs: Target) -> bool:
    rows = Product.objects.order_by("business_id")
    return theirs_among([rows.first(), rows.last(), rows.latest("business_id")], theirs)


@probe()
def exclude_exists(mine: Target, theirs: Target) -> bool:
    return Product.objects.exclude(business=mine.business).exists()


@probe()
def exclude_across_relation(mine: Target, theirs: Target) -> bool:
    return theirs_among(Product.objects.exclude(variations__sku="nothing"), theirs)


@probe()
def contains(mine: Target, theirs: Target) -> bool:
    return Product.objects.all().contains(Product(pk=product_of(theirs)))


@probe()
def counting(mine: Target, theirs: Target) -> bool:
    return Product.objects.count() > 3


@probe()
def aggregating(mine: Target, theirs: Target) -> bool:
    return Product.objects.aggregate(n=Count("pk"))["n"] > 3


@probe()
def aggregating_annotated(mine: Target, theirs: Target) -> bool:
    rows = Product.objects.annotate(n=Count("variations")).filter(n__gte=1)
    return rows.aggregate(all=Count("pk"))["all"] > 3


@probe()
def grouping(mine: Target, theirs: Target) -> bool:
    rows = Product.objects.values("business_id").annotate(n=Count("pk")).order_by()
    return any(row["business_id"] == theirs.business.pk for row in rows)


@probe()
def values(mine: Target, theirs: Target) -> bool:
    return product_of(theirs) in {row["id"] for row in Product.objects.values("id")}


@probe()
def values_list_distinct(mine: Target, theirs: Target) -> bool:
    rows = Product.objects.order_by().values_list("business_id", flat=True).distinct()
    return theirs.business.pk in rows


@probe()
def dates(mine: Target, theirs: Target) -> bool:
    return bool(Product.objects.filter(pk=product_of(theirs)).datetimes("created_at", "year"))


@probe()
def in_bulk(mine: Target, theirs: Target) -> bool:
    return bool(Product.objects.in_bulk([product_of(theirs)]))


@probe()
def iterator(mine: Target, theirs: Target) -> bool:
    return theirs_among(Product.objects.iterator(chunk_size=1), theirs)


@probe()
def asynchronous(mine: Target, theirs: Target) -> bool:
    async def collect() -> list[Any]:
        rows = Product.objects.exclude(name="nothing")
        return [row async for row in rows] + [row async for row in rows.aiterator()]

    return theirs_among(async_to_sync(collect)(), theirs)


@probe()
def base_manager(mine: Target, theirs: Target) -> bool:
    return theirs_among(Product._base_manager.all(), theirs)


@probe()
def refresh(mine: Target, theirs: Target) -> bool:
    row = Product(pk=product_of(theirs), business=mine.business, name="mine")
    row.refresh_from_db()
    return row.name != "mine"


@probe()
def foreign_key(mine: Target, theirs: Target) -> bool:
    return bool(Variation(product_id=product_of(theirs)).product)


@probe()
def reverse_foreign_key(mine: Target, theirs: Target) -> bool:
    return bool(Product(pk=product_of(theirs)).variations.all())


@probe()
def prefetch(mine: Target, theirs: Target) -> bool:
    row = Product(pk=product_of(theirs))
    models.prefetch_related_objects([row], "variations")
    return bool(row.variations.all())


@probe()
def prefetch_with_queryset(mine: Target, theirs: Target) -> bool:
    row = Product(pk=product_of(theirs))
    models.prefetch_related_objects([row], Prefetch("variations", Variation.objects.all(), "found"))
    return bool(row.found)  # type: ignore[attr-defined]


@probe()
def many_to_many(mine: Target, theirs: Target) -> bool:
    return bool(Membership(pk=theirs.confined.pk).locations.all())


@probe()
def through_the_link_model(mine: Target, theirs: Target) -> bool:
    return bool(Membership(pk=theirs.confined.pk).location_links.all())


@probe()
def union(mine: Target, theirs: Target) -> bool:
    ours, others = (Product.objects.filter(pk=product_of(s)).order_by() for s in (mine, theirs))
    rows = ours.union(others, all=True)
    return theirs_among(rows, theirs)


@probe()
def union_of_unions(mine: Target, theirs: Target) -> bool:
    each = [Product.objects.filter(pk=product_of(shop)).order_by() for shop in (mine, theirs)]
    rows = each[0].union(each[1].union(each[0])).order_by("name")
    return rows.count() > 1 or theirs_among(rows, theirs)


@probe()
def difference(mine: Target, theirs: Target) -> bool:
    everything = Product.objects.order_by()
    rows = everything.difference(everything.filter(pk=product_of(mine)))
    return theirs_among(rows, theirs)


@probe()
def combined(mine: Target, theirs: Target) -> bool:
    each = [Product.objects.filter(pk=product_of(shop)) for shop in (mine, theirs)]
    return theirs_among(each[0] | each[1], theirs) or theirs_among(each[0] ^ each[1], theirs)


@probe()
def subquery(mine: Target, theirs: Target) -> bool:
    name = Product.objects.filter(pk=product_of(theirs)).values("name")[:1]
    rows = Category.objects.annotate(found=Subquery(name))
    return any(row.found for row in rows)


@probe()
def exists_expression(mine: Target, theirs: Target) -> bool:
    return Category.objects.filter(Exists(Product.objects.filter(pk=product_of(theirs)))).exists()


@probe()
def outer_reference(mine: Target, theirs: Target) -> bool:
    # Both shops have a product of this name.
    twins = Product.objects.filter(name=OuterRef("name")).exclude(pk=OuterRef("pk"))
    return Product.objects.filter(Exists(twins)).exists()


@probe()
def in_subquery(mine: Target, theirs: Target) -> bool:
    foreign = Product.objects.exclude(business=mine.business).values("name")
    return Product.objects.filter(name__in=foreign).exists()


@probe()
def subquery_of_platform_table(mine: Target, theirs: Target) -> bool:
    members = Membership.objects.filter(business=theirs.business)
    return User.objects.filter(pk__in=members.values("user")).exists()


@probe()
def queryset_of_import_time(mine: Target, theirs: Target) -> bool:
    return theirs_among(IMPORTED.all(), theirs)


@probe()
def form_of_import_time(mine: Target, theirs: Target) -> bool:
    return ImportedForm({"product": product_of(theirs)}).is_valid()


@probe()
def serializer_of_import_time(mine: Target, theirs: Target) -> bool:
    return ImportedSerializer(data={"product": str(product_of(theirs))}).is_valid()


@probe()
def validation_of_a_reference(mine: Target, theirs: Target) -> bool:
    row = Product(name="ours", business=mine.business, category_id=theirs.category.pk)
    row.clean_fields(exclude={"business"})
    return True


@probe()
def lock(mine: Target, theirs: Target) -> bool:
    return bool(Product.objects.select_for_update().filter(pk=product_of(theirs)))


@probe(RAW)
def join_from_a_person(mine: Target, theirs: Target) -> bool:
    # The query begins at a platform table, which no scope narrows.
    rows = User.objects.filter(pk=theirs.owner.pk).values_list("memberships__role_id", flat=True)
    return any(rows)
