"""What holds of the installation: somebody looks after it, and the walls stand in the database."""

from __future__ import annotations

import pytest
from django.db import connection

from accounts.models import User
from archive.verify import Report, verify_installation
from tenants.context import unbound
from tests.archive.verify.books import loosen, tamper
from tests.factories import Shop


def look() -> Report:
    with unbound():
        return verify_installation()


def found() -> dict[str, set[str]]:
    return {outcome.rule: {finding.id for finding in outcome.findings} for outcome in look().found}


def test_nothing_is_wrong(shop: Shop, other_shop: Shop) -> None:
    report = look()
    assert report.found == []
    assert report.business is None
    assert len(report.outcomes) == 3


def test_without_anyone_who_looks_after_it(shop: Shop) -> None:
    tamper(f"UPDATE accounts_user SET is_active = false WHERE id = {shop.owner.pk}")
    assert found() == {"installation_has_an_administrator": {"all"}}
    User.objects.create_user("root", "x", is_superuser=True)
    assert found() == {}


def test_an_index_that_keeps_values_unique_is_missing(as_owner: None, shop: Shop) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("DROP INDEX variation_sku")
    assert "variation_sku" in found()["walls_stand"]


@pytest.mark.postgres
def test_keys_checks_and_policies_are_missing(as_owner: None, shop: Shop) -> None:
    loosen(["sales_payment"])
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE sales_shift DISABLE ROW LEVEL SECURITY")
        cursor.execute("DROP POLICY register_wall ON sales_register")
    missing = found()["walls_stand"]
    assert {"payment_key", "payment_sale_ref", "payment_change", "payment_once"} <= missing
    assert {"shift_wall", "register_wall"} <= missing
    assert "sale_wall" not in missing
    # The owner itself is no role to serve as.
    assert "role" in missing


@pytest.mark.postgres
def test_a_key_that_was_never_checked(as_owner: None, shop: Shop) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE sales_payment DROP CONSTRAINT payment_sale_ref")
        cursor.execute(
            "ALTER TABLE sales_payment ADD CONSTRAINT payment_sale_ref"
            " FOREIGN KEY (business_id, sale_id) REFERENCES sales_sale (business_id, id) NOT VALID"
        )
    assert "payment_sale_ref" in found()["walls_stand"]


@pytest.mark.sqlite
def test_rows_of_no_business(shop: Shop) -> None:
    """PostgreSQL shows such rows to nobody, and keeps them out by its keys."""
    loosen(["inventory_brand"])
    tamper(
        "INSERT INTO inventory_brand (id, business_id, name, description, is_active)"
        " VALUES ('0190000000007000800000000000abcd', 999, 'Nobody', '', 1)"
    )
    assert found() == {"row_has_its_business": {"01900000-0000-7000-8000-00000000abcd"}}
