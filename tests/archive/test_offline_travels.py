"""Numbers that devices gave travel with their sales; what is held keeps a business from leaving."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Membership
from archive.importing import ImportRefused
from archive.leaving import departing
from archive.verify import check_books
from sales import review
from sales.models import NumberSeries, Register, ReviewItem, Sale
from sales.series import make_series
from tenants.context import business
from tenants.errors import Refused
from tenants.models import Business
from tests.archive.rich import bring, elsewhere, taken
from tests.factories import Shop, make_device, make_shift, make_shop
from tests.sales.offline_sales import number, numbers, offline_body
from tests.sales.reviewing import hand_in, held
from tests.sales.selling import sell

pytestmark = pytest.mark.django_db


def stall() -> Shop:
    """A sale with a line, two numbered by a device, and a series that was never used."""
    shop = make_shop("acme")
    device, _token = make_device(shop)
    with business(shop.business):
        make_shift(shop)
        sell(shop)
        series = make_series(register=shop.register, device=device)
        for counter in (2, 1):
            body = offline_body(shop, number=number(shop, series, counter))
            assert hand_in(shop, body, device=device).status == "recorded"
        numbers(shop)
    return shop


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "acme.json"
    with elsewhere():
        stall()
        path.write_bytes(taken(path))
    return path


def test_numbers_and_series_come_out_again(file: Path, tmp_path: Path) -> None:
    bring(file)
    assert taken(tmp_path / "again.json") == file.read_bytes()
    with business(Business.objects.get(slug="acme")):
        assert check_books() == []
        sales = Sale.objects.order_by("chain_index").values_list("number", "is_offline")
        assert list(sales) == [
            ("ACM1-000001", False), ("ACM1-AA000002", True), ("ACM1-AA000001", True),
        ]  # fmt: skip
        register = Register.objects.get()
        assert register.sale_counter == 1
        assert list(NumberSeries.objects.values_list("code", flat=True)) == ["AA", "AB"]
        assert NumberSeries.objects.get(code="AA").device is not None
        assert make_series(register=register).code == "AC", "no device is given theirs"


def spoilt(file: Path, **change: Any) -> str:
    data = json.loads(file.read_text())
    (row,) = [one for one in data["sales"] if one["counter"] == 2]
    row.update(change)
    file.write_text(json.dumps(data))
    with pytest.raises(ImportRefused) as refused:
        bring(file)
    return " ".join(str(fault) for fault in refused.value.faults)


def test_a_number_that_was_changed_is_refused(file: Path) -> None:
    assert "none of the register's" in spoilt(file, series="ZZ")
    assert "is not made of" in spoilt(file, series="AA", number="ACM1-AA000003")
    assert "made offline" in spoilt(file, number="ACM1-AA000002", isOffline=False)


def test_a_business_does_not_leave_with_what_is_held(inside: Shop) -> None:
    make_shift(inside)
    item = held(inside)
    owner = Membership.objects.select_related("user", "role").get(user=inside.owner)
    ask: dict[str, Any] = {"by": owner, "name": "Acme", "archive": None, "without_archive": True}
    with pytest.raises(Refused, match="1 sale made offline is held"):
        departing.ask(**ask)
    review.close(actor=owner, item=item, reason="It was a test")
    departing.ask(**ask)
    assert ReviewItem.objects.count() == 1
    assert not Sale.objects.filter(total=Decimal(5)).exists()
