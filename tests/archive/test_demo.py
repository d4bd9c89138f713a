"""The demo is whole, adds up, and is the same for the same seed."""

import gzip
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import Sum

from accounts.models import AuditEntry, Membership
from accounts.permissions import DEFAULT_ROLES
from archive import demo_catalogue
from archive.demo import PASSWORD, SHOPS, make_demo
from archive.verify import check_books
from inventory.catalogue import search_text
from inventory.models import StockLevel, Variation
from sales.models import CashMovement, Payment, Register, Sale, Shift, ZReading
from tenants import context
from tenants.models import Business
from tests.factories import make_business

FILES = ["gifts.json.gz", "groceries.json.gz"]
NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)


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


# -- the shops --


@pytest.fixture
def few_products(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every twelfth product: the same code, in a twelfth of the time."""
    load = demo_catalogue.load

    def some(file: str) -> dict[str, Any]:
        content = load(file)
        return {**content, "products": content["products"][::12]}

    monkeypatch.setattr(demo_catalogue, "load", some)


@pytest.fixture
def demo(db: None, few_products: None) -> list[Business]:
    make_demo(days=4, now=NOW)
    return list(Business.objects.order_by("slug"))


def test_stock_sales_and_drawers_add_up(demo: list[Business]) -> None:
    for company in demo:
        with context.business(company):
            for level in StockLevel.objects.annotate(moved=Sum("movements__quantity")):
                assert level.quantity == level.moved
                assert level.quantity >= 0
            for sale in Sale.objects.prefetch_related("lines", "payments"):
                assert sum(line.total for line in sale.lines.all()) == sale.total
                paid = sum(payment.amount for payment in sale.payments.all())
                assert paid == sale.total + sale.rounding
            for shift in Shift.objects.all():
                cash = Payment.objects.filter(sale__shift=shift, method="cash")
                taken = cash.aggregate(sum=Sum("amount"))["sum"] or 0
                moved = CashMovement.objects.filter(shift=shift)
                gained = moved.aggregate(sum=Sum("amount"))["sum"] or 0
                total = shift.opening_float + taken + gained
                assert shift.expected_cash == round(total, 4)
                assert shift.closed_at is not None
            assert CashMovement.objects.filter(kind="drop").exists()
            # Four days of each register are closed; today's is left to whoever tries the demo.
            assert ZReading.objects.count() == 4 * Register.objects.count()
            assert check_books() == []


def test_numbers_have_no_gaps_and_follow_time(demo: list[Business]) -> None:
    for company in demo:
        with context.business(company):
            for register in Register.objects.all():
                sold = Sale.objects.filter(register=register, kind=Sale.Kind.SALE).order_by(
                    "counter"
                )
                assert [s.counter for s in sold] == list(range(1, register.sale_counter + 1))
                assert [s.sold_at for s in sold] == sorted(s.sold_at for s in sold)


def test_every_day_until_today_has_sales_within_its_shift(demo: list[Business]) -> None:
    for company in demo:
        with context.business(company):
            days = set(Sale.objects.values_list("business_date", flat=True))
            assert days == {NOW.date() - timedelta(days=n) for n in range(5)}
            for sale in Sale.objects.select_related("shift"):
                assert sale.shift.opened_at <= sale.sold_at <= sale.shift.closed_at <= NOW
            for entry in AuditEntry.objects.filter(action__startswith="shift."):
                assert NOW - timedelta(days=5) < entry.created_at <= NOW


def test_everybody_can_sign_in_and_stands_where_they_should(demo: list[Business]) -> None:
    for shop, company in zip(sorted(SHOPS, key=lambda s: s.slug), demo, strict=True):
        assert company.slug == shop.slug
        with context.business(company):
            members = {m.user.username: m for m in Membership.objects.select_related("role")}
            assert {m.role.name for m in members.values()} == set(DEFAULT_ROLES)
            assert [n for n, m in members.items() if m.is_owner] == [shop.people[0].username]
            for person in shop.people:
                member = members[person.username]
                assert authenticate(username=person.username, password=PASSWORD) == member.user
                codes = {link.location.code for link in member.location_links.all()}
                assert (codes, member.all_locations) == (
                    set(person.locations),
                    not person.locations,
                )
                assert member.granted == DEFAULT_ROLES[person.role]


def test_one_person_works_in_both(demo: list[Business]) -> None:
    ids = []
    for company in demo:
        with context.business(company):
            ids.append({m.user_id for m in Membership.objects.all()})
    assert len(ids[0] & ids[1]) == 1


def test_sales_were_made_by_who_may(demo: list[Business]) -> None:
    for company in demo:
        with context.business(company):
            members = {m.user_id: m for m in Membership.objects.all()}
            for sale in Sale.objects.all():
                places = members[sale.operator_id].location_ids
                assert places is None or sale.location_id in places


def test_products_are_found_by_what_the_catalogue_would_write(demo: list[Business]) -> None:
    for company in demo:
        with context.business(company):
            rows = Variation.objects.select_related("product__brand").prefetch_related("barcodes")
            for variation in rows[:200]:
                assert variation.search_text == search_text(variation)


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
