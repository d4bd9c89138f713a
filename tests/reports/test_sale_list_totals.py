"""The line above the list of sales is the sum of the list, whoever adds it up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Q
from django.test import Client

from reports.folding import fold
from sales import selection
from sales.models import Sale
from sales.selection import Totals, totals
from tests.factories import Shop, make_shift, signed_in
from tests.sales.selling import counted, market_manager, market_shift, sell, void

NOON = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)


@pytest.fixture
def sold(inside: Shop) -> Shop:
    """Sales of three days at two locations, one of them void, all but the last folded."""
    inside.high_street.below_zero = "allow"
    inside.high_street.save()
    make_shift(inside)
    stall = market_shift(inside).register
    for days in (0, 1, 2):
        sell(inside, (inside.mug, "1"), at=NOON - timedelta(days=days))
        sell(inside, (inside.tea, "0.333"), user=inside.manager, register=stall,
             at=NOON - timedelta(days=days))  # fmt: skip
    void(inside, sell(inside, (inside.tea, "2"), at=NOON), at=NOON)
    fold()
    sell(inside, (inside.mug, "1"), at=NOON)
    return inside


def shown(client: Client, shop: Shop, **narrowed: Any) -> Any:
    return client.get(shop.url("sales/"), narrowed).context["totals"]


def test_sums_that_are_kept_are_those_of_the_documents(sold: Shop) -> None:
    owner = signed_in(sold.owner)
    day = "2026-03-09"
    everything = Sale.objects.all()
    assert shown(owner, sold) == totals(everything)
    assert shown(owner, sold, date_from=day) == totals(everything.filter(business_date__gte=day))
    assert shown(owner, sold, date_to=day) == totals(everything.filter(business_date__lte=day))
    stall = everything.filter(location=sold.market)
    assert shown(owner, sold, location=sold.market.pk) == totals(stall)
    assert shown(owner, sold, location=sold.market.pk, date_to=day) == totals(
        stall.filter(business_date__lte=day)
    )


def test_who_sees_one_location_sees_its_sum(sold: Shop) -> None:
    found = shown(market_manager(sold), sold)
    assert found == totals(Sale.objects.filter(location=sold.market))
    assert found != totals(Sale.objects.all())


def test_who_sees_own_sales_alone_is_told_no_more(sold: Shop) -> None:
    role = sold.roles["Cashier"]
    role.permissions = ["sell.view_own"]
    role.save()
    own = Q(operator=sold.cashier) | Q(reverses__operator=sold.cashier)
    seen = shown(signed_in(sold.cashier), sold)
    assert seen == totals(Sale.objects.filter(own))
    assert seen != totals(Sale.objects.all())


def test_other_conditions_are_summed_up_by_reading(
    sold: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = signed_in(sold.owner)
    kept = Totals(Decimal(-1))
    shown(owner, sold)
    monkeypatch.setattr(selection, "_kept", [lambda first, last, places: kept])
    assert shown(owner, sold) == kept
    for condition in ({"kind": "void"}, {"operator": sold.manager.pk}, {"q": "1"}):
        assert shown(owner, sold, **condition) != kept


def test_no_document_is_read_for_it(sold: Shop) -> None:
    owner = signed_in(sold.owner)
    shown(owner, sold)
    with counted() as statements:
        shown(owner, sold)
    assert [one for one in statements if "reports_daysum" in one]
    assert not [one for one in statements if "total_sum" in one]
