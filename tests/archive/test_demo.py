"""The demo is whole, adds up, and is the same for the same seed."""

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.models import Membership
from archive import demo_catalogue
from archive.demo import PASSWORD, SHOPS, make_demo
from inventory.models import StockLevel
from sales.models import Sale
from tenants import context
from tenants.models import Business
from tests.archive.small_demo import NOW, a_twelfth_of_the_products
from tests.factories import make_business

FILES = ["gifts.json.gz", "groceries.json.gz"]


# -- the files --


def test_the_files_are_small_and_hold_enough() -> None:
    sizes = [(demo_catalogue.DATA / file).stat().st_size for file in FILES]
    assert sum(sizes) < 400_000
    gifts, groceries = (demo_catalogue.load(file)["products"] for file in FILES)
    assert len(gifts) >= 1000
    assert len(groceries) >= 600
    for products in (gifts, groceries):
        assert sum(1 for p in products if len(p["variations"]) > 1) >= 100


@pytest.mark.parametrize("file", FILES)
def test_codes_are_unique_and_barcodes_valid(file: str) -> None:
    variations = [v for p in demo_catalogue.load(file)["products"] for v in p["variations"]]
    assert len({v["sku"] for v in variations}) == len(variations)
    assert len({v["barcode"] for v in variations}) == len(variations)
    for code in (v["barcode"] for v in variations):
        digits = [int(digit) for digit in code]
        assert len(digits) == 13
        assert sum(digits[::2]) % 10 == -3 * sum(digits[1::2]) % 10
        assert 20 <= int(code[:2]) <= 29


@pytest.mark.parametrize("file", FILES)
def test_costs_are_60_to_70_percent_of_the_price_without_tax(file: str) -> None:
    content = demo_catalogue.load(file)
    for product in content["products"]:
        factor = 1 + Decimal(content["taxRates"][product["tax"]]) / 100
        assert len({v["name"] for v in product["variations"]}) == len(product["variations"])
        for one in product["variations"]:
            net = Decimal(one["price"]) / factor
            cent = Decimal("0.005")
            assert (
                net * Decimal("0.6") - cent <= Decimal(one["cost"]) <= net * Decimal("0.7") + cent
            )
            assert one["sold"] > 0


def test_the_files_tell_nothing_of_when_they_were_packed() -> None:
    for file in FILES:
        packed = (demo_catalogue.DATA / file).read_bytes()
        assert packed[4:8] == b"\0\0\0\0"
        assert gzip.decompress(packed).startswith(b'{"products"')


def test_credits_stand_beside_them() -> None:
    text = (demo_catalogue.DATA / "README.md").read_text()
    for word in ("Chen", "Sain", "Guo", "2012", "CC BY 4.0", "CC0"):
        assert word in text


# -- the shops; what they hold is in test_demo_shops.py --


@pytest.fixture
def few_products() -> Iterator[None]:
    with a_twelfth_of_the_products():
        yield


def figures(seed: int) -> list[Any]:
    """What a demo sells, made and undone."""
    found: list[Any] = []
    with transaction.atomic():
        make_demo(seed=seed, days=2, now=NOW)
        for company in Business.objects.order_by("slug"):
            with context.business(company):
                sales = Sale.objects.order_by("register__prefix", "chain_index")
                found += sales.values_list("number", "kind", "sold_at", "total", "rounding")
                levels = StockLevel.objects.order_by("location__code", "variation__sku")
                found += levels.values_list("location__code", "variation__sku", "quantity")
        transaction.set_rollback(True)
    return found


@pytest.mark.django_db
@pytest.mark.usefixtures("few_products")
def test_the_same_seed_gives_the_same_demo_and_another_another() -> None:
    assert figures(1) == figures(1)
    assert figures(1) != figures(2)


@pytest.mark.django_db
@pytest.mark.usefixtures("few_products")
@pytest.mark.parametrize(
    "now",
    [
        *(NOW.replace(hour=hour, minute=20) for hour in (0, 3, 23)),
        # Before they open, and the clocks have been put back and forward since midnight.
        datetime(2026, 10, 25, 5, 20, tzinfo=UTC),
        datetime(2026, 3, 29, 5, 20, tzinfo=UTC),
    ],
    ids=str,
)
def test_today_has_sales_at_any_hour(now: datetime) -> None:
    make_demo(days=1, now=now)
    for company in Business.objects.all():
        with context.business(company):
            today = now.astimezone(company.zone).date()
            assert Sale.objects.filter(business_date=today).exists()
            assert not Sale.objects.filter(sold_at__gt=now).exists()


# -- the command --


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("demo", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
@pytest.mark.usefixtures("few_products")
def test_the_command_prints_people_and_keeps_what_is_there() -> None:
    first = run("--days=1", "--if-empty")
    assert first.count(PASSWORD) == sum(len(shop.people) for shop in SHOPS)
    sales = 0
    for company in Business.objects.all():
        with context.business(company):
            sales += Sale.objects.count()
            olive = Membership.objects.get(is_owner=True).user
    olive.set_password("something else")
    olive.save()
    again = run("--if-empty")
    assert again.count(PASSWORD) == first.count(PASSWORD) - 1
    assert "(changed)" in again
    with pytest.raises(CommandError, match="here already"):
        run()
    after = 0
    for company in Business.objects.all():
        with context.business(company):
            after += Sale.objects.count()
    assert after == sales


@pytest.mark.django_db
def test_if_empty_leaves_a_real_business_alone() -> None:
    make_business("real")
    assert run("--if-empty") == ""
    assert Business.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("few_products")
def test_production_makes_up_a_password(settings: Any) -> None:
    settings.PRODUCTION = True
    out = run("--days=1")
    assert PASSWORD not in out
    password = next(line.split()[-1] for line in out.splitlines() if " olive " in line)
    assert len(password) == 16
    assert authenticate(username="olive", password=password) is not None


@pytest.mark.django_db
def test_days_have_limits() -> None:
    for days in ("0", "1000"):
        with pytest.raises(CommandError, match="from 1 to 365"):
            run(f"--days={days}")
