"""Taking an import of sales back: everything is as before, or it is refused with the reason."""

from __future__ import annotations

import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.models import AuditEntry, Membership
from archive.history.importing import import_sales
from archive.history.undo import undo_sales
from archive.models import BatchPart, ImportBatch
from archive.verify import check_books
from inventory.ledger import correct
from inventory.models import (
    Barcode,
    LocationPrice,
    Product,
    StockDocument,
    StockLevel,
    StockMovement,
    Variation,
)
from inventory.products import Row, save_product
from sales import credit
from sales.checkout import LineRequest, PaymentRequest, SaleRequest, checkout
from sales.models import Customer, Payment, Register, Sale, Shift
from tenants.errors import Refused
from tenants.ids import uuid7
from tenants.models import Location
from tests.archive.history.test_import_sales import HEADER, ROWS, bring
from tests.archive.products.importing_them import contents
from tests.archive.taking_back import assert_refused
from tests.factories import Shop, customer_named, customers_named, make_shift

pytestmark = pytest.mark.django_db

MORE = "536999,tea,GREEN TEA,1,2010-12-03 10:00:00,3.39,17850.0,United Kingdom\n"


@pytest.mark.parametrize("stock", [False, True])
def test_everything_is_as_before_and_it_comes_in_again(inside: Shop, stock: bool) -> None:
    before = contents()
    batch = bring(stock=stock)
    first = batch.report
    assert contents() != before
    undo_sales(batch, actor=inside.owner)
    assert contents() == before
    assert (batch.state, batch.undone_by) == (ImportBatch.State.UNDONE, inside.owner)
    assert check_books() == []
    again = bring(stock=stock)
    assert (again.pk != batch.pk, again.report) == (True, first)
    assert Sale.objects.count() == 9
    assert check_books() == []
    actions = AuditEntry.objects.filter(action__in=["sales.import", "data.import_undo"])
    assert actions.count() == 3


def test_the_later_of_two_goes_first(inside: Shop) -> None:
    """The second extends the register of the first, and shares its products and customers."""
    start = contents()
    first = bring(stock=True)
    middle = contents()
    second = bring(ROWS + MORE, stock=True)
    with pytest.raises(Refused, match="Take that import back first") as refused:
        undo_sales(first, actor=inside.owner)
    assert refused.value.code == "history_went_on"
    assert "sales.csv.gz" in str(refused.value) and "High Street" in str(refused.value)
    undo_sales(second, actor=inside.owner)
    assert contents() == middle
    assert Register.objects.get(is_history=True).chain_length == 9
    undo_sales(first, actor=inside.owner)
    assert contents() == start


def test_two_locations_are_taken_back_together(inside: Shop) -> None:
    rows = "number,code,quantity,price,time,place\n"
    rows += "".join(
        f"{n},TEA,1,2.5,2019-04-0{n} 10:00,{place}\n" for n, place in enumerate("HMHM", 1)
    )
    mapping = {
        "columns": {name: name for name in ("number", "code", "quantity", "price", "time")}
        | {"location": "place"},
        "locations": {"H": "HS", "M": "MK"},
    }

    def run(text: str) -> ImportBatch:
        file = io.BytesIO(text.encode())
        return import_sales(file, name="s.csv", mapping=mapping, options={"stock": True})

    before = contents()
    batch = run(rows)
    assert Register.objects.filter(is_history=True).count() == 2
    assert StockLevel.objects.filter(location=inside.market, variation=inside.tea).exists()
    middle = contents()
    later = run(rows + "9,TEA,1,2.5,2019-05-01 10:00,M\n")
    undo_sales(later, actor=inside.owner)
    assert contents() == middle
    undo_sales(batch, actor=inside.owner)
    assert contents() == before


def test_a_customer_who_was_deleted_and_came_in_anew(inside: Shop) -> None:
    """The reference of the first import says afterwards what it said before."""
    row = "1,TEA,T,1,2011-03-26 22:59:00,1,17850.0,UK\n"
    undone = bring(row)
    undo_sales(undone, actor=inside.owner)
    bring(row)
    Sale.objects.filter(number="1").update(customer=None)
    customer_named("Customer 17850").delete()
    before = contents()
    batch = bring("2,TEA,T,1,2011-03-26 22:59:00,1,17850.0,UK\n")
    assert len(customers_named("Customer 17850")) == 1
    undo_sales(batch, actor=inside.owner)
    assert contents() == before


def test_many_documents_go_in_pieces(inside: Shop) -> None:
    rows = "".join(
        f"{n},NEW-{n % 40},THING,1,2011-01-05 09:00:00,1.25,{n % 7}.0,F\n" for n in range(2300)
    )
    before = contents()
    batch = bring(rows, stock=True)
    heard: list[tuple[int, int]] = []
    undo_sales(batch, actor=inside.owner, progress=lambda done, all_: heard.append((done, all_)))
    assert heard == [(1000, 2300), (2000, 2300), (2300, 2300)]
    assert contents() == before


# -- refused ---------------------------------------------------------------------------------------


def lantern() -> Variation:
    found: Variation = Variation.objects.select_related("product").get(sku__iexact="85123a")
    return found


def sell(shop: Shop, variation: Variation, *, customer: Customer | None = None) -> None:
    shift = make_shift(shop)
    request = SaleRequest(
        id=uuid7(),
        register_id=shift.register_id,
        lines=[LineRequest(variation.pk, Decimal(1))],
        payments=[PaymentRequest(Payment.Method.CASH, variation.price)],
        total=variation.price,
        customer_id=customer.pk if customer else None,
    )
    member = Membership.objects.select_related("role", "user").get(user=shop.cashier)
    with transaction.atomic():
        checkout(actor=member, request=request)


def known() -> Customer:
    found: Customer = customer_named("Customer 17850")
    return found


def sell_what_was_made(shop: Shop) -> None:
    Location.objects.update(below_zero=Location.BelowZero.ALLOW)
    sell(shop, lantern())


def sell_to_who_was_made(shop: Shop) -> None:
    sell(shop, shop.tea, customer=known())


def give_credit(shop: Shop) -> None:
    credit.grant(
        actor=shop.owner, customer=known(), amount=Decimal(5), reason="x", request_id=uuid7()
    )


def rename_the_customer(shop: Shop) -> None:
    customer = known()
    customer.name = "Ada Byron"
    customer.save()


def give_a_phone(shop: Shop) -> None:
    customer = known()
    customer.phone = "+31 20 123"
    customer.save()


def stock_it(shop: Shop) -> None:
    correct(
        actor=shop.owner,
        location=shop.market,
        reason=StockDocument.Reason.FOUND,
        changes={lantern().pk: Decimal(3)},
    )


def move_a_level_that_it_moved(shop: Shop) -> None:
    correct(
        actor=shop.owner,
        location=shop.high_street,
        reason=StockDocument.Reason.FOUND,
        changes={shop.mug.pk: Decimal(3)},
    )


def price_it(shop: Shop) -> None:
    row = lantern()
    row.price = Decimal(9)
    save_product(actor=shop.owner, product=row.product, rows=[Row(row)])


def picture_it(shop: Shop) -> None:
    Product.objects.filter(pk=lantern().product_id).update(image="1/x.webp")


def price_it_somewhere(shop: Shop) -> None:
    LocationPrice.objects.create(variation=lantern(), location=shop.market, price=1)


def give_it_a_code(shop: Shop) -> None:
    Barcode.objects.create(variation=lantern(), code="X-1")


@pytest.mark.parametrize(
    ("since", "code", "named"),
    [
        (sell_what_was_made, "stock_moved_since", "LANTERN 85123A"),
        (sell_to_who_was_made, "sold_since", "Customer 17850"),
        (give_credit, "credit_since", "Customer 17850"),
        (rename_the_customer, "edited_since", "Ada Byron"),
        (give_a_phone, "edited_since", "Customer 17850"),
        (stock_it, "stock_moved_since", "LANTERN 85123A"),
        (move_a_level_that_it_moved, "stock_moved_since", "Blue mug MUG-1"),
        (price_it, "edited_since", "LANTERN 85123A"),
        (picture_it, "edited_since", "LANTERN 85123A"),
        (price_it_somewhere, "edited_since", "LANTERN 85123A"),
        (give_it_a_code, "edited_since", "LANTERN 85123A"),
    ],
)
def test_refused_with_reason_and_example(
    inside: Shop, since: Callable[[Shop], None], code: str, named: str
) -> None:
    batch = bring(stock=since is not sell_to_who_was_made)
    since(inside)
    assert_refused(lambda: undo_sales(batch, actor=inside.owner), batch, code=code, named=named)


def test_what_was_made_was_sold_without_stock(inside: Shop) -> None:
    batch = bring()
    Product.objects.filter(pk=lantern().product_id).update(is_stocked=False)
    sell(inside, lantern())
    with pytest.raises(Refused) as refused:
        undo_sales(batch, actor=inside.owner)
    assert refused.value.code == "sold_since"


def test_sales_of_what_was_here_before_are_no_obstacle(inside: Shop) -> None:
    """Nor is stock that moved, where the import moved none."""
    batch = bring()
    sell(inside, inside.mug)
    move_a_level_that_it_moved(inside)
    undo_sales(batch, actor=inside.owner)
    assert Sale.objects.count() == 1
    assert StockMovement.objects.filter(level__variation=inside.mug).count() == 3
    assert check_books() == []


def test_only_once(inside: Shop) -> None:
    batch = bring()
    undo_sales(batch, actor=inside.owner)
    with pytest.raises(Refused) as refused:
        undo_sales(batch, actor=inside.owner)
    assert refused.value.code == "not_applied"


def test_an_import_of_an_earlier_version_kept_no_record(inside: Shop) -> None:
    batch = bring()
    BatchPart.objects.filter(batch=batch).delete()
    before = contents()
    with pytest.raises(Refused, match="an earlier version") as refused:
        undo_sales(batch, actor=inside.owner)
    assert refused.value.code == "no_record"
    assert contents() == before


def test_history_that_came_in_without_a_record_stands_before_it(inside: Shop) -> None:
    batch = bring()
    BatchPart.objects.filter(batch=bring(ROWS + MORE)).delete()
    with pytest.raises(Refused, match="not be taken back any more") as refused:
        undo_sales(batch, actor=inside.owner)
    assert refused.value.code == "history_went_on"


def test_documents_that_are_refused_make_nothing(inside: Shop) -> None:
    """Every document of the file differs from the one that is here, and one has a new code."""
    bring(MORE)
    before = contents()
    batch = bring(MORE + "536999,NEW-1,THING,1,2010-12-03 10:00:00,1,17850.0,UK\n")
    assert (batch.report["refused"]["documents"], batch._state.adding) == (1, True)
    assert contents() == before
    assert not Shift.objects.exclude(register__is_history=True).exists()


def test_the_command(shop: Shop, tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "sales.csv"
    file.write_text(HEADER + ROWS)
    common = ["import_sales", "--business", "acme"]
    how = ["--preset", "online-retail", "--location", "HS", "--create-missing"]
    call_command(*common, str(file), *how)
    told = capsys.readouterr().out
    key = told.partition("--undo ")[2].split()[0]
    call_command(*common, "--list")
    listed = capsys.readouterr().out
    assert key in listed and "9 documents" in listed
    call_command(*common, "--undo", key)
    assert "is taken back" in capsys.readouterr().out
    with pytest.raises(CommandError, match="that was made can be taken back"):
        call_command(*common, "--undo", key)
    with pytest.raises(CommandError, match="There is no import"):
        call_command(*common, "--undo", "nonsense")
    with pytest.raises(CommandError, match="Which file"):
        call_command(*common)
    with pytest.raises(CommandError, match="--preset or --map"):
        call_command(*common, str(file))
