"""Ways to change another business's rows, or to hang ours onto them, through the ORM."""

from __future__ import annotations

from decimal import Decimal

from django.db.models import F

from accounts.models import Membership
from inventory.models import Barcode, Brand, Product, Variation
from tests.isolation.probes import (
    Target,
    probe,
    product_of,
)


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
    membership.locations.add(theirs.market)
    return True
