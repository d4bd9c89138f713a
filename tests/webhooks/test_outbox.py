"""What is written when something happens, and that it shares the fate of what happened."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from inventory import ledger
from inventory.models import Product, StockDocument
from inventory.products import Row, remove_product, save_product, set_location_prices
from sales.models import Shift
from sales.shifts import close_shift
from tenants.context import business
from tests.api.calls import line, post, sale_body
from tests.factories import Shop, make_device, make_shift, with_token
from tests.sales.selling import sell, void
from tests.webhooks.telling import bound, events, listen, sold
from webhooks import outbox
from webhooks.models import Event

ELSEWHERE = "http://127.0.0.1:9/hook"


@pytest.fixture
def listening(inside: Shop) -> Shop:
    listen(inside, ELSEWHERE)
    return inside


@pytest.mark.usefixtures("committed_db")
def test_what_is_rolled_back_is_never_told(open_market: Shop) -> None:
    listen(open_market, ELSEWHERE)
    with bound(open_market):
        sell(open_market)
        assert Event.objects.count() == 1
        transaction.set_rollback(True)
    assert events(open_market) == []
    sold(open_market)
    assert events(open_market) == ["sale.completed"]


@pytest.mark.usefixtures("committed_db")
def test_outside_a_transaction_nothing_is_noted(open_market: Shop) -> None:
    listen(open_market, ELSEWHERE)
    with business(open_market.business), pytest.raises(AssertionError, match="one transaction"):
        outbox.record("shift.closed", open_market.mug.pk)


@pytest.mark.usefixtures("committed_db")
def test_a_checkout_costs_at_most_one_statement_more_with_endpoints(
    open_market: Shop,
) -> None:
    terminal = with_token(make_device(open_market)[1])

    def statements() -> list[str]:
        body = sale_body(open_market, line(open_market.mug, "1"), total="5.00")
        with CaptureQueriesContext(connection) as queries:
            answer = post(terminal, "/api/v1/sales", body)
        assert answer.status_code == 201, answer.content
        return [query["sql"] for query in queries]

    statements()  # By the first one the process learns whose token it is.
    without = statements()
    assert not [sql for sql in without if "webhooks_" in sql]
    listen(open_market, ELSEWHERE)
    listen(open_market, ELSEWHERE, name="Another")
    told = statements()
    if connection.vendor == "postgresql":
        # It goes with the document.
        assert len(told) == len(without)
    else:
        assert len(told) == len(without) + 1
        [extra] = [sql for sql in told if "webhooks_" in sql]
        assert extra.startswith("INSERT")
    with business(open_market.business), transaction.atomic():
        [event] = Event.objects.all()
        assert (event.kind, event.data) == ("sale.completed", {})


def test_documents_and_shifts(listening: Shop) -> None:
    shift = make_shift(listening)
    sale = sell(listening)
    void(listening, sale)
    close_shift(actor=listening.cashier, shift=shift, counted_cash=Decimal(50))
    assert events(listening) == ["sale.completed", "sale.voided", "shift.closed"]
    ids = list(Event.objects.order_by("pk").values_list("object_id", flat=True))
    assert ids[0] == str(sale.pk)
    assert ids[1] == str(sale.reversals.get().pk)
    assert ids[2] == str(Shift.objects.get().pk)


def test_products(listening: Shop) -> None:
    product = listening.mug.product
    product.name = "Red mug"
    save_product(actor=listening.owner, product=product, rows=[Row(listening.mug)])
    assert events(listening) == ["product.changed"]
    save_product(actor=listening.owner, product=product, rows=[Row(listening.mug)])
    assert events(listening) == ["product.changed"], "nothing has changed"
    place = (listening.mug.pk, listening.market.pk)
    set_location_prices(actor=listening.owner, product=product, prices={place: Decimal(4)})
    fresh = Product.objects.get(pk=listening.wrapping.product_id)
    assert remove_product(actor=listening.owner, product=fresh)
    assert events(listening) == ["product.changed"] * 3
    last = Event.objects.order_by("pk").last()
    assert last is not None and last.object_id == str(listening.wrapping.product_id)


def test_only_stock_that_goes_out_by_itself_is_noted(listening: Shop) -> None:
    def correct(change: int) -> None:
        ledger.correct(
            actor=listening.owner,
            location=listening.high_street,
            reason=StockDocument.Reason.FOUND,
            changes={listening.mug.pk: Decimal(change)},
        )

    correct(1)
    assert events(listening) == []
    correct(-1)
    assert events(listening) == ["stock.moved"]


def test_without_endpoints_nothing_is_written(inside: Shop) -> None:
    make_shift(inside)
    sell(inside)
    assert events(inside) == []
