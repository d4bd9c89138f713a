"""API credits: given once, used by the request, booked by the day, and never changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.beginnings import start_business
from accounts.models import AuditEntry, Device
from archive.verify import check_books
from metering import ledger
from metering.ledger import Kind
from metering.models import ApiAccount, ApiEntry, KeyDay, Unchangeable
from monitoring import regular
from tenants.context import business
from tenants.errors import Refused
from tests.api.calls import said
from tests.factories import Shop
from tests.metering.using import Key, account, days, entries, left, make_key, metering, use

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def give(shop: Shop, amount: int = 5, **fields: Any) -> ApiEntry:
    with business(shop.business):
        given = {"kind": Kind.GRANTED, "amount": amount, "reason": "Welcome", **fields}
        return ledger.post(**given)[0]


# -- what a request costs ---------------------------------------------------------------------------


def test_each_request_takes_one_and_without_any_it_is_refused(program: Key) -> None:
    metering(enforced=True)
    give(program.shop, 2)
    first = program.ask()
    assert (first.status_code, first["X-Credits-Remaining"]) == (200, "1")
    assert program.status() == 200
    response = program.ask()
    said(response, 429, "no_credits")
    assert response["Retry-After"] == "3600"
    assert response["X-Credits-Remaining"] == "0"
    assert days(program.shop) == [("Web shop", 2, 2, 0, 0)], "what is refused counts nowhere"
    assert account(program.shop) == (2, 2)
    assert left(response)["day"] == 99_998
    give(program.shop, 1)
    assert program.status() == 200


def test_keys_of_a_business_share_its_credits_and_others_have_theirs(
    program: Key, other_shop: Shop
) -> None:
    metering(enforced=True)
    other, foreign = make_key(program.shop, "Bookkeeping"), make_key(other_shop)
    give(program.shop, 2)
    assert [program.status(), other.status(), program.status()] == [200, 200, 429]
    assert foreign.status() == 429
    give(other_shop, 1)
    assert foreign.status() == 200


def test_where_they_are_not_enforced_requests_are_counted_and_cost_nothing(program: Key) -> None:
    give(program.shop, 2)
    responses = [program.ask() for _ in range(3)]
    assert [one.status_code for one in responses] == [200] * 3
    assert "X-Credits-Remaining" not in responses[0]
    assert days(program.shop) == [("Web shop", 3, 0, 0, 0)]
    assert account(program.shop) == (2, 0)


def test_asking_for_the_balance_is_free(program: Key) -> None:
    metering(enforced=True)
    response = program.ask("credits/balance")
    assert response.status_code == 200
    assert response["X-Credits-Remaining"] == "0"
    give(program.shop, 2)
    program.ask()
    assert program.ask("credits/balance").json() == {
        "credits": 1,
        "booked": 2,
        "pending": 1,
        "enforced": True,
        "key": {"day": 1, "month": 1, "per_day": 100_000, "per_month": 2_000_000},
    }
    assert program.status("credits/transactions") == 200
    assert account(program.shop) == (2, 1)


# -- the ledger -------------------------------------------------------------------------------------


def test_a_reference_is_one_entry(shop: Shop) -> None:
    first = give(shop, 5, reference="invoice-7")
    assert give(shop, 5, reference="invoice-7", reason="Again") == first
    with pytest.raises(Refused) as refused:
        give(shop, 6, reference="invoice-7")
    assert refused.value.code == "reference_taken"
    assert entries(shop) == [("granted", 5, 5)]


def test_a_correction_may_take_what_is_left_and_no_more(shop: Shop) -> None:
    give(shop, 5)
    give(shop, -3, kind=Kind.CORRECTED, reason="Given twice")
    with pytest.raises(Refused) as refused:
        give(shop, -3, kind=Kind.CORRECTED)
    assert refused.value.code == "not_enough_credits"
    assert entries(shop) == [("granted", 5, 5), ("corrected", -3, 2)]
    with business(shop.business):
        kinds = AuditEntry.objects.filter(action__startswith="api_credit.").order_by("pk")
        assert [one.action for one in kinds] == ["api_credit.granted", "api_credit.corrected"]
        assert kinds[1].changes == {"credits": ["5", "2"], "reason": [None, "Given twice"]}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"amount": 0}, "bad_amount"),
        ({"amount": -1}, "bad_amount"),
        ({"amount": 0, "kind": Kind.CORRECTED}, "bad_amount"),
        ({"amount": 10**13}, "bad_amount"),
        ({"reason": "  "}, "no_reason"),
    ],
)
def test_what_makes_no_sense_is_refused(shop: Shop, fields: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        give(shop, **fields)
    assert refused.value.code == code
    with business(shop.business):
        assert not ApiEntry.objects.exists()


def test_entries_are_never_changed_or_removed(inside: Shop) -> None:
    entry = give(inside)
    entry.amount = 500
    for act in (
        entry.save,
        entry.delete,
        ApiEntry.objects.all().delete,
        lambda: ApiEntry.objects.update(amount=500),
        lambda: ApiEntry.objects.bulk_update([entry], ["amount"]),
    ):
        with pytest.raises(Unchangeable):
            act()
    with pytest.raises(ValueError, match="never posted by hand"):
        give(inside, kind=Kind.USED)
    assert entries(inside) == [("granted", 5, 5)]


def test_what_was_used_is_booked_when_its_day_is_over(program: Key) -> None:
    metering(enforced=True)
    give(program.shop, 10)
    with time_machine.travel(NOON, tick=False) as clock, business(program.shop.business):
        for _again in range(3):
            program.ask()
        assert ledger.fold() == 0, "the day is not over"
        clock.shift(timedelta(days=1))
        program.ask()
        assert ledger.fold() == 3
        assert ledger.fold() == 0, "and once"
        assert entries(program.shop) == [("granted", 10, 10), ("used", -3, 7)]
        assert account(program.shop) == (7, 1)
        assert days(program.shop) == [("Web shop", 3, 3, 3, 0), ("Web shop", 1, 1, 0, 0)]
        # A process that wrote late.
        use(program.shop, program.device, day=NOON.date(), requests=2, charged=2)
        clock.shift(timedelta(days=1))
        assert ledger.fold() == 3
        assert entries(program.shop)[2:] == [("used", -2, 5), ("used", -1, 4)]
        assert account(program.shop) == (4, 0)
        booked = ApiEntry.objects.filter(kind="used").values_list("day", "upto")
        assert list(booked.order_by("number")) == [
            (NOON.date(), 3), (NOON.date(), 5), (NOON.date() + timedelta(days=1), 1)
        ]  # fmt: skip
        check_books()


def test_the_daily_work_books_for_every_business(
    program: Key, other_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    yesterday = timezone.now().astimezone(UTC).date() - timedelta(days=1)
    foreign = make_key(other_shop)
    for key, count in ((program, 4), (foreign, 6)):
        with business(key.shop.business):
            use(key.shop, key.device, day=yesterday, requests=count, charged=count)
    assert regular.tidy()["api_credits"] == 10
    assert entries(program.shop) == [("used", -4, -4)]
    assert entries(other_shop) == [("used", -6, -6)]


def test_a_pile_is_booked_in_parts(program: Key, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "BATCH", 2)
    with business(program.shop.business):
        for number in range(5):
            day = NOON.date() - timedelta(days=number + 1)
            use(program.shop, program.device, day=day, requests=1, charged=1)
        assert ledger.fold(now=NOON) == 5
        assert KeyDay.objects.filter(folded=1).count() == 5
    assert account(program.shop) == (-5, 0)


# -- giving -----------------------------------------------------------------------------------------


def grant(*arguments: str) -> str:
    out = StringIO()
    call_command("grant_credits", *arguments, "--reason", "Welcome", stdout=out, stderr=out)
    return out.getvalue()


def test_the_command_gives_to_one_or_to_all_and_once(shop: Shop, other_shop: Shop) -> None:
    assert "acme: granted 100, now 100 in the ledger" in grant("100", "--business", "acme")
    said_twice = [grant("1000", "--all", "--reference", "2026") for _ in range(2)]
    assert "now 1100" in said_twice[0] and "rival: granted 1000" in said_twice[0]
    assert said_twice[1].count("has them already") == 2
    assert "bought 7" in grant("7", "--business", "rival", "--bought")
    assert "corrected -1007" in grant("--business", "rival", "--correct", "-1007")
    assert entries(shop) == [("granted", 100, 100), ("granted", 1000, 1100)]
    assert entries(other_shop)[-1] == ("corrected", -1007, 0)


def test_the_command_says_who_was_not_given_any(shop: Shop, other_shop: Shop) -> None:
    grant("5", "--business", "acme")
    with pytest.raises(CommandError, match="1 of 2"):
        grant("--all", "--correct", "-5")
    assert account(shop) == (0, 0)
    for wrong in (["5"], ["5", "--all", "--business", "acme"], ["x", "--all"]):
        with pytest.raises(CommandError):
            grant(*wrong)
    with pytest.raises(CommandError, match="no business"):
        grant("5", "--business", "nobody")


def test_a_new_business_begins_with_some(shop: Shop) -> None:
    metering(initial=250)
    made = start_business(name="Corner", owner=shop.owner)
    with business(made):
        (entry,) = ApiEntry.objects.all()
        assert (entry.amount, entry.reference, entry.kind) == (250, "initial", "granted")
        ledger.give_initial()
        assert ApiEntry.objects.count() == 1
    metering(initial=0)
    with business(start_business(name="Kiosk", owner=shop.owner)):
        assert not ApiAccount.objects.exists()


# -- over the API -----------------------------------------------------------------------------------


def test_transactions_come_in_pages_the_newest_first(program: Key) -> None:
    with business(program.shop.business):
        for number in range(53):
            ledger.post(kind=Kind.GRANTED, amount=number + 1, reason=f"No {number}")
        day = NOON.date()
        use(program.shop, program.device, day=day, requests=2, charged=2)
        ledger.fold(now=NOON + timedelta(days=1))
    first = program.ask("credits/transactions").json()
    assert [one["number"] for one in first["results"]] == list(range(54, 4, -1))
    used = first["results"][0]
    assert (used["kind"], used["amount"], used["key_name"]) == ("used", -2, "Web shop")
    assert (used["key"], used["day"]) == (str(program.device.pk), "2026-11-21")
    # What comes meanwhile moves no row.
    give(program.shop)
    second = program.client.get(first["next"]).json()
    assert [one["number"] for one in second["results"]] == [4, 3, 2, 1]
    assert second["next"] is None


def test_who_may_not_see_it_does_not(shop: Shop, cashier: Client, till: Client) -> None:
    for path in ("credits/balance", "credits/transactions"):
        said(cashier.get(shop.url(f"api/v1/{path}")), 403, "permission_denied")
        said(till.get(f"/api/v1/{path}"), 403, "permission_denied")


def test_a_person_sees_the_balance_of_the_business(shop: Shop, owner: Client) -> None:
    give(shop, 3)
    content = owner.get(shop.url("api/v1/credits/balance")).json()
    assert (content["credits"], content["key"]) == (3, None)


def test_devices_of_the_day_are_told_apart(inside: Shop, program: Key) -> None:
    other = make_key(inside, "Bookkeeping")
    program.ask()
    assert Device.objects.count() == 2
    assert days(inside) == [("Web shop", 1, 0, 0, 0)]
    assert other.status() == 200
    assert len(days(inside)) == 2
