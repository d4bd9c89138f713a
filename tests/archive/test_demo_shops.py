"""The shops of the demo are whole and add up."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth import authenticate
from django.db.models import Sum
from pytest_django import DjangoDbBlocker

from accounts.models import AuditEntry, Membership
from accounts.permissions import DEFAULT_ROLES
from archive.demo import PASSWORD, SHOPS, make_demo
from archive.verify import check_books
from inventory.catalogue import search_text
from inventory.models import StockLevel, Variation
from sales.models import CashMovement, Payment, Register, Sale, Shift, ZReading
from tenants import context
from tenants.models import Business
from tests.archive.small_demo import NOW, a_twelfth_of_the_products
from tests.databases import until_here


@pytest.fixture(scope="module")
def made(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Made once: these tests only look."""
    with django_db_blocker.unblock(), until_here():
        with a_twelfth_of_the_products():
            make_demo(days=4, now=NOW)
        yield


@pytest.fixture
def demo(made: None, db: None) -> list[Business]:
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
