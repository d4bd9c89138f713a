"""Customers and their credit come in from a folder of JSON files, once and as a whole."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import AuditEntry
from archive.file_store.importing import import_store
from archive.file_store.mapping import MapError, read_map
from archive.file_store.reading import StoreError
from archive.file_store.report import StoreRefused
from archive.models import ImportBatch
from archive.verify import check_books
from sales import credit
from sales.models import CreditAccount, CreditEntry, Customer
from tenants.context import business
from tenants.ids import uuid7
from tests.factories import Shop, customer_named, customers_named

USERS = {
    "u1": {"name": {"first": "Ada", "last": "Byron"}, "mail": "ada@example.org", "state": "active"},
    "u2": {"name": {"first": "Cleo", "last": "Marsh"}, "state": "blocked"},
}
CREDITS = {"u1": 1250, "u2": 0}
MOVES = {
    "t2": {"user": "u1", "type": "use", "cents": 250, "at": 1735732800, "text": "Coffee"},
    "t1": {"user": "u1", "type": "top", "cents": 1000, "at": 1735689600},
    "t3": {"user": "u1", "type": "gift", "cents": 500, "at": 1735776000, "until": "2031-01-31"},
}
MAP: dict[str, Any] = {
    "source": "bonus-app",
    "customers": {
        "file": "users.json",
        "name": ["name.first", "name.last"],
        "email": "mail",
        "active": {"field": "state", "values": ["active"]},
    },
    "entries": {
        "file": "moves.json",
        "customer": "user",
        "amount": "cents",
        "time": "at",
        "kind": {"field": "type", "values": {"top": "bought", "use": "spent", "gift": "granted"}},
        "reason": "text",
        "expires_on": "until",
    },
    "balances": {"file": "credits.json", "customer": "$key", "amount": "$value"},
    "amounts": "minor",
    "time": "seconds",
    "sign": "kind",
}


def folder(path: Path, *, users: Any = USERS, credits_: Any = CREDITS, moves: Any = MOVES) -> Path:
    for name, data in (("users", users), ("credits", credits_), ("moves", moves)):
        text = data if isinstance(data, str) else json.dumps(data)
        (path / f"{name}.json").write_text(text, encoding="utf-8")
    return path


def bring(path: Path, **options: Any) -> Any:
    return import_store(path, read_map({**MAP, **options}))


def test_customers_and_their_ledger_come_in(inside: Shop, tmp_path: Path) -> None:
    report = bring(folder(tmp_path))
    assert (report.customers_created, report.entries_created) == (2, 3)
    assert report.credit == Decimal("12.50")
    ada = customer_named("Ada Byron")
    assert (ada.email, ada.is_active) == ("ada@example.org", True)
    assert not customer_named("Cleo Marsh").is_active
    account = CreditAccount.objects.get(customer=ada)
    assert (account.balance, str(account.next_expiry)) == (Decimal("12.50"), "2031-01-31")
    entries = CreditEntry.objects.filter(account=account).order_by("pk")
    assert [(one.kind, one.amount, one.balance, one.reason) for one in entries] == [
        ("bought", 10, 10, ""),
        ("spent", Decimal("-2.5"), Decimal("7.5"), "Coffee"),
        ("granted", 5, Decimal("12.5"), ""),
    ]
    assert check_books() == []
    assert ImportBatch.objects.get().report["credit"] == "12.5000"
    assert AuditEntry.objects.filter(action="credit.import").count() == 1


def test_a_second_run_changes_nothing_and_brings_what_is_new(inside: Shop, tmp_path: Path) -> None:
    bring(folder(tmp_path))
    again = bring(tmp_path)
    assert (again.customers_same, again.entries_same, again.entries_created) == (2, 3, 0)
    assert ImportBatch.objects.count() == 1
    ada = customer_named("Ada Byron")
    credit.correct(
        actor=inside.owner, customer=ada, amount=Decimal(-2), reason="x", request_id=uuid7()
    )
    moves = {**MOVES, "t4": {"user": "u1", "type": "use", "cents": 1000, "at": 1735800000}}
    later = bring(folder(tmp_path, moves=moves, credits_={"u1": 250}))
    assert later.entries_created == 1
    assert CreditAccount.objects.get(customer=ada).balance == Decimal("0.5")
    assert check_books() == []


def test_new_entries_never_overdraw_what_is_here(inside: Shop, tmp_path: Path) -> None:
    bring(folder(tmp_path))
    ada = customer_named("Ada Byron")
    credit.correct(
        actor=inside.owner, customer=ada, amount=Decimal(-12), reason="x", request_id=uuid7()
    )
    moves = {**MOVES, "t4": {"user": "u1", "type": "use", "cents": 100, "at": 1735800000}}
    with pytest.raises(StoreRefused) as refused:
        bring(folder(tmp_path, moves=moves, credits_={"u1": 1150}))
    (fault,) = refused.value.report.faults.rows
    assert "“t4”" in str(fault)
    assert "cannot be booked" in str(fault)
    assert CreditAccount.objects.get(customer=ada).balance == Decimal("0.5")


def test_balances_without_entries_are_granted(inside: Shop, tmp_path: Path) -> None:
    asked = {name: part for name, part in MAP.items() if name != "entries"}
    import_store(folder(tmp_path), read_map(asked))
    entry = CreditEntry.objects.get()
    assert (entry.kind, entry.amount) == ("granted", Decimal("12.5"))
    report = import_store(tmp_path, read_map(asked))
    assert report.entries_same == 1
    assert check_books() == []


def test_a_balance_that_its_entries_do_not_explain(inside: Shop, tmp_path: Path) -> None:
    folder(tmp_path, credits_={"u1": 1300})
    with pytest.raises(StoreRefused) as refused:
        bring(tmp_path)
    assert "the entries come to 12.50 (found: 13.00)" in str(refused.value.report.faults.rows[0])
    assert not customers_named("Ada Byron")
    report = bring(tmp_path, difference="correct")
    assert report.corrected == 1
    assert CreditEntry.objects.get(kind="corrected").amount == Decimal("0.5")
    assert check_books() == []


def test_other_kinds_in_the_map_bring_nothing_in_twice(inside: Shop, tmp_path: Path) -> None:
    bring(folder(tmp_path))
    values = {"top": "granted", "use": "spent", "gift": "granted"}
    kind = {"field": "type", "values": values}
    with pytest.raises(StoreRefused) as refused:
        bring(tmp_path, entries={**MAP["entries"], "kind": kind})
    (fault,) = refused.value.report.faults.rows
    assert "moves.json, “t1”" in str(fault)
    assert "came in before as bought 10 (found: granted 10)" in str(fault)
    assert CreditAccount.objects.get().balance == Decimal("12.5")
    assert CreditEntry.objects.count() == 3


@pytest.mark.parametrize(
    ("move", "said"),
    [
        ({"cents": 900}, "came in before as bought 10 (found: bought 9)"),
        ({"user": "u2"}, "came in before as bought 10, of another customer"),
    ],
)
def test_an_entry_that_became_another_is_a_fault(
    inside: Shop, tmp_path: Path, move: dict[str, Any], said: str
) -> None:
    bring(folder(tmp_path))
    moves = {"t1": {**MOVES["t1"], **move}, "t3": MOVES["t3"]}
    asked = {name: part for name, part in MAP.items() if name != "balances"}
    with pytest.raises(StoreRefused) as refused:
        import_store(folder(tmp_path, moves=moves), read_map(asked))
    assert said in str(refused.value.report.faults.rows[0])
    assert CreditAccount.objects.get().balance == Decimal("12.5")


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ({"u1": 0, "u2": 0}, "came in before as granted 12.5, and is not among the balances now"),
        ({"u2": 5}, "came in before as granted 12.5, and is not among the balances now"),
        ({"u1": 1300, "u2": 0}, "came in before as granted 12.5 (found: granted 13)"),
    ],
)
def test_a_balance_that_changed_since_it_came_in_is_a_fault(
    inside: Shop, tmp_path: Path, now: dict[str, int], said: str
) -> None:
    asked = {name: part for name, part in MAP.items() if name != "entries"}
    import_store(folder(tmp_path), read_map(asked))
    with pytest.raises(StoreRefused) as refused:
        import_store(folder(tmp_path, credits_=now), read_map(asked))
    (fault,) = refused.value.report.faults.rows
    assert said in str(fault)
    assert "credits.json" in str(fault)
    assert CreditEntry.objects.get().amount == Decimal("12.5")


@pytest.mark.parametrize("left_out", ["", "balances"])
def test_entries_do_not_come_in_on_top_of_the_balance_that_they_explain(
    inside: Shop, tmp_path: Path, left_out: str
) -> None:
    asked = {name: part for name, part in MAP.items() if name != "entries"}
    import_store(folder(tmp_path), read_map(asked))
    fuller = {name: part for name, part in MAP.items() if name != left_out}
    with pytest.raises(StoreRefused, match="1 fault") as refused:
        import_store(tmp_path, read_map(fuller))
    assert "a balance came in before" in str(refused.value.report.faults.rows[0])
    assert CreditAccount.objects.get().balance == Decimal("12.5")


def test_a_dry_run_writes_nothing(inside: Shop, tmp_path: Path) -> None:
    report = import_store(folder(tmp_path), read_map(MAP), dry_run=True)
    assert report.entries_created == 3
    assert not CreditEntry.objects.exists()
    assert not ImportBatch.objects.exists()
    assert not customers_named("Ada Byron")


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"users": {"u1": {"mail": "a@b"}}, "moves": {}, "credits_": {}}, "has no name"),
    "no number": ({"moves": {"t1": {**MOVES["t1"], "cents": "ten"}}}, "is not a number"),
    "not a finite number": ({"moves": {"t1": {**MOVES["t1"], "cents": "NaN"}}}, "is not a number"),
    "half a cent": ({"moves": {"t1": {**MOVES["t1"], "cents": "0.5"}}}, "more decimals"),
    "no time": ({"moves": {"t1": {**MOVES["t1"], "at": "soon"}}}, "is not a time"),
    "a time of another unit": ({"moves": {"t1": {**MOVES["t1"], "at": 1e15}}}, "is not a time"),
    "unknown kind": ({"moves": {"t1": {**MOVES["t1"], "type": "x"}}}, "is no kind"),
    "unknown person": ({"moves": {"t1": {**MOVES["t1"], "user": "u9"}}}, "is no customer"),
    "overdrawn": ({"moves": {"t2": MOVES["t2"]}}, "would be -2.50"),
    "twice": ({"moves": '{"t1": {"user": "u1"}, "t1": {"user": "u1"}}'}, "stands twice"),
    "balance of nobody": ({"credits_": {"u9": 1}}, "is no customer"),
    "balance below zero": ({"credits_": {"u1": -1}}, "is below zero"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_each_fault_names_file_id_field_and_reason(inside: Shop, tmp_path: Path, case: str) -> None:
    files, reason = FAULTS[case]
    before = Customer.objects.count()
    with pytest.raises(StoreRefused) as refused:
        bring(folder(tmp_path, **files))
    said = [str(fault) for fault in refused.value.report.faults.rows]
    assert any(reason in one and ".json, “" in one for one in said), said
    assert Customer.objects.count() == before
    assert not CreditEntry.objects.exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not valid JSON"),
        ('{"t1": {', "is not valid JSON"),
        ("[1, 2]", "has no objects under their ids"),
        ('"x"', "has no objects under their ids"),
        ("\x00\x01", "is not valid JSON"),
        ('{"t1": ' + "1" * 5000 + "}", "holds a number without measure"),
    ],
)
def test_a_file_that_is_no_store_gets_one_sentence(
    inside: Shop, tmp_path: Path, text: str, reason: str
) -> None:
    with pytest.raises(StoreError, match=reason):
        bring(folder(tmp_path, moves=text))
    assert not CreditEntry.objects.exists()


def test_missing_files_and_folders(inside: Shop, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not a folder"):
        bring(tmp_path / "nowhere")
    with pytest.raises(StoreError, match="There is no users.json"):
        bring(tmp_path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"colour": 1}, "knows no “colour”"),
        ({"source": ""}, "needs a “source”"),
        ({"amounts": "cents"}, "has to be one of"),
        ({"zone": "Mars"}, "is not a time zone"),
        ({"customers": {"file": "../users.json", "name": "n"}}, "the name of its “file”"),
        ({"customers": {"file": "users.json"}}, "needs “name”"),
        ({"entries": {**MAP["entries"], "kind": "type"}}, "“field” and its “values”"),
        (
            {"entries": {**MAP["entries"], "kind": {"field": "t", "values": {"a": "lent"}}}},
            "which value means which",
        ),
    ],
)
def test_a_map_is_read_strictly(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(MapError, match=reason):
        read_map({**MAP, **change})


def test_another_business_stays_as_it_is(inside: Shop, other_shop: Shop, tmp_path: Path) -> None:
    with business(other_shop.business):
        before = set(Customer.objects.values_list("pk", flat=True))
    bring(folder(tmp_path))
    with business(other_shop.business):
        assert set(Customer.objects.values_list("pk", flat=True)) == before
        bring(tmp_path)
        assert CreditEntry.objects.count() == 3


def test_the_command(shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder(tmp_path)
    (tmp_path / "map.json").write_text(json.dumps(MAP))
    asked = ["import_file_store", str(tmp_path), "--map", str(tmp_path / "map.json")]
    asked += ["--business", shop.business.slug]
    call_command(*asked, "--dry-run")
    assert "Nothing was written" in capsys.readouterr().out
    call_command(*asked)
    said = capsys.readouterr().out
    assert "Customers: 2 created, 0 left alone." in said
    assert "Credit of these customers by the files: €12.50." in said
    folder(tmp_path, credits_={"u1": 1})
    with pytest.raises(CommandError, match="1 fault; nothing was imported"):
        call_command(*asked)
    assert "credits.json, “u1”" in capsys.readouterr().err
    (tmp_path / "map.json").write_text("{")
    with pytest.raises(CommandError, match="is not valid JSON"):
        call_command(*asked)
