"""Ways to reach the rows of another business, each tried by a function.

A probe gets our shop, which is bound, and theirs. It says whether it reached a row or an effect of
theirs; an exception means that it did not. What `test_27_ways.py` does with the walls taken away
proves for each of them that it would say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from asgiref.sync import async_to_sync
from django import forms
from django.db import connection, models, transaction
from django.db.models import Count, Exists, F, OuterRef, Prefetch, Q, Subquery
from django.db.models.expressions import RawSQL
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from accounts.models import Membership, User
from inventory.models import Barcode, Brand, Category, Product, Variation
from tenants import context
from tenants.ids import uuid7
from tenants.models import Business
from tests.factories import Shop, make_person, make_shop


@dataclass
class Target(Shop):
    """A shop with two more rows: one that can be deleted, and a member confined to a location."""

    brand: Any = None
    confined: Any = None


Probe = Callable[[Target, Target], bool]
PROBES: dict[str, Probe] = {}

# Where a wall is the only one: what SQLite does not stop, because it has no row-level security.
# There the lint of test_allow_lists.py is the control.
RAW = "raw"
POSTGRES = "postgres"
MARKS: dict[str, set[str]] = {}

# Made while nothing is bound, as a module of forms or serializers does.
IMPORTED = Product.objects.all()


class ImportedForm(forms.Form):
    product = forms.ModelChoiceField(queryset=Product.objects.all())


class ImportedSerializer(serializers.Serializer[Any]):
    product = serializers.PrimaryKeyRelatedField(queryset=Product.objects.all())


def probe(*marks: str) -> Callable[[Probe], Probe]:
    def register(function: Probe) -> Probe:
        PROBES[function.__name__] = function
        MARKS[function.__name__] = set(marks)
        return function

    return register


def theirs_among(rows: Iterable[Any], theirs: Shop) -> bool:
    return any(row.business_id == theirs.business.pk for row in rows)


def product_of(shop: Shop) -> Any:
    return shop.mug.product_id


# Reading


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


# Writing


@probe()
def update(mine: Target, theirs: Target) -> bool:
    return Product.objects.filter(pk=product_of(theirs)).update(name="taken") > 0


@probe()
def update_everything(mine: Target, theirs: Target) -> bool:
    return Product.objects.update(alert_quantity=F("alert_quantity")) > 3


@probe()
def update_across_relation(mine: Target, theirs: Target) -> bool:
    rows = Variation.objects.filter(product__name="Blue mug", product__category__name="Kitchen")
    return rows.update(price=Decimal(1)) > 1


@probe()
def bulk_update(mine: Target, theirs: Target) -> bool:
    row = Product(pk=product_of(theirs), business=mine.business, name="taken")
    return Product.objects.bulk_update([row], ["name"]) > 0


@probe()
def save_their_instance(mine: Target, theirs: Target) -> bool:
    row = theirs.mug
    row.price = Decimal(1)
    row.save()
    return True


@probe()
def save_forged_instance(mine: Target, theirs: Target) -> bool:
    row = Product(pk=product_of(theirs), business=mine.business, name="taken")
    row.save(force_update=True)
    return True


@probe()
def save_base_raw(mine: Target, theirs: Target) -> bool:
    row = Brand.objects.get(pk=mine.brand.pk)
    row.business = theirs.business
    row.save_base(raw=True)
    return True


@probe()
def update_or_create(mine: Target, theirs: Target) -> bool:
    _row, created = Product.objects.update_or_create(
        pk=product_of(theirs), defaults={"name": "taken"}
    )
    return not created


@probe()
def get_or_create(mine: Target, theirs: Target) -> bool:
    _row, created = Product.objects.get_or_create(pk=product_of(theirs))
    return not created


@probe()
def delete_their_instance(mine: Target, theirs: Target) -> bool:
    brand = Brand(pk=theirs.brand.pk, business=theirs.business)
    return brand.delete()[0] > 0


@probe()
def delete_forged_instance(mine: Target, theirs: Target) -> bool:
    brand = Brand(pk=theirs.brand.pk, business=mine.business)
    return brand.delete()[0] > 0


@probe()
def delete_rows(mine: Target, theirs: Target) -> bool:
    return Brand.objects.exclude(business=mine.business).delete()[0] > 0


@probe()
def raw_delete(mine: Target, theirs: Target) -> bool:
    rows = Brand.objects.filter(pk=theirs.brand.pk)
    return rows._raw_delete("default") > 0


@probe()
def create_for_them(mine: Target, theirs: Target) -> bool:
    return bool(Brand.objects.create(name="planted", business=theirs.business))


@probe()
def bulk_create_for_them(mine: Target, theirs: Target) -> bool:
    return bool(Brand.objects.bulk_create([Brand(name="planted", business=theirs.business)]))


@probe()
def upsert_over_their_key(mine: Target, theirs: Target) -> bool:
    row = Brand(pk=theirs.brand.pk, name="taken")
    Brand.objects.bulk_create(
        [row], update_conflicts=True, update_fields=["name"], unique_fields=["id"]
    )
    return True


@probe()
def move_a_row(mine: Target, theirs: Target) -> bool:
    return Brand.objects.update(business=theirs.business) > 0


@probe()
def move_rows_in_bulk(mine: Target, theirs: Target) -> bool:
    row = Brand.objects.get(pk=mine.brand.pk)
    row.business = theirs.business
    return Brand.objects.bulk_update([row], ["business"]) > 0


@probe()
def move_an_instance(mine: Target, theirs: Target) -> bool:
    row = Brand.objects.get(pk=mine.brand.pk)
    row.business = theirs.business
    row.save(update_fields=["business"])
    return True


@probe()
def refer_to_their_row(mine: Target, theirs: Target) -> bool:
    row = Product.objects.create(name="ours", category_id=theirs.category.pk)
    return bool(row)


@probe()
def refer_by_update(mine: Target, theirs: Target) -> bool:
    ours = Product.objects.filter(pk=product_of(mine))
    return ours.update(category_id=theirs.category.pk) > 0


@probe()
def add_to_their_row(mine: Target, theirs: Target) -> bool:
    return bool(Barcode.objects.create(variation_id=theirs.mug.pk, code="1"))


@probe()
def link_to_their_location(mine: Target, theirs: Target) -> bool:
    membership = Membership.objects.get(user=mine.cashier)
    membership.locations.add(theirs.market.pk)
    return True


# Around the ORM


@probe(RAW)
def manager_raw(mine: Target, theirs: Target) -> bool:
    rows = models.Manager.from_queryset(models.QuerySet)()
    rows.model = Product
    return theirs_among(rows.raw("SELECT * FROM inventory_product"), theirs)


@probe()
def raw_of_the_model(mine: Target, theirs: Target) -> bool:
    return theirs_among(Product.objects.raw("SELECT * FROM inventory_product"), theirs)


@probe(RAW)
def raw_expression(mine: Target, theirs: Target) -> bool:
    name = RawSQL(
        "SELECT max(business_id) FROM inventory_product WHERE business_id <> %s", [mine.business.pk]
    )
    return any(row.found for row in Category.objects.annotate(found=name))


@probe(RAW)
def raw_select(mine: Target, theirs: Target) -> bool:
    return execute(
        "SELECT count(*) FROM inventory_product WHERE business_id = %s", theirs.business.pk
    )


@probe(RAW)
def raw_update(mine: Target, theirs: Target) -> bool:
    return execute(
        "UPDATE inventory_product SET name = 'taken' WHERE business_id = %s", theirs.business.pk
    )


@probe(RAW)
def raw_move(mine: Target, theirs: Target) -> bool:
    return execute("UPDATE inventory_brand SET business_id = %s", theirs.business.pk)


@probe(RAW)
def raw_remove(mine: Target, theirs: Target) -> bool:
    return execute("DELETE FROM inventory_brand WHERE business_id = %s", theirs.business.pk)


@probe(RAW)
def raw_insert(mine: Target, theirs: Target) -> bool:
    return plant(theirs.business, None)


@probe()
def raw_reference(mine: Target, theirs: Target) -> bool:
    """Wall 3 alone: the row is ours, and refers to theirs."""
    return plant(mine.business, theirs.category.pk)


@probe(RAW, POSTGRES)
def copy_out(mine: Target, theirs: Target) -> bool:
    sql = "COPY (SELECT business_id FROM inventory_product) TO STDOUT"
    with connection.cursor() as cursor, cursor.copy(sql) as rows:
        found = b"".join(bytes(row) for row in rows)
    return str(theirs.business.pk) in found.decode().split()


@probe(RAW, POSTGRES)
def copy_in(mine: Target, theirs: Target) -> bool:
    with connection.cursor() as cursor:
        columns = "id, business_id, name, description, is_active"
        with cursor.copy(f"COPY inventory_brand ({columns}) FROM STDIN") as rows:
            rows.write_row((uuid7(), theirs.business.pk, "planted", "", True))
    return True


@probe(RAW, POSTGRES)
def change_the_policy_for_the_session(mine: Target, theirs: Target) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL row_security = off")
    return execute(
        "SELECT count(*) FROM inventory_product WHERE business_id = %s", theirs.business.pk
    )


def execute(sql: str, *params: Any) -> bool:
    """Whether the statement counted or changed anything."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        if sql.startswith("SELECT"):
            return cursor.fetchone()[0] > 0
        return cursor.rowcount > 0


def plant(business: Business, parent: Any) -> bool:
    key = Category._meta.get_field("id").get_db_prep_value
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO inventory_category"
            " (id, business_id, name, code, description, parent_id, is_active)"
            " VALUES (%s, %s, 'planted', '', '', %s, %s)",
            [
                key(uuid7(), connection),
                business.pk,
                parent and key(parent, connection),
                True,
            ],
        )
        return cursor.rowcount > 0


def make_target(slug: str) -> Target:
    with transaction.atomic():
        shop = make_shop(slug)
    with context.business(shop.business), transaction.atomic():
        brand = Brand.objects.create(name=f"Brand of {slug}")
        person = make_person(f"{slug}.confined", shop.roles["Cashier"], locations=[shop.market])
        confined = Membership.objects.get(user=person)
    return Target(**vars(shop), brand=brand, confined=confined)


def reached(probe: Probe, mine: Target, theirs: Target) -> bool:
    """Whether the probe got through; it is tried as our business and undone."""
    got = False
    with context.business(mine.business):
        try:
            with transaction.atomic():
                got = probe(mine, theirs)
                raise _Undo
        except _Undo:
            pass
        except Exception:
            got = False
    return got


class _Undo(Exception):
    pass
