"""Backup, loss, restore: the same rows, the same walls, and people sign in."""

from __future__ import annotations

import psycopg
import pytest
from django.core.management import CommandError
from django.db import DatabaseError, connection, transaction
from django.test import Client

from backups.models import BackupRun
from sales.models import Sale
from tenants import roles
from tenants.context import business
from tenants.models import Business
from tests.backups.conftest import PICTURES
from tests.backups.installation import Installation, empty_again
from tests.conftest import ON_POSTGRES
from tests.factories import PASSWORD


def pictures(house: Installation) -> dict[str, bytes]:
    root = house.var / "media"
    found = (path for path in root.rglob("*") if path.is_file())
    named = {path.relative_to(root).as_posix(): path.read_bytes() for path in found}
    return {name: content for name, content in named.items() if not name.startswith(".")}


def without_runs(rows: dict) -> dict:
    """Runs of backups are written after what they tell of; devices begin anew after a restore."""
    return {
        name: found
        for name, found in rows.items()
        if name not in ("backups_backuprun", "sync_epoch")
    }


def test_after_a_loss_each_row_of_each_table_is_back(house):
    before = house.rows()
    assert before["sales_saleline"].total() == 4
    house.run("backup")
    house.drop()
    assert without_runs(house.rows()) != before
    told = house.run("restore")
    assert "each row of each table is the same" in told
    assert without_runs(house.rows()) == without_runs(before)
    assert house.rows()["sync_epoch"] != before["sync_epoch"]
    assert pictures(house) == PICTURES
    # The run itself, beside what was restored.
    assert house.rows()["backups_backuprun"].total() == 1


def test_afterwards_people_sign_in_and_sell_on(house, taken):
    house.drop()
    house.run("restore")
    with house.as_web_server():
        browser = Client()
        wrong = browser.post("/sign-in/", {"username": "acme.owner", "password": "something else"})
        assert wrong.status_code == 200
        right = browser.post("/sign-in/", {"username": "acme.owner", "password": PASSWORD})
        assert right.status_code == 302
        page = browser.get("/b/acme/sales/")
        assert page.status_code == 200
        assert "ACM1" in page.content.decode()
        assert browser.get("/b/rival/sales/").status_code == 404
        with transaction.atomic():
            company = Business.objects.get(slug="acme")
        with business(company), transaction.atomic():
            sale = Sale.objects.get()
            assert sale.number.startswith("ACM1")
            # The sequences go on where they stood.
            run = BackupRun.objects.create(kind="backup", started_at=sale.sold_at, is_good=True)
            assert run.pk


@pytest.mark.postgres
def test_afterwards_the_walls_stand(house, taken):
    house.drop()
    house.run("restore")
    with house.as_web_server():
        assert roles.problems(connection) == []
        with transaction.atomic():
            acme, rival = Business.objects.order_by("pk")
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT * FROM sales_sale")
        with business(acme), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT DISTINCT business_id FROM sales_sale")
            assert cursor.fetchall() == [(acme.pk,)]
        with (
            pytest.raises(DatabaseError, match="row-level security"),
            business(acme),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("UPDATE accounts_role SET business_id = %s", [rival.pk])


def test_what_is_there_is_replaced_only_when_told(house, taken):
    before = house.rows()
    with pytest.raises(CommandError, match="holds 2 businesses and .* people already.*--replace"):
        house.run("restore")
    with pytest.raises(CommandError, match="Give --yes to do it without a question"):
        house.run("restore", "--replace")
    assert house.rows() == before


def test_replacing_takes_back_what_happened_since(house, taken):
    before = house.rows()
    house.break_it("DELETE FROM sales_payment", "UPDATE inventory_product SET name = 'Broken'")
    if ON_POSTGRES:
        house.break_it("CREATE TABLE stray (id int)", "CREATE VIEW peek AS SELECT * FROM stray")
    (house.var / "media/products/mug.jpg").write_bytes(b"another")
    told = house.run("restore", "--replace", "--yes")
    assert without_runs(house.rows()) == without_runs(before)
    assert pictures(house) == PICTURES
    (kept,) = (house.var / "media").glob(".before-restore-*")
    assert str(kept) in told
    assert (kept / "products/mug.jpg").read_bytes() == b"another"


def test_a_migrated_database_without_a_business_counts_as_empty(house, taken):
    before = house.rows()
    empty_again(house)
    assert "tenants_business" in house.rows()
    house.run("restore")
    assert without_runs(house.rows()) == without_runs(before)


def test_only_looking_changes_nothing(house, taken):
    before = house.rows()
    told = house.run("restore", "--show")
    assert taken in told and "2 businesses" in told and "2 sales" in told
    assert house.rows() == before


@pytest.mark.postgres
def test_tables_of_something_else_are_not_dropped(house, taken):
    house.drop()
    house.break_it("CREATE TABLE wiki_page (id int)")
    with pytest.raises(CommandError, match=r"tables of something else \(wiki_page\)"):
        house.run("restore")
    assert list(house.rows()) == ["wiki_page"]


@pytest.mark.postgres
def test_who_works_with_the_tables_is_told_to_stop(house, taken, monkeypatch):
    from backups import postgresql

    monkeypatch.setattr(postgresql, "_EMPTY", postgresql._EMPTY.replace("'30s'", "'1s'"))
    before = house.rows()
    with psycopg.connect(house.direct_url) as till:
        till.execute("LOCK TABLE sales_sale IN ROW EXCLUSIVE MODE")
        with pytest.raises(CommandError, match="stop the web server and all jobs"):
            house.run("restore", "--replace", "--yes")
    assert house.rows() == before
