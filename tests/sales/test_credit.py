"""The ledger of customers' credit: granting, correcting, expiring, and never below zero."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import AuditEntry
from sales import credit
from sales.errors import OtherRequest
from sales.models import CreditAccount, CreditEntry, Customer
from sales.standings import standing, standings
from tenants.context import business, unbound
from tenants.errors import Refused
from tenants.ids import uuid7
from tests.factories import Shop
from tests.sales.crediting import grant, ledger
from tests.sales.selling import counted

Kind = CreditEntry.Kind
# Noon in Amsterdam, where the shop is.
MAY = datetime(2026, 5, 10, 10, tzinfo=UTC)
JUNE = datetime(2026, 6, 10, 10, tzinfo=UTC)


def correct(shop: Shop, amount: str, **fields) -> CreditEntry:
    values = {"reason": "Counted", "request_id": uuid7(), **fields}
    return credit.correct(
        actor=shop.owner, customer=shop.customer, amount=Decimal(amount), **values
    )


def take(shop: Shop, amount: str, *, at: datetime | None = None) -> None:
    """As a sale does it."""
    with transaction.atomic():
        credit.post(
            customer_id=shop.customer.pk,
            changes=[credit.Change(Kind.SPENT, -Decimal(amount), 1)],
            document_id=uuid7(),
            actor=shop.cashier,
            at=at,
        )


def test_a_grant_and_a_correction_are_kept_and_logged(inside: Shop) -> None:
    grant(inside, "20", until=date(2099, 12, 31))
    correct(inside, "-5.50")
    assert ledger(inside) == [
        ("granted", Decimal(20), Decimal(20)),
        ("corrected", Decimal("-5.5"), Decimal("14.5")),
    ]
    assert standing(inside.customer.pk).next_expiry == date(2099, 12, 31)
    given, taken = AuditEntry.objects.filter(action__startswith="credit.").order_by("pk")
    assert (given.action, given.object_id) == ("credit.grant", str(inside.customer.pk))
    assert given.changes == {
        "credit": ["0.00", "20.00"],
        "reason": [None, "Thank you"],
        "expires": [None, "2099-12-31"],
    }
    assert (taken.action, taken.changes["credit"]) == ("credit.correct", ["20.00", "14.50"])
    assert taken.actor == inside.owner


def test_amounts_are_rounded_to_what_can_be_paid(inside: Shop) -> None:
    assert grant(inside, "1.005").amount == Decimal("1.01")
    assert correct(inside, "-0.994").amount == Decimal("-0.99")
    inside.business.currency = "JPY"
    inside.business.save()
    with business(inside.business):
        assert grant(inside, "100.5").amount == 101


@pytest.mark.parametrize("amount", ["0", "-1", "0.004", "1000000000000"])
def test_what_cannot_be_granted(inside: Shop, amount: str) -> None:
    with pytest.raises(Refused) as refused:
        grant(inside, amount)
    assert refused.value.code == "bad_amount"
    assert "amount" in refused.value.fields
    assert not CreditEntry.objects.exists()


def test_a_reason_and_a_day_to_come_are_needed(inside: Shop) -> None:
    with pytest.raises(Refused, match="Say why"):
        grant(inside, "5", reason="  ")
    with pytest.raises(Refused, match="has passed"):
        grant(inside, "5", until=date(2026, 5, 9), at=MAY)
    assert grant(inside, "5", until=date(2026, 5, 10), at=MAY).amount == 5


def test_less_than_nothing_cannot_be_there(inside: Shop) -> None:
    for missing in ("10.01", "50"):
        with pytest.raises(credit.NotEnoughCredit) as refused, transaction.atomic():
            correct(inside, f"-{missing}")
        assert refused.value.fields == {"credit": "0.00"}
    grant(inside, "10")
    with pytest.raises(credit.NotEnoughCredit, match="€10.00") as refused, transaction.atomic():
        take(inside, "10.01")
    assert refused.value.fields == {"credit": "10.00"}
    take(inside, "10")
    assert ledger(inside)[-1] == ("spent", Decimal(-10), Decimal(0))


def test_the_database_refuses_it_as_well(inside: Shop) -> None:
    grant(inside, "1")
    with pytest.raises(IntegrityError, match="credit_not_negative"), transaction.atomic():
        CreditAccount.objects.filter(customer=inside.customer).update(balance=Decimal(-1))


def test_the_same_request_twice_is_one_entry(inside: Shop) -> None:
    request_id = uuid7()
    first = grant(inside, "5", request_id=request_id)
    assert grant(inside, "5.00", request_id=request_id).pk == first.pk
    others: list[dict[str, Any]] = [
        {"amount": "6"}, {"reason": "Other"}, {"until": date(2099, 1, 1)}
    ]  # fmt: skip
    for other in others:
        with pytest.raises(OtherRequest):
            grant(inside, **{"amount": "5", "request_id": request_id, **other})
    someone = Customer.objects.create(name="Someone")
    with pytest.raises(OtherRequest):
        grant(inside, "5", request_id=request_id, customer=someone)
    assert ledger(inside) == [("granted", Decimal(5), Decimal(5))]
    assert AuditEntry.objects.filter(action="credit.grant").count() == 1


def test_a_request_is_the_same_after_its_last_day(inside: Shop) -> None:
    """An answer that was lost is asked for again, whenever that is."""
    ask: dict[str, Any] = {"until": date(2026, 5, 10), "request_id": uuid7()}
    first = grant(inside, "5", at=MAY, **ask)
    again = grant(inside, "5", at=JUNE, **ask)
    assert (again.pk, again.was_recorded, first.was_recorded) == (first.pk, True, False)
    with pytest.raises(OtherRequest):
        correct(inside, "5", request_id=ask["request_id"])
    assert ledger(inside) == [("granted", Decimal(5), Decimal(5))]


def test_a_document_is_booked_once(inside: Shop) -> None:
    grant(inside, "10")
    ask: dict[str, Any] = {
        "customer_id": inside.customer.pk,
        "changes": [credit.Change(Kind.SPENT, Decimal(-1), 1)],
        "document_id": uuid7(),
        "actor": inside.cashier,
    }
    with transaction.atomic():
        credit.post(**ask)
    with pytest.raises(IntegrityError), transaction.atomic():
        credit.post(**ask)
    assert ledger(inside)[-1][2] == 9


# -- expiring -------------------------------------------------------------------------------------


@pytest.fixture
def expiring(inside: Shop) -> Shop:
    """10 until the last of May, 5 until the end of June, 2 for ever."""
    grant(inside, "2", at=MAY)
    grant(inside, "5", until=date(2026, 6, 30), at=MAY)
    grant(inside, "10", until=date(2026, 5, 31), at=MAY)
    return inside


def account(shop: Shop) -> CreditAccount:
    found: CreditAccount = CreditAccount.objects.get(customer=shop.customer)
    return found


def test_what_expires_first_is_spent_first(expiring: Shop) -> None:
    assert account(expiring).next_expiry == date(2026, 5, 31)
    take(expiring, "10", at=MAY)
    assert account(expiring).next_expiry == date(2026, 6, 30)
    take(expiring, "6", at=MAY)
    assert account(expiring).next_expiry is None
    # A year later the last one is still there.
    take(expiring, "1", at=datetime(2027, 6, 1, tzinfo=UTC))
    assert [row[0] for row in ledger(expiring)] == ["granted"] * 3 + ["spent"] * 3


def test_expired_credit_cannot_be_spent(expiring: Shop) -> None:
    with pytest.raises(credit.NotEnoughCredit) as refused, transaction.atomic():
        take(expiring, "7.01", at=JUNE)
    assert refused.value.fields == {"credit": "7.00"}
    with pytest.raises(credit.NotEnoughCredit) as refused, transaction.atomic():
        take(expiring, "17.01", at=JUNE)
    assert refused.value.fields == {"credit": "7.00"}
    take(expiring, "7", at=JUNE)
    assert ledger(expiring)[-2:] == [
        ("expired", Decimal(-10), Decimal(7)),
        ("spent", Decimal(-7), Decimal(0)),
    ]
    assert account(expiring).next_expiry is None


def test_the_day_is_that_of_the_business(expiring: Shop) -> None:
    # In Amsterdam it is the first of June from 22:00 UTC on.
    take(expiring, "17", at=datetime(2026, 5, 31, 21, 59, tzinfo=UTC))
    assert ledger(expiring)[-1][2] == 0


def test_the_day_after_is_the_next_of_the_business(expiring: Shop) -> None:
    with pytest.raises(credit.NotEnoughCredit), transaction.atomic():
        take(expiring, "17", at=datetime(2026, 5, 31, 22, 0, tzinfo=UTC))


def test_a_grant_books_what_has_expired_first(expiring: Shop) -> None:
    grant(expiring, "3", until=date(2026, 6, 20), at=JUNE)
    assert ledger(expiring)[-2:] == [
        ("expired", Decimal(-10), Decimal(7)),
        ("granted", Decimal(3), Decimal(10)),
    ]
    assert account(expiring).next_expiry == date(2026, 6, 20)


def test_what_expired_is_not_shown_before_it_is_booked(expiring: Shop) -> None:
    other = Customer.objects.create(name="Someone")
    ids = [expiring.customer.pk, other.pk]
    for day, balance, following, statements in [
        (date(2026, 5, 31), 17, date(2026, 5, 31), 1),
        (date(2026, 6, 1), 7, date(2026, 6, 30), 2),
        (date(2026, 7, 1), 2, None, 2),
    ]:
        with counted() as queries:
            found = standings(ids, today=day)
        assert len(queries) == statements
        mine = found[expiring.customer.pk]
        assert (mine.balance, mine.expired) == (Decimal(balance), Decimal(17 - balance))
        assert mine.next_expiry == following
        assert found[other.pk].balance == 0
    assert standings([]) == {}


def test_expiring_in_bulk_is_the_same_and_happens_once(expiring: Shop) -> None:
    someone = Customer.objects.create(name="Someone")
    grant(expiring, "4", until=date(2026, 5, 30), at=MAY, customer=someone)
    grant(expiring, "1", at=MAY, customer=Customer.objects.create(name="Lasting"))
    assert credit.expire(at=MAY)[0] == 0
    with counted() as queries:
        assert credit.expire(at=JUNE) == (2, Decimal(14))
    # Who is overdue, lock, their entries, new entries, accounts; and savepoints of the test.
    assert len([sql for sql in queries if "SAVEPOINT" not in sql]) == 5
    assert ledger(expiring)[-1] == ("expired", Decimal(-10), Decimal(7))
    assert account(expiring).next_expiry == date(2026, 6, 30)
    assert credit.expire(at=JUNE)[0] == 0


def test_the_daily_housekeeping_expires_everywhere(
    expiring: Shop, other_shop: Shop, client: Client, settings: Any
) -> None:
    settings.CRON_SECRET = "s3cret"
    with business(other_shop.business):
        grant(other_shop, "3", until=date(2026, 5, 12), at=MAY)
    with unbound():
        assert client.get("/cron/daily").status_code == 404
        answer = client.get("/cron/daily", headers={"Authorization": "Bearer s3cret"})
    assert answer.json()["credit"] == 2
    assert ledger(expiring)[-1] == ("expired", Decimal(-15), Decimal(2))
    with business(other_shop.business):
        assert ledger(other_shop)[-1][2] == 0


def test_the_command_expires_in_every_business(
    expiring: Shop, other_shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    with business(other_shop.business):
        grant(other_shop, "3", until=date(2026, 5, 12), at=MAY)
    call_command("expire_credit", "--dry-run")
    assert "acme" in capsys.readouterr().out
    assert ledger(expiring)[-1][2] == 17
    call_command("expire_credit", "--business", "rival")
    assert ledger(expiring)[-1][2] == 17
    with business(other_shop.business):
        assert ledger(other_shop)[-1] == ("expired", Decimal(-3), Decimal(0))
    call_command("expire_credit")
    assert "15.00" in capsys.readouterr().out
    assert ledger(expiring)[-1] == ("expired", Decimal(-15), Decimal(2))
    with pytest.raises(CommandError, match="no business"):
        call_command("expire_credit", "--business", "nowhere")
