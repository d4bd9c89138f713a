"""A business goes with everything it had; what the law wants stays, closed; nobody else notices."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import BinaryField, ExpressionWrapper, F
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Membership, User
from archive import chores
from archive.leaving import departing
from archive.leaving.deleting import children_first, delete_business, due
from archive.leaving.retained import purge
from archive.leaving.whole import write_archive
from archive.models import Departure, Job, RetainedPart, RetainedRecord
from sales.models import Shift
from tenants.checks import tenant_models
from tenants.context import business
from tenants.errors import Refused
from tenants.models import Business
from tests.archive.verify.books import keep_books
from tests.factories import Shop

LATER = timedelta(days=31)


def ask(shop: Shop, **more: Any) -> Departure:
    with business(shop.business):
        member = Membership.objects.get(user=shop.owner)
        values: dict[str, Any] = {"name": "acme", "archive": None, "without_archive": True}
        return departing.ask(by=member, **{**values, "name": shop.business.name, **more})


def rows_of(shop: Shop) -> dict[str, list[Any]]:
    """Everything in the tables of a business."""
    with business(shop.business):
        return {
            model._meta.db_table: list(model._default_manager.order_by("pk").values_list())
            for model in tenant_models()
        }


def test_all_of_it_goes_and_nothing_of_another(shop: Shop, other_shop: Shop) -> None:
    for one in (shop, other_shop):
        with business(one.business):
            keep_books(one)
    before = rows_of(other_shop)
    ask(shop)
    now = timezone.now() + LATER
    assert [one.pk for one in due(now)] == [shop.business.pk]
    done = delete_business(shop.business, now=now)
    assert done.rows["sales_sale"] == 3
    assert not Business.objects.filter(pk=shop.business.pk).exists()
    assert rows_of(other_shop) == before
    assert {table: left for table, left in rows_of(shop).items() if left} == {}
    assert not User.objects.filter(pk=shop.cashier.pk).exists()
    assert User.objects.filter(pk=other_shop.cashier.pk).exists()
    assert done.people == len(shop.people)
    connection.check_constraints()


def test_whoever_works_elsewhere_keeps_the_account(shop: Shop, other_shop: Shop) -> None:
    with business(other_shop.business):
        member = Membership.objects.get(user=other_shop.cashier)
        Membership.objects.create(user=shop.cashier, role=member.role)
    ask(shop)
    done = delete_business(shop.business, now=timezone.now() + LATER)
    assert done.people == len(shop.people) - 1
    assert User.objects.filter(pk=shop.cashier.pk).exists()


def test_whoever_a_sale_elsewhere_names_keeps_the_account(shop: Shop, other_shop: Shop) -> None:
    with business(other_shop.business):
        keep_books(other_shop)

        Shift.objects.update(opened_by=shop.cashier)
    ask(shop)
    done = delete_business(shop.business, now=timezone.now() + LATER)
    assert done.people == len(shop.people) - 1
    assert User.objects.filter(pk=shop.cashier.pk).exists()


def test_who_left_long_ago_or_came_along_as_a_name_goes_too(shop: Shop, other_shop: Shop) -> None:
    with business(shop.business):
        keep_books(shop)
        Membership.objects.filter(user=shop.cashier).delete()
        outsider = User.objects.create(username="old.hand", name="Old Hand", is_active=False)
        manager = User.objects.create(username="old.boss", name="Old Boss")
        Shift.objects.update(opened_by=outsider)
        AuditEntry.objects.update(actor=manager)
    bystander = User.objects.create(username="new.hand", name="New Hand")
    with business(other_shop.business):
        keep_books(other_shop)
        AuditEntry.objects.update(actor=manager)
        theirs = set(Membership.objects.values_list("user_id", flat=True))
    ask(shop)
    done = delete_business(shop.business, now=timezone.now() + LATER)
    # The one whom another business's rows name stays, and who has nothing to do with this one.
    assert set(User.objects.values_list("pk", flat=True)) == theirs | {manager.pk, bystander.pk}
    assert done.people == len(shop.people) + 1


def test_every_table_has_its_place(db: None) -> None:
    order = children_first()
    assert set(order) == set(tenant_models())
    place = {model: number for number, model in enumerate(order)}
    for model in order:
        for field in model._meta.concrete_fields:
            target = field.related_model
            if field.is_relation and target in place and target is not model:
                assert place[model] < place[target], (model, field)


def test_the_books_are_kept_closed(shop: Shop, tmp_path: Path) -> None:
    with business(shop.business):
        keep_books(shop)
    ask(shop)
    done = delete_business(shop.business, now=timezone.now() + LATER)
    record = RetainedRecord.objects.get()
    assert done.record == record
    as_it_is = ExpressionWrapper(F("data"), output_field=BinaryField())
    stored = b"".join(map(bytes, RetainedPart.objects.values_list(as_it_is, flat=True)))
    assert stored
    assert b"ACM1-000001" not in stored
    assert b"PK" not in stored[:4]
    out = tmp_path / "books.zip"
    call_command("retained_records", "--show", str(record.pk), "--out", str(out))
    with zipfile.ZipFile(out) as books:
        manifest = json.loads(books.read("manifest.json"))
        assert set(books.namelist()) == {
            "business.json", "manifest.json", "tables/sales.csv", "tables/sale_lines.csv",
            "tables/payments.csv", "tables/shifts.csv", "tables/movements.csv",
            "tables/cash_movements.csv", "tables/z_readings.csv",
        }  # fmt: skip
        assert manifest["files"]["tables/sales.csv"]["rows"] == 3
        assert "ACM1-000001" in books.read("tables/sales.csv").decode("utf-8-sig")
        assert json.loads(books.read("business.json"))["name"] == shop.business.name


def test_what_is_past_its_time_is_purged(shop: Shop) -> None:
    ask(shop)
    done = delete_business(shop.business, now=timezone.now() + LATER)
    assert done.record is not None
    assert purge(done.record.keep_until) == 0
    assert purge(done.record.keep_until + timedelta(days=1)) == 1
    assert not RetainedPart.objects.exists()


def test_nothing_is_kept_where_nothing_has_to_be(shop: Shop, settings: Any) -> None:
    settings.RETAIN_MONTHS = 0
    ask(shop)
    assert delete_business(shop.business, now=timezone.now() + LATER).record is None
    assert not RetainedRecord.objects.exists()


# -- not yet, and not at all -----------------------------------------------------------------------


def test_not_before_it_is_time(shop: Shop) -> None:
    ask(shop)
    soon = timezone.now() + timedelta(days=29)
    assert due(soon) == []
    with pytest.raises(Refused, match="Nobody asked"):
        delete_business(shop.business, now=soon)
    assert Business.objects.filter(pk=shop.business.pk).exists()


def test_it_can_be_withdrawn(shop: Shop) -> None:
    ask(shop)
    with business(shop.business):
        departing.withdraw(by=Membership.objects.get(user=shop.owner))
    assert due(timezone.now() + LATER) == []


def test_not_while_a_job_is_at_work(shop: Shop) -> None:
    ask(shop)
    with business(shop.business):
        Job.objects.create(kind="x", state=Job.State.RUNNING)
    with pytest.raises(Refused, match="at work"):
        delete_business(shop.business, now=timezone.now() + LATER)
    with business(shop.business):
        assert Departure.objects.count() == 1


def test_who_is_no_owner_cannot_ask_nor_withdraw(shop: Shop) -> None:
    with business(shop.business):
        manager = Membership.objects.get(user=shop.manager)
        with pytest.raises(Refused, match="Only an owner"):
            departing.ask(by=manager, name=shop.business.name, archive=None, without_archive=True)
        with pytest.raises(Refused, match="Only an owner"):
            departing.withdraw(by=manager)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "Another"}, "name"),
        ({"without_archive": False}, "without_archive"),
        ({"keep_months": 119}, "keep_months"),
    ],
)
def test_what_is_missing_is_said_beside_its_field(
    shop: Shop, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refused) as refused:
        ask(shop, **change)
    assert field in refused.value.fields
    with business(shop.business):
        assert not Departure.objects.exists()


def test_once_is_enough(shop: Shop) -> None:
    ask(shop)
    with pytest.raises(Refused, match="already"):
        ask(shop)


def test_a_fault_in_the_middle_leaves_everything(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(shop)
    before = rows_of(shop)

    def fail(people: Any) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr("archive.leaving.deleting._delete_people", fail)
    with pytest.raises(ZeroDivisionError):
        delete_business(shop.business, now=timezone.now() + LATER)
    assert rows_of(shop) == before
    assert not RetainedRecord.objects.exists()


# -- the archive -----------------------------------------------------------------------------------


def test_the_archive_says_what_it_holds(inside: Shop) -> None:
    keep_books(inside)
    stream = io.BytesIO()
    manifest = write_archive(stream)
    with zipfile.ZipFile(stream) as archive:
        assert archive.testzip() is None
        assert json.loads(archive.read("manifest.json")) == manifest
        assert set(archive.namelist()) == {*manifest["files"], "manifest.json"}
        for name, facts in manifest["files"].items():
            data = archive.read(name)
            assert len(data) == facts["size"]
            assert hashlib.sha256(data).hexdigest() == facts["sha256"]
        data = json.loads(archive.read("data.json"))
        counts = manifest["files"]["data.json"]["rows"]
        assert counts["sales"] == len(data["sales"]) == 3
        lines = archive.read("audit.jsonl").decode().splitlines()
        assert manifest["files"]["audit.jsonl"]["rows"] == len(lines)
        assert "sale.void" in {json.loads(line)["action"] for line in lines}


# -- commands --------------------------------------------------------------------------------------


def test_the_command_deletes_what_is_due(
    shop: Shop, other_shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    ask(shop)
    call_command("delete_businesses")
    assert capsys.readouterr().out == ""
    with business(shop.business):
        Departure.objects.update(delete_after=timezone.now())
    call_command("delete_businesses", "--dry-run")
    assert "would be deleted" in capsys.readouterr().out
    call_command("delete_businesses")
    assert f"{shop.business.name} was deleted" in capsys.readouterr().out
    assert list(Business.objects.values_list("pk", flat=True)) == [other_shop.business.pk]
    call_command("retained_records")
    assert shop.business.name in capsys.readouterr().out


def make_due(shop: Shop, *, at_work: bool = False) -> None:
    ask(shop)
    with business(shop.business):
        Departure.objects.update(delete_after=timezone.now())
        if at_work:
            Job.objects.create(kind="x", state=Job.State.RUNNING)


def test_the_daily_call_deletes_what_is_due_and_purges(
    shop: Shop, other_shop: Shop, client: Client, settings: Any
) -> None:
    settings.CRON_SECRET = "s3cret"
    make_due(shop)
    make_due(other_shop, at_work=True)
    RetainedRecord.objects.create(
        business_name="Old", keep_until=timezone.now().date() - timedelta(days=2), manifest={}
    )
    assert client.get("/cron/daily").status_code == 404
    told = client.get("/cron/daily", headers={"Authorization": "Bearer s3cret"}).json()
    assert (told["businesses"], told["failed"], told["records"]) == (1, 1, 1)
    assert list(Business.objects.values_list("pk", flat=True)) == [other_shop.business.pk]
    assert [one.business_name for one in RetainedRecord.objects.all()] == [shop.business.name]


def test_the_worker_that_stays_does_so_daily(shop: Shop) -> None:
    """As one of its chores; tests/archive/test_chores.py holds that it does them."""
    make_due(shop)
    chores._CHORES["tidying"].work()
    assert not Business.objects.exists()


def test_a_refusal_ends_with_an_error(shop: Shop) -> None:
    ask(shop)
    with business(shop.business):
        Departure.objects.update(delete_after=timezone.now())
        Job.objects.create(kind="x", state=Job.State.RUNNING)
    with pytest.raises(CommandError, match="1 could not be deleted"):
        call_command("delete_businesses")


@pytest.mark.parametrize(
    ("asked", "said"),
    [(["--show", "x"], "Where to"), (["--show", "x", "--out", "y.zip"], "no record x")],
)
def test_a_record_that_is_not_there(db: None, asked: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("retained_records", *asked)
