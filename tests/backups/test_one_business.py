"""One business as it was on an earlier day, beside what it is today."""

from __future__ import annotations

import gzip
import json
import os

import pytest
from django.core.management import CommandError
from django.db import transaction

from inventory.models import Product
from sales.models import Sale
from tenants.context import business
from tenants.models import Business
from tests.backups.installation import Installation
from tests.backups.test_drill import leftovers
from tests.backups.test_round_trip import without_runs

pytestmark = pytest.mark.slow


@pytest.fixture
def surroundings(house: Installation, monkeypatch) -> None:
    """What the commands that it starts find in their environment."""
    for name, value in house.environment().items():
        if name in {"DATABASE_URL", "DIRECT_URL", "VAR_DIR"}:
            monkeypatch.setenv(name, value)


def test_it_comes_back_beside_under_a_new_name(house, taken, surroundings):
    house.break_it("UPDATE inventory_product SET name = 'Ruined'", "DELETE FROM sales_payment")
    before = house.rows()
    told = house.run("restore", "--business", "acme", "--as", "Acme on Monday")
    assert "Acme on Monday" in told
    after = house.rows()
    for table in ("sales_payment", "inventory_product"):
        assert not before[table] - after[table], f"{table} of the living business was touched"
    with house.as_web_server():
        with transaction.atomic():
            old = Business.objects.get(name="Acme on Monday")
        with business(old), transaction.atomic():
            assert "Blue mug" in set(Product.objects.values_list("name", flat=True))
            sale = Sale.objects.get()
            assert sale.payments.count() == 1
        with transaction.atomic():
            living = Business.objects.get(slug="acme")
        with business(living), transaction.atomic():
            assert set(Product.objects.values_list("name", flat=True)) == {"Ruined"}
    assert leftovers(house) == []
    # Never over a living one, nor over one that came back before.
    for name in ("Rival", "acme on monday"):
        with pytest.raises(CommandError, match=f"called “{name}” already"):
            house.run("restore", "--business", "acme", "--as", name)
    assert house.rows() == after


def test_it_comes_out_as_a_file(house, taken, surroundings, tmp_path):
    house.break_it("DELETE FROM sales_payment")
    before = house.rows()
    file = tmp_path / "acme.json.gz"
    house.run("restore", "--business", "acme", "--file", str(file))
    content = json.loads(gzip.decompress(file.read_bytes()))
    assert [one["name"] for one in content["businesses"]] == ["Acme"]
    assert len(content["sales"]) == 1
    assert file.stat().st_mode & 0o077 == 0
    assert without_runs(house.rows()) == without_runs(before)
    with pytest.raises(CommandError, match="is there already"):
        house.run("restore", "--business", "acme", "--file", str(file))


def test_settings_that_come_from_files_do_not_lead_to_the_living_data(
    house, taken, surroundings, tmp_path, monkeypatch
):
    """As secrets of containers come; a file counts before a variable."""
    for name in ("DATABASE_URL", "DIRECT_URL", "VAR_DIR"):
        if value := os.environ.get(name):
            (tmp_path / name).write_text(value)
            monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))
            monkeypatch.delenv(name)
    house.break_it("UPDATE inventory_product SET name = 'Ruined'")
    file = tmp_path / "acme.json.gz"
    house.run("restore", "--business", "acme", "--file", str(file))
    text = gzip.decompress(file.read_bytes()).decode()
    assert "Blue mug" in text and "Ruined" not in text


def test_a_business_that_is_not_in_it(house, taken, surroundings, tmp_path):
    with pytest.raises(CommandError, match="There is no business “nobody”"):
        house.run("restore", "--business", "nobody", "--file", str(tmp_path / "x.json"))
    assert leftovers(house) == []


@pytest.mark.parametrize("words", [["--business", "acme"], ["--as", "X"], ["--file", "x"]])
def test_half_a_request_is_refused(house, taken, words):
    with pytest.raises(CommandError, match="--business goes with"):
        house.run("restore", *words)
