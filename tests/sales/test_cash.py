"""Cash that moves without a sale, and what it does to the drawer."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import AuditEntry
from sales.cash import REASONS, Kind, Reason, correct_movement, move_cash
from sales.cash import CorrectionRequest as Correction
from sales.errors import OtherRequest
from sales.models import CashMovement, Payment, Shift
from sales.shifts import close_shift, expected_cash
from tenants.context import business
from tenants.errors import Refused
from tenants.ids import uuid7
from tests.factories import Shop, make_person, make_shift
from tests.sales.moving_cash import asking, member, move, undo
from tests.sales.selling import counted, market_shift, sell, void


def test_movements_change_what_the_drawer_should_hold(inside: Shop) -> None:
    shift = make_shift(inside)
    sell(inside)  # 5.00
    move(inside, shift, Kind.IN, "20.00")
    move(inside, shift, Kind.OUT, "7.50")
    move(inside, shift, Kind.DROP, "30")
    move(inside, shift, Kind.OPEN)
    assert expected_cash(shift) == Decimal("37.50")
    closed = close_shift(actor=inside.cashier, shift=shift, counted_cash=Decimal("37.50"))
    assert (closed.expected_cash, closed.difference) == (Decimal("37.5"), 0)
    rows = [(one.kind, one.amount, one.currency) for one in CashMovement.objects.order_by("pk")]
    assert rows == [
        ("in", 20, "EUR"),
        ("out", -7.5, "EUR"),
        ("drop", -30, "EUR"),
        ("open", 0, "EUR"),
    ]
    actions = AuditEntry.objects.filter(action__startswith="cash.").order_by("created_at")
    assert sorted(one.action for one in actions) == [
        "cash.drop",
        "cash.in",
        "cash.open",
        "cash.out",
    ]


def test_more_may_be_taken_out_than_is_expected(inside: Shop) -> None:
    """What lies in a hand was in the drawer; and a refusal would tell the expected cash."""
    shift = make_shift(inside, opening_float="0")
    move(inside, shift, Kind.OUT, "7.50", user=inside.cashier)
    assert expected_cash(shift) == Decimal("-7.50")


def test_the_same_request_again_is_the_same_movement(inside: Shop) -> None:
    shift = make_shift(inside)
    request, actor = asking(shift, Kind.IN, "5.00"), member(inside.cashier)
    first = move_cash(actor=actor, request=request)
    again = move_cash(actor=actor, request=replace(request, amount=Decimal("5.0000")))
    assert (again, again.was_recorded, first.was_recorded) == (first, True, False)
    for other in ({"amount": Decimal(6)}, {"kind": Kind.OUT, "reason": Reason.EXPENSE}):
        with pytest.raises(OtherRequest):
            move_cash(actor=actor, request=replace(request, **other))
    # Also when the shift is closed since: the answer was lost, the cash had moved.
    close_shift(actor=inside.cashier, shift=shift, counted_cash=Decimal(55))
    assert move_cash(actor=actor, request=request) == first
    assert CashMovement.objects.count() == 1


def test_nothing_lands_in_a_closed_shift(inside: Shop) -> None:
    shift = make_shift(inside)
    wrong = move(inside, shift, Kind.OUT, "5")
    close_shift(actor=inside.cashier, shift=shift, counted_cash=Decimal(45))
    with pytest.raises(Refused) as refused:
        move(inside, shift, Kind.IN, "5")
    assert (refused.value.code, refused.value.status) == ("shift_closed", 409)
    # Nor in the next one of the register, which is another drawer.
    make_shift(inside)
    for late in (lambda: move(inside, shift, Kind.IN, "5"), lambda: undo(inside, wrong)):
        with pytest.raises(Refused) as refused:
            late()
        assert refused.value.code == "shift_closed"
    assert CashMovement.objects.count() == 1


def test_a_mistake_is_corrected_by_an_opposite_movement(inside: Shop) -> None:
    shift = make_shift(inside)
    wrong = move(inside, shift, Kind.OUT, "50")
    opened = move(inside, shift, Kind.OPEN)
    request, actor = Correction(uuid7(), wrong.pk, "Typing error"), member(inside.manager)
    back = correct_movement(actor=actor, request=request)
    assert (back.kind, back.amount, back.corrects, back.reason) == ("out", 50, wrong, "mistake")
    assert expected_cash(shift) == 50
    assert correct_movement(actor=actor, request=request).was_recorded
    codes = []
    for one in (wrong, back, opened):
        with pytest.raises(Refused) as refused:
            undo(inside, one)
        codes.append(refused.value.code)
    assert codes == ["already_corrected", "cannot_correct", "cannot_correct"]


@pytest.mark.parametrize(
    ("kind", "amount", "fields", "wrong"),
    [
        (Kind.IN, "0", {}, ["amount"]),
        (Kind.OUT, "-1", {}, ["amount"]),
        (Kind.DROP, "0.005", {}, ["amount"]),
        (Kind.OPEN, "1", {}, ["amount"]),
        (Kind.IN, "1", {"reason": Reason.SUPPLIER}, ["reason"]),
        (Kind.OUT, "1", {"reason": Reason.MISTAKE}, ["reason"]),
        (Kind.OUT, "1", {"reason": Reason.OTHER, "note": " "}, ["note"]),
        (Kind.DROP, "0", {"reason": Reason.OTHER}, ["amount", "reason"]),
    ],
)
def test_what_does_not_fit_is_refused(
    inside: Shop, kind: Kind, amount: str, fields: dict[str, Any], wrong: list[str]
) -> None:
    shift = make_shift(inside)
    with pytest.raises(Refused) as refused:
        move(inside, shift, kind, amount, **fields)
    assert (refused.value.status, sorted(refused.value.fields)) == (400, wrong)
    assert not CashMovement.objects.exists()


def test_every_reason_of_every_kind_is_possible(inside: Shop) -> None:
    shift = make_shift(inside)
    for kind, reasons in REASONS.items():
        amount = "0" if kind == Kind.OPEN else "1"
        for reason in reasons:
            assert move(inside, shift, kind, amount, reason=reason, note="for it").reason == reason


def test_who_may_not_is_refused(inside: Shop) -> None:
    shift = make_shift(inside)
    role = inside.roles["Cashier"]
    with pytest.raises(PermissionDenied):
        move(inside, shift, Kind.OPEN, user=inside.cashier)
    role.permissions = ["cash.open_drawer"]
    role.save()
    move(inside, shift, Kind.OPEN, user=inside.cashier)
    for kind in (Kind.IN, Kind.OUT, Kind.DROP):
        with pytest.raises(PermissionDenied):
            move(inside, shift, kind, "1", user=inside.cashier)


def test_who_is_elsewhere_does_not_find_the_shift(inside: Shop) -> None:
    make_shift(inside)
    there = market_shift(inside)
    ann = make_person("acme.ann", inside.roles["Manager"], locations=[inside.high_street])
    with pytest.raises(Http404):
        move(inside, there, Kind.IN, "1", user=ann)
    movement = move(inside, there, Kind.IN, "1")
    with pytest.raises(Http404):
        correct_movement(actor=member(ann), request=Correction(uuid7(), movement.pk))


def test_large_movements_need_a_supervisor(inside: Shop) -> None:
    inside.business.settings["cash_limit"] = "100"
    inside.business.save()
    shift = make_shift(inside)
    move(inside, shift, Kind.DROP, "100.00", user=inside.cashier)
    with pytest.raises(Refused) as refused:
        move(inside, shift, Kind.DROP, "100.01", user=inside.cashier)
    assert (refused.value.code, refused.value.status) == ("needs_approval", 403)
    assert refused.value.fields == {"permissions": ["cash.approve_large_transactions"]}
    large = move(inside, shift, Kind.DROP, "100.01", user=inside.manager)
    with pytest.raises(Refused):
        correct_movement(actor=member(inside.cashier), request=Correction(uuid7(), large.pk))


@pytest.mark.parametrize("limit", ["NaN", "-5", "much", {"a": 1}, None, "1e9", ""])
def test_a_limit_that_is_none_limits_nothing(inside: Shop, limit: Any) -> None:
    """Settings come in with files, too."""
    inside.business.settings["cash_limit"] = limit
    assert inside.business.cash_limit is None


def test_an_id_of_another_business_is_taken(inside: Shop, other_shop: Shop) -> None:
    shift = make_shift(inside)
    mine = move(inside, shift, Kind.IN, "1")
    with business(other_shop.business):
        theirs = make_shift(other_shop)
        with pytest.raises(OtherRequest):
            move(other_shop, theirs, Kind.IN, "1", id=mine.pk)
        with pytest.raises(Http404):
            move(other_shop, shift, Kind.IN, "1")
        assert not CashMovement.objects.exists()


@pytest.mark.parametrize(
    "fields",
    [{"kind": "out", "amount": 5}, {"kind": "in", "amount": 0}, {"kind": "open", "amount": 1}],
)
def test_the_database_refuses_a_wrong_direction(inside: Shop, fields: dict[str, Any]) -> None:
    movement = move(inside, make_shift(inside), Kind.IN, "1")
    movement.pk = uuid7()
    for name, value in fields.items():
        setattr(movement, name, value)
    with pytest.raises(IntegrityError), transaction.atomic():
        movement.save(force_insert=True)


def test_expected_cash_is_one_statement(inside: Shop) -> None:
    shift = make_shift(inside)
    for _time in range(3):
        sell(inside)
        move(inside, shift, Kind.IN, "1")
    with counted() as statements:
        assert expected_cash(shift) == 68
    assert len(statements) == 1


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["sell", "void", "in", "out", "drop", "open", "undo"]),
        st.integers(1, 9_999_999),
    ),
    max_size=12,
)


@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_the_drawer_is_the_replay_of_all_rows(inside: Shop, steps: list[tuple[str, int]]) -> None:
    """Whatever was done: float, cash and movements, added up one by one."""
    example = transaction.savepoint()
    try:
        shift = make_shift(inside)
        undone = _do(inside, shift, steps)
        replay = Decimal(50)
        for payment in Payment.objects.filter(sale__shift=shift, method="cash"):
            replay += payment.amount
        for movement in CashMovement.objects.filter(shift=shift):
            replay += movement.amount
        assert expected_cash(shift) == replay
        # What was corrected is as if it had never been.
        every = CashMovement.objects.all()
        left = every.exclude(pk__in=undone).filter(corrects=None)
        gained = [sum(rows.values_list("amount", flat=True)) for rows in (every, left)]
        assert gained[0] == gained[1]
    finally:
        transaction.savepoint_rollback(example)


def _do(shop: Shop, shift: Shift, steps: list[tuple[str, int]]) -> list[Any]:
    """The ids of what was corrected."""
    sales: list[Any] = []
    moved: list[CashMovement] = []
    undone = []
    for step, cents in steps:
        if step == "sell":
            sales.append(sell(shop, (shop.wrapping, "1")))
        elif step == "void" and sales:
            void(shop, sales.pop())
        elif step == "undo" and moved:
            undone.append(moved.pop())
            undo(shop, undone[-1])
        elif step in {"in", "out", "drop"}:
            moved.append(move(shop, shift, Kind(step), str(Decimal(cents) / 100)))
        elif step == "open":
            move(shop, shift, Kind.OPEN)
    return [one.pk for one in undone]
