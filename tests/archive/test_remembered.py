"""What customers were called in older systems moves with them."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from archive.remembered import known_customers, reference
from archive.verify.people import personal_text_is_encrypted
from archive.verify.rules import Look
from sales.models import Customer
from tenants.context import business, unbound
from tenants.models import Business, ExternalReference
from tests.archive.exports import row
from tests.archive.rich import bring, changed, elsewhere, faults, rich, taken


@pytest.fixture
def file(db: None, tmp_path: Path) -> Path:
    path = tmp_path / "acme.json"
    with elsewhere():
        rich()
        taken(path)
    return path


def names() -> dict[str, str]:
    with business(Business.objects.get()):
        people = {str(one.pk): one.name for one in Customer.objects.all()}
        rows = ExternalReference.objects.filter(source="online-retail", table="customers")
        return {one.sealed_id: people[one.object_id] for one in rows}


def test_the_customer_is_found_by_the_older_name(file: Path) -> None:
    bring(file)
    assert names() == {"17850": "Carla of acme", "9": "Carla of acme"}
    bring(file)
    assert len(names()) == 2


def test_a_newer_file_brings_newer_names(file: Path) -> None:
    bring(file)

    def more(data: dict[str, Any]) -> None:
        row(data, "customers", 1)["references"].append(["coffee", "1", ""])

    bring(changed(file, more))
    with business(Business.objects.get()):
        assert ExternalReference.objects.get(source="coffee").sealed_id == "1"


def test_a_name_is_kept_in_no_form_that_can_be_read(db: None) -> None:
    with elsewhere():
        shop = rich()
        with business(shop.business):
            row = reference("shop", "Ann@mail.example", shop.customer.pk, "told")
            row.save()
            other = reference("coffee", "Ann@mail.example", shop.customer.pk, "")
            assert len({row.external_id, other.external_id}) == 2
            assert row.external_id.startswith("#") and len(row.external_id) == 17
            # As an earlier release kept it.
            ExternalReference.objects.create(
                source="shop", table="customers", external_id="bob", object_id="x"
            )
            found = known_customers("shop", ["Ann@mail.example", "ann@mail.example", "bob", "eve"])
            assert {name: one.object_id for name, one in found.items()} == {
                "Ann@mail.example": str(shop.customer.pk),
                "bob": "x",
            }
            with connection.cursor() as cursor:
                cursor.execute("SELECT external_id, sealed_id FROM tenants_externalreference")
                assert "mail.example" not in str(cursor.fetchall())


def test_one_that_stands_in_clear_is_told_and_mended(db: None) -> None:
    with elsewhere():
        shop = rich()
        with business(shop.business):
            clear = ExternalReference.objects.create(
                source="shop", table="customers", external_id="bob", object_id="x"
            )
            look = Look(personal_text_is_encrypted, limit=5)
            personal_text_is_encrypted.check(look)
            assert [one.id for one in look.outcome.findings] == [str(clear.pk)]
        with unbound():
            call_command("rotate_encryption_key", stdout=StringIO())
        with business(shop.business):
            clear.refresh_from_db()
            assert (clear.sealed_id, clear.external_id[0]) == ("bob", "#")
            assert known_customers("shop", ["bob"])["bob"].pk == clear.pk
            again = Look(personal_text_is_encrypted, limit=5)
            personal_text_is_encrypted.check(again)
            assert again.outcome.count == 0


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("17850", "is no list"),
        ([["a", "b"]], "holds something else"),
        ([["a", "b", 1]], "is not text"),
        ([["a", "b" * 101, ""]], "is longer than 100"),
        ([["a", "b", ""], ["a", "b", "c"]], "is also that of customer 1"),
        ([["export", "1", ""]], "only our own imports note"),
    ],
)
def test_names_that_are_none(file: Path, wrong: object, reason: str) -> None:
    def spoil(data: dict[str, Any]) -> None:
        row(data, "customers", 1)["references"] = wrong

    assert any(reason in one for one in faults(changed(file, spoil)))
    assert not Business.objects.exists()
