"""The report of a register's day: the figures of the API, chosen by register and day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.permissions import Permission
from sales import readings
from sales.cash import Kind
from sales.models import CashMovement, Register, Shift
from sales.shifts import close_shift, expected_cash
from tests.factories import Shop, make_shift, signed_in
from tests.sales.moving_cash import move
from tests.sales.selling import counted, market_manager, market_register, percent, sell, void

DAY = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def shift(inside: Shop) -> Shift:
    """Closed with a shortage: two sales, one voided, cash moved; all of it on the 2nd of March."""
    shift = make_shift(inside)
    sell(inside, (inside.mug, "2", percent(10)), card="9.00", at=DAY)
    void(inside, sell(inside, at=DAY), at=DAY)
    move(inside, shift, Kind.OUT, "4.00")
    CashMovement.objects.filter(shift=shift).update(business_date=DAY.date())
    cash = expected_cash(shift) - 1
    close_shift(actor=inside.cashier, shift=shift, counted_cash=cash)
    Shift.objects.filter(pk=shift.pk).update(opened_at=DAY, closed_at=DAY + timedelta(hours=8))
    return shift


def asked(client: Client, shop: Shop, day: str = "2026-03-02", **query: Any) -> Any:
    return client.get(
        shop.url("shifts/day/"), {"date": day} | {k: str(v) for k, v in query.items()}
    )


def test_it_shows_the_figures_of_the_api(owner: Client, inside: Shop, shift: Shift) -> None:
    response = asked(owner, inside, register=inside.register.pk)
    assert response.status_code == 200
    register = Register.objects.get(pk=inside.register.pk)
    figures = response.context["figures"]
    assert figures == readings.day_figures(register, date(2026, 3, 2))
    assert figures.total == 9
    said = owner.get(
        inside.url("api/v1/day"), {"register": str(register.pk), "date": "2026-03-02"}
    ).json()
    assert said["figures"]["total"] == "9.00"
    assert [one["number"] for one in said["shifts"]] == [
        one.number for one, _may_open in response.context["shifts"]
    ]
    text = response.content.decode()
    for found in (
        *("Monday", "High Street", "Sale × 2", "ACM1-000001 – ACM1-000002", "Void × 1", "€9.00"),
        *("Card × 1", "€7.50", "€1.50", "-€4.00", "-€1.00", "Till 1 #1", "€1.00"),
    ):
        assert found in text, found
    assert f'href="/b/acme/shifts/{shift.pk}/"' in text


def test_a_colleague_sees_the_same(manager: Client, inside: Shop, shift: Shift) -> None:
    response = asked(manager, inside)
    assert response.context["figures"].total == 9


def test_a_stranger_is_told_nothing(
    stranger: Client, inside: Shop, other_shop: Shop, shift: Shift
) -> None:
    assert asked(stranger, inside).status_code == 404
    # Nor at home, by the key of our register.
    assert asked(stranger, other_shop, register=inside.register.pk).status_code == 404


def test_without_the_permission(cashier: Client, inside: Shop, shift: Shift) -> None:
    assert asked(cashier, inside).status_code == 403
    role = inside.roles["Viewer"]
    role.permissions = sorted(set(Permission) - {Permission.READING_X_READING})
    role.save()
    viewer = signed_in(inside.people["Viewer"])
    assert asked(viewer, inside).status_code == 403
    assert "/shifts/day/" not in viewer.get(inside.url("shifts/")).content.decode()
    role.permissions = [Permission.READING_X_READING]
    role.save()
    text = asked(viewer, inside).content.decode()
    assert "€9.00" in text
    # Neither the shift's page nor the list of sales is for them.
    assert f"/shifts/{shift.pk}/" not in text
    assert "/sales/?" not in text


@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH", "DELETE"])
def test_only_reading(owner: Client, inside: Shop, verb: str) -> None:
    assert owner.generic(verb, inside.url("shifts/day/")).status_code == 405


@pytest.mark.parametrize("register", ["01890a5d-ac96-774b-bcce-b302099a8057", "nonsense", "0"])
def test_a_register_that_is_not_there(owner: Client, inside: Shop, register: str) -> None:
    assert asked(owner, inside, register=register).status_code == 404


def test_who_is_confined_sees_registers_of_that_location(inside: Shop, shift: Shift) -> None:
    market = market_register(inside)
    confined = market_manager(inside)
    response = asked(confined, inside)
    assert response.context["register"] == market
    assert b"High Street" not in response.content
    assert asked(confined, inside, register=inside.register.pk).status_code == 404


def test_an_uncounted_drawer_is_not_told(inside: Shop, shift: Shift) -> None:
    make_shift(inside)
    sell(inside, (inside.mug, "1"))
    role = inside.roles["Viewer"]
    role.permissions = [Permission.READING_X_READING]
    role.save()
    viewer = signed_in(inside.people["Viewer"])
    now = asked(viewer, inside, day="")
    assert now.status_code == 200
    assert (now.context["hidden"], "figures" in now.context) == (True, False)
    assert b"counted without knowing" in now.content
    assert b"5.00" not in now.content
    # The day that is over is told.
    assert asked(viewer, inside).context["hidden"] is False
    role.permissions = [Permission.READING_X_READING, Permission.CASH_VIEW_EXPECTED]
    role.save()
    assert asked(viewer, inside, day="").context["figures"].total == 5


def test_from_day_to_day(owner: Client, inside: Shop, shift: Shift) -> None:
    context = asked(owner, inside).context
    assert (context["day_before"], context["day_after"]) == ("2026-03-01", "2026-03-03")
    empty = asked(owner, inside, day="2026-03-03")
    assert b"Nothing on this day" in empty.content
    today = asked(owner, inside, day="").context
    assert (today["is_today"], "day_after" in today) == (True, False)
    for nonsense in ("2026-02-30", "tomorrow", "9999-12-31", "0001-01-01"):
        assert asked(owner, inside, day=nonsense).context["is_today"], nonsense
    assert asked(owner, inside, day="1900-01-01").context["day_before"] == "1899-12-31"


def test_it_begins_with_the_register_that_one_works_at(owner: Client, inside: Shop) -> None:
    Register.objects.filter(pk=inside.register.pk).update(is_active=False)
    stall = market_register(inside)
    assert asked(owner, inside).context["register"] == stall
    Register.objects.update(is_active=True)
    assert asked(owner, inside).context["register"] == inside.register
    shift = make_shift(inside)
    Shift.objects.filter(pk=shift.pk).update(register=stall, opened_by=inside.owner)
    assert asked(owner, inside).context["register"] == stall
    # Both places can be chosen, and imported sales are no till.
    text = asked(owner, inside).content.decode()
    assert '<optgroup label="High Street">' in text
    Register.objects.filter(pk=stall.pk).update(is_history=True)
    assert "Stall" not in asked(owner, inside).content.decode()


def test_without_any_register(owner: Client, inside: Shop) -> None:
    Register.objects.all().delete()
    assert b"No registers yet" in asked(owner, inside).content


def test_it_is_found_where_one_looks(owner: Client, inside: Shop, shift: Shift) -> None:
    for page in ("shifts/", "registers/", f"shifts/{shift.pk}/"):
        assert "/b/acme/shifts/day/" in owner.get(inside.url(page)).content.decode(), page
    detail = owner.get(inside.url(f"shifts/{shift.pk}/")).content.decode()
    assert f"?register={inside.register.pk}&amp;date=2026-03-02" in detail


def test_the_statements_do_not_grow_with_the_sales(owner: Client, inside: Shop) -> None:
    counts = []
    for number in (1, 4):
        make_shift(inside)
        for _time in range(number):
            sell(inside, (inside.wrapping, "1"))
        with counted() as statements:
            assert asked(owner, inside, day="").context["figures"].total > Decimal(1)
        counts.append(len(statements))
        shift = Shift.objects.get(closed_at=None)
        close_shift(actor=inside.cashier, shift=shift, counted_cash=Decimal(0))
    assert counts[0] == counts[1] <= 18, counts
