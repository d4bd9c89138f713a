"""Each rule finds what was done behind the product's back, and names table, row and column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import Membership
from archive.verify import RULES, Level, verify
from tenants.context import business
from tenants.ids import uuid7
from tests.archive.verify import (
    faults,
    faults_books,
    faults_cash,
    faults_metering,
    faults_summaries,
)
from tests.archive.verify.books import ids, literal, loosen, tamper
from tests.archive.verify.faults import Fault
from tests.factories import Shop

EVERY = (
    *faults.FAULTS,
    *faults_books.FAULTS,
    *faults_cash.FAULTS,
    *faults_metering.FAULTS,
    *faults_summaries.FAULTS,
)


@pytest.fixture
def full_books(two_books: tuple[Shop, Shop], db: None) -> Iterator[Shop]:
    """The books, bound."""
    with business(two_books[0].business):
        yield two_books[0]


@pytest.fixture
def other_shop(two_books: tuple[Shop, Shop]) -> Shop:
    return two_books[1]


def names(shop: Shop, other: Shop) -> dict[str, Any]:
    """What the faults refer to by name."""
    with business(other.business):
        role = Membership.objects.get(user=other.cashier).role
    return {
        "acme": shop.business.pk,
        "rival": other.business.pk,
        "cashier": shop.cashier.pk,
        "owner": shop.owner.pk,
        "mug": literal(shop.mug.pk),
        "tea": literal(shop.tea.pk),
        "wrapping": literal(shop.wrapping.pk),
        "rival_role": literal(role.pk),
        "rival_mug": literal(other.mug.pk),
        "rival_category": literal(other.category.pk),
        "rival_location": literal(other.high_street.pk),
        "new": literal(uuid7()),
    }


def spoil(fault: Fault, known: dict[str, Any]) -> list[str]:
    """Do it; the ids of the rows that must be found."""
    loosen(fault.loosen)
    # Some rows can be named only before, some only afterwards.
    before = ids(fault.ids.format(**known))
    for sql in fault.statements:
        tamper(sql.format(**known), rows=None)
    wrong = before or ids(fault.ids.format(**known))
    assert wrong, "the test does not say which row it has spoilt"
    return wrong


@pytest.mark.parametrize("fault", EVERY, ids=[one.what for one in EVERY])
def test_it_is_found(full_books: Shop, other_shop: Shop, fault: Fault) -> None:
    wrong = spoil(fault, names(full_books, other_shop))
    rules = [rule for rule in RULES if rule.name == fault.rule]
    (outcome,) = verify(rules=rules).outcomes
    found = {(one.table, one.id) for one in outcome.findings}
    assert {(fault.table, key) for key in wrong} <= found
    if fault.column:
        assert fault.column in {one.column for one in outcome.findings if one.id in wrong}
    assert all(one.expected and one.found and str(one) for one in outcome.findings)
    with business(other_shop.business):
        assert verify(rules=rules).found == [], "the books beside them are touched"


@pytest.mark.parametrize(
    "area", ["walls", "stock", "documents", "numbers", "credit", "api", "reports"]
)
def test_the_books_beside_them_stay_right(full_books: Shop, other_shop: Shop, area: str) -> None:
    fault = next(one for one in EVERY if one.rule in {r.name for r in RULES if r.area == area})
    spoil(fault, names(full_books, other_shop))
    assert not verify().is_clean
    with business(other_shop.business):
        assert verify().found == []


def test_nothing_is_found_before(full_books: Shop, other_shop: Shop) -> None:
    for shop in (full_books, other_shop):
        with business(shop.business):
            report = verify()
            assert report.found == []
            assert report.is_clean
            assert len(report.outcomes) == len(RULES)


def test_every_rule_is_shown_to_find_something() -> None:
    assert {rule.name for rule in RULES} - {fault.rule for fault in EVERY} == set()


def test_there_are_no_two_rules_of_one_name() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_every_rule_says_which_part_of_the_design_it_keeps() -> None:
    assert [rule.name for rule in RULES if not (rule.check.__doc__ or "").strip()] == []
    assert [rule.name for rule in RULES if not str(rule.says).endswith(".")] == []


def test_a_warning_does_not_spoil_the_books(full_books: Shop, other_shop: Shop) -> None:
    fault = next(one for one in EVERY if one.rule == "price_is_plausible")
    spoil(fault, names(full_books, other_shop))
    report = verify()
    assert (report.faults, report.warnings) == (0, 1)
    assert report.is_clean
    assert [outcome.level for outcome in report.found] == [Level.WARNING]
