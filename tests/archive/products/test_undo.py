"""Taking an import back: everything is as before, or it is refused with the reason."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import transaction

from accounts.models import AuditEntry, Membership
from archive.models import ImportBatch
from archive.products.importing import undo_import
from inventory.ledger import correct
from inventory.models import (
    Barcode,
    Brand,
    LocationPrice,
    StockDocument,
    StockLevel,
    StockMovement,
    Variation,
)
from inventory.products import Row, save_product
from sales.checkout import LineRequest, PaymentRequest, SaleRequest, checkout
from sales.models import Payment
from tenants.errors import Refused
from tenants.ids import uuid7
from tests.archive.products.importing_them import GOOD, bring, contents, variation
from tests.archive.taking_back import assert_refused
from tests.factories import Shop, make_shift

pytestmark = pytest.mark.django_db

ROWS = [
    *GOOD,
    # Its name changes, so that it is found by other words, and it gets a code and a brand.
    "Black tea,TEA,4006381333948,Drinks,Nord,,2,13.99,,7",
    "Odd thing,,,,,,1,2,,4",
]


def test_everything_is_as_before(inside: Shop) -> None:
    bring(inside, ["Shirt,Red,SH-R,10"], "Name,Variation,SKU,Price")
    before = contents()
    batch = bring(inside, ROWS)
    bring_changed = contents()
    assert bring_changed != before
    undo_import(batch, actor=inside.owner)
    assert contents() == before
    assert (batch.state, batch.undone_by) == (ImportBatch.State.UNDONE, inside.owner)
    actions = set(AuditEntry.objects.values_list("action", flat=True))
    assert {"data.import", "data.import_undo", "stock.opening_taken_back"} <= actions


def test_and_it_can_be_imported_again(inside: Shop) -> None:
    batch = bring(inside, ROWS)
    undo_import(batch, actor=inside.owner)
    assert bring(inside, ROWS).report["counts"] == batch.report["counts"]


def test_the_later_of_two_goes_first(inside: Shop) -> None:
    start = contents()
    first = bring(inside, ROWS)
    middle = contents()
    second = bring(inside, ["Red cup,CUP-1,,,,,,5.50,,", "Tea,TEA,,,,,,14,,"])
    with pytest.raises(Refused) as refused:
        undo_import(first, actor=inside.owner)
    assert refused.value.code == "edited_since"
    undo_import(second, actor=inside.owner)
    assert contents() == middle
    undo_import(first, actor=inside.owner)
    assert contents() == start


def test_prices_of_locations_and_new_variations_go(inside: Shop) -> None:
    header = "Name,Variation,SKU,Price,Price [Market],Stock"
    bring(inside, ["Shirt,Red,SH-R,10,9,1"], header)
    before = contents()
    batch = bring(inside, ["Shirt,Red,SH-R,10,8,1", "Shirt,Blue,SH-B,10,7,2"], header)
    assert LocationPrice.objects.count() == 2
    undo_import(batch, actor=inside.owner)
    assert contents() == before


def test_a_count_is_reversed_by_its_opposite(inside: Shop) -> None:
    """Movements are never removed: the level is as before, and the books say why."""
    batch = bring(inside, GOOD, stock="count")
    undo_import(batch, actor=inside.owner)
    level = StockLevel.objects.get(variation=inside.mug, location=inside.high_street)
    moved = StockMovement.objects.filter(level=level).order_by("pk")
    assert list(moved.values_list("quantity", "balance")) == [(10, 10), (89, 99), (-89, 10)]
    assert level.quantity == 10


def test_a_product_that_was_deleted_meanwhile_is_no_obstacle(inside: Shop) -> None:
    batch = bring(inside, ["Odd,ODD,,,,,1,2,,", "Even,EVEN,,,,,1,2,,"])
    variation("ODD").product.delete()
    undo_import(batch, actor=inside.owner)
    assert not Variation.objects.filter(sku="EVEN").exists()


def test_what_others_use_by_now_stays(inside: Shop) -> None:
    batch = bring(inside, GOOD)
    brand = Brand.objects.get(name="Nord")
    inside.tea.product.brand = brand
    inside.tea.product.save()
    undo_import(batch, actor=inside.owner)
    assert list(Brand.objects.all()) == [brand]


def sell(shop: Shop, sku: str = "CUP-1", *, price: str | None = None) -> None:
    shift = make_shift(shop)
    cup = variation(sku)
    total = cup.price if price is None else Decimal(price)
    request = SaleRequest(
        id=uuid7(),
        register_id=shift.register_id,
        lines=[LineRequest(cup.pk, Decimal(1))],
        payments=[PaymentRequest(Payment.Method.CASH, total)],
        total=total,
    )
    member = Membership.objects.select_related("role", "user").get(user=shop.cashier)
    with transaction.atomic():
        checkout(actor=member, request=request)


def move(shop: Shop) -> None:
    correct(
        actor=shop.owner,
        location=shop.high_street,
        reason=StockDocument.Reason.FOUND,
        changes={variation("CUP-1").pk: Decimal(1)},
    )


def move_elsewhere(shop: Shop) -> None:
    correct(
        actor=shop.owner,
        location=shop.market,
        reason=StockDocument.Reason.FOUND,
        changes={variation("CUP-1").pk: Decimal(1)},
    )


def change_a_price(shop: Shop) -> None:
    cup = variation("CUP-1")
    cup.price = Decimal("4.75")
    save_product(actor=shop.owner, product=cup.product, rows=[Row(cup)])


def change_what_was_changed(shop: Shop) -> None:
    shop.mug.refresh_from_db()
    shop.mug.price = Decimal("6.50")
    save_product(actor=shop.owner, product=shop.mug.product, rows=[Row(shop.mug)])


def rename(shop: Shop) -> None:
    product = variation("CUP-1").product
    product.name = "Crimson cup"
    save_product(actor=shop.owner, product=product, rows=[])


def add_a_barcode(shop: Shop) -> None:
    Barcode.objects.create(variation=variation("CUP-1"), code="X-1")


def add_a_variation(shop: Shop) -> None:
    Variation.objects.create(product=variation("CUP-1").product, name="large", sku="CUP-L")


def add_a_price(shop: Shop) -> None:
    LocationPrice.objects.create(variation=variation("CUP-1"), location=shop.market, price=1)


@pytest.mark.parametrize(
    ("since", "code", "named"),
    [
        (sell, "sold_since", "Red cup CUP-1"),
        (move, "stock_moved_since", "Red cup CUP-1"),
        (move_elsewhere, "stock_moved_since", "Red cup CUP-1"),
        (change_a_price, "edited_since", "Red cup CUP-1"),
        (change_what_was_changed, "edited_since", "Blue mug MUG-1"),
        (rename, "edited_since", "Crimson cup CUP-1"),
        (add_a_barcode, "edited_since", "Red cup CUP-1"),
        (add_a_variation, "edited_since", "Red cup – large CUP-L"),
        (add_a_price, "edited_since", "Red cup CUP-1"),
    ],
)
def test_refused_with_reason_and_example(
    inside: Shop, since: Callable[[Shop], None], code: str, named: str
) -> None:
    batch = bring(inside, GOOD)
    since(inside)
    assert_refused(lambda: undo_import(batch, actor=inside.owner), batch, code=code, named=named)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Name,SKU,Price", "Blue mug,MUG-1,5.5"),
        ("Name,SKU,Price [High Street]", "Blue mug,MUG-1,4"),
        ("Name,SKU", "Navy mug,MUG-1"),
    ],
)
def test_what_changed_was_sold_as_it_became(inside: Shop, header: str, row: str) -> None:
    batch = bring(inside, [row], header)
    with_new_price = contents()
    sell(inside, "MUG-1", price="4" if "High" in header else None)
    before = contents()
    with pytest.raises(Refused) as refused:
        undo_import(batch, actor=inside.owner)
    assert refused.value.code == "sold_since" and "MUG-1" in str(refused.value)
    assert contents() == before != with_new_price


def test_what_changed_was_sold_before(inside: Shop) -> None:
    sell(inside, "MUG-1")
    before = contents()
    undo_import(bring(inside, ["Blue mug,MUG-1,6"], "Name,SKU,Price"), actor=inside.owner)
    after = contents()
    assert {name for name in before if before[name] != after[name]} <= {"AuditEntry"}


def test_moved_stock_of_what_only_changed_is_no_obstacle(inside: Shop) -> None:
    batch = bring(inside, ["Blue mug,MUG-1,,,,,,6,,"])
    correct(
        actor=inside.owner,
        location=inside.high_street,
        reason=StockDocument.Reason.FOUND,
        changes={inside.mug.pk: Decimal(1)},
    )
    undo_import(batch, actor=inside.owner)
    inside.mug.refresh_from_db()
    assert inside.mug.price == 5


def test_only_once(inside: Shop) -> None:
    batch = bring(inside, GOOD)
    undo_import(batch, actor=inside.owner)
    with pytest.raises(Refused) as refused:
        undo_import(batch, actor=inside.owner)
    assert refused.value.code == "not_applied"
