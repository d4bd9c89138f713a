"""Taking customers and credit back: everything is as before, or it is refused with the reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from accounts.models import AuditEntry, Membership
from archive.file_store.undo import undo_store
from archive.models import BatchPart, ImportBatch
from archive.verify import check_books
from sales import credit
from sales.checkout import LineRequest, PaymentRequest, SaleRequest, checkout
from sales.models import CreditAccount, CreditEntry, Customer, Payment
from tenants.errors import Refused
from tenants.ids import uuid7
from tests.archive.file_store.test_file_store import MAP, MOVES, USERS, bring, folder
from tests.archive.products.importing_them import contents
from tests.archive.taking_back import assert_refused
from tests.factories import Shop, customer_named, make_shift

pytestmark = pytest.mark.django_db

#: One more entry of somebody who is here by then, and somebody new.
LATER: dict[str, Any] = {
    "users": {**USERS, "u3": {"name": {"first": "Zoe"}, "state": "active"}},
    "credits_": {"u1": 1450, "u2": 0, "u3": 700},
    "moves": {
        **MOVES,
        "t4": {"user": "u1", "type": "gift", "cents": 200, "at": 1735862400, "until": "2030-05-05"},
        "t5": {"user": "u3", "type": "top", "cents": 700, "at": 1735862400},
    },
}


def imported(path: Path, **files: Any) -> ImportBatch:
    batch = bring(folder(path, **files)).batch
    assert isinstance(batch, ImportBatch)
    return batch


def test_everything_is_as_before_and_it_comes_in_again(inside: Shop, tmp_path: Path) -> None:
    before = contents()
    batch = imported(tmp_path)
    assert contents() != before
    undo_store(batch, actor=inside.owner)
    assert contents() == before
    assert (batch.state, batch.undone_by) == (ImportBatch.State.UNDONE, inside.owner)
    again = bring(tmp_path)
    assert (again.customers_created, again.entries_created, again.entries_same) == (2, 3, 0)
    assert again.as_json() == batch.report
    assert check_books() == []
    assert AuditEntry.objects.filter(action="data.import_undo").count() == 1


def test_entries_of_an_account_that_lives_on_here(inside: Shop, tmp_path: Path) -> None:
    """The account is as it was, to the day on which its credit expires next."""
    start = contents()
    first = imported(tmp_path)
    ada = customer_named("Ada Byron")
    credit.grant(
        actor=inside.owner, customer=ada, amount=Decimal(3), reason="x", request_id=uuid7()
    )
    before = contents()
    second = imported(tmp_path, **LATER)
    account = CreditAccount.objects.get(customer=ada)
    assert (account.balance, str(account.next_expiry)) == (Decimal("17.5"), "2030-05-05")
    undo_store(second, actor=inside.owner)
    assert contents() == before
    assert check_books() == []
    # The first stays: credit was granted on top of it.
    with pytest.raises(Refused) as refused:
        undo_store(first, actor=inside.owner)
    assert refused.value.code == "credit_moved_since"
    assert contents() == before != start


def test_credit_that_expired_when_the_import_came(inside: Shop, tmp_path: Path) -> None:
    """Booking it was part of the import's work on the account: it is booked again when it is due."""
    imported(tmp_path)
    account = CreditAccount.objects.get(customer=customer_named("Ada Byron"))
    CreditEntry.objects.filter(account=account, kind="granted").update(expires_on="2025-02-01")
    CreditAccount.objects.filter(pk=account.pk).update(next_expiry="2025-02-01")
    before = contents()
    second = imported(
        tmp_path,
        **{
            **LATER,
            "moves": {
                **LATER["moves"],
                "t4": {"user": "u1", "type": "gift", "cents": 200, "at": 1735862400},
            },
        },
    )
    assert CreditEntry.objects.filter(kind="expired").count() == 1
    undo_store(second, actor=inside.owner)
    assert contents() == before


def sell(shop: Shop, method: Payment.Method) -> None:
    shift = make_shift(shop)
    request = SaleRequest(
        id=uuid7(),
        register_id=shift.register_id,
        lines=[LineRequest(shop.mug.pk, Decimal(1))],
        payments=[PaymentRequest(method, Decimal(5))],
        total=Decimal(5),
        customer_id=customer_named("Ada Byron").pk,
    )
    member = Membership.objects.select_related("role", "user").get(user=shop.manager)
    with transaction.atomic():
        checkout(actor=member, request=request)


def buy(shop: Shop) -> None:
    sell(shop, Payment.Method.CASH)


def spend(shop: Shop) -> None:
    sell(shop, Payment.Method.CREDIT)


def correct(shop: Shop) -> None:
    customer = customer_named("Ada Byron")
    credit.correct(
        actor=shop.owner, customer=customer, amount=Decimal(-1), reason="x", request_id=uuid7()
    )


def give_to_who_has_none(shop: Shop) -> None:
    customer = customer_named("Cleo Marsh")
    credit.grant(
        actor=shop.owner, customer=customer, amount=Decimal(1), reason="x", request_id=uuid7()
    )


def edit(shop: Shop) -> None:
    customer = customer_named("Cleo Marsh")
    customer.note = "a friend"
    customer.save()


@pytest.mark.parametrize(
    ("since", "code", "named"),
    [
        (buy, "sold_since", "Ada Byron"),
        (spend, "credit_moved_since", "Ada Byron"),
        (correct, "credit_moved_since", "Ada Byron"),
        (give_to_who_has_none, "credit_since", "Cleo Marsh"),
        (edit, "edited_since", "Cleo Marsh"),
    ],
)
def test_refused_with_reason_and_example(
    inside: Shop, tmp_path: Path, since: Callable[[Shop], None], code: str, named: str
) -> None:
    batch = imported(tmp_path)
    since(inside)
    assert_refused(lambda: undo_store(batch, actor=inside.owner), batch, code=code, named=named)


def test_once_and_not_without_a_record(inside: Shop, tmp_path: Path) -> None:
    batch = imported(tmp_path)
    undo_store(batch, actor=inside.owner)
    with pytest.raises(Refused) as refused:
        undo_store(batch, actor=inside.owner)
    assert refused.value.code == "not_applied"
    batch = imported(tmp_path)
    BatchPart.objects.filter(batch=batch).delete()
    with pytest.raises(Refused) as refused:
        undo_store(batch, actor=inside.owner)
    assert refused.value.code == "no_record"
    assert Customer.objects.count() == 3


def test_the_command(shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "map.json").write_text(json.dumps(MAP))
    common = ["import_file_store", "--business", "acme"]
    call_command(*common, str(folder(tmp_path)), "--map", str(tmp_path / "map.json"))
    key = capsys.readouterr().out.partition("--undo ")[2].split()[0]
    call_command(*common, "--list")
    listed = capsys.readouterr().out
    assert key in listed and "2 customers" in listed and "3 entries" in listed
    call_command(*common, "--undo", key)
    assert "is taken back" in capsys.readouterr().out
    with pytest.raises(CommandError, match="that was made can be taken back"):
        call_command(*common, "--undo", key)
    with pytest.raises(CommandError, match="Which folder, and which map"):
        call_command(*common)
