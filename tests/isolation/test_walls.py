"""Each wall stands, is asked for by a check, and is missed where it lacks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError

from pos import checks as pos_checks
from pos import serving
from reports.models import LEFT_OVER
from scripts.postgres import Cluster
from tenants import roles
from tenants.checks import GLOBAL_INDEXES, tenant_models
from tenants.context import business, platform
from tenants.db.base import DatabaseWrapper
from tenants.ids import uuid7
from tenants.models import TenantForeignKey
from tests.factories import Shop, make_shop
from tests.isolation.probes import plant

# Read to find out which business it is; everything else is closed while nothing is bound.
OPEN_TABLES = {
    "accounts_device",
    "accounts_membership",
    "accounts_operatorsession",
    "archive_departure",
    "archive_job",
    "metering_apiaccount",
    "metering_keyday",
    "metering_keylimit",
    "sales_pairing",
    "webhooks_event",
    "webhooks_mailbox",
}
STRICT = "(business_id = ( SELECT (current_setting('app.business_id'::text))::bigint AS current_setting))"


# Wall 3


def test_a_row_refers_to_rows_of_its_own_business(shop: Shop, other_shop: Shop) -> None:
    with business(shop.business):
        assert plant(shop.business, shop.category.pk)
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            plant(shop.business, other_shop.category.pk)
    if connection.vendor == "postgresql":
        assert refused.value.__cause__.sqlstate == "23503"  # type: ignore[union-attr]


def test_every_reference_has_its_composite_key_in_the_database(db: None) -> None:
    with connection.cursor() as cursor:
        for model in tenant_models():
            found = connection.introspection.get_constraints(cursor, model._meta.db_table)
            keys = {
                tuple(one["columns"])
                for one in found.values()
                if one["foreign_key"] and len(one["columns"]) == 2
            }
            wanted = {
                ("business_id", field.column)
                for field in model._meta.concrete_fields
                if isinstance(field, TenantForeignKey)
            }
            if connection.vendor == "postgresql":
                assert keys == wanted, model
            else:
                # Django lists one column of a key here; ask SQLite.
                cursor.execute(f'PRAGMA foreign_key_list("{model._meta.db_table}")')
                parts: dict[int, set[str]] = {}
                for row in cursor.fetchall():
                    parts.setdefault(row[0], set()).add(row[3])
                assert {("business_id", column) for _b, column in wanted} <= {
                    tuple(sorted(part, key=lambda name: name != "business_id"))
                    for part in parts.values()
                    if len(part) == 2
                }, model


def test_every_join_compares_the_business(inside: Shop) -> None:
    compared = re.compile(r'(\S+)\."business_id" = (?!\1\.)\S+\."business_id"')
    seen = 0
    for model in tenant_models():
        for field in model._meta.get_fields(include_hidden=True):
            if not isinstance(getattr(field, "field", field), TenantForeignKey):
                continue
            name = field.name
            if name.endswith("+"):  # nobody asks in that direction
                continue
            rows = model._base_manager.filter(**{f"{name}__business__gt": 0})
            on = str(rows.query).partition(" ON (")[2].partition(" WHERE ")[0]
            assert compared.search(on), (model, name, on)
            seen += 1
    assert seen > 100


@pytest.mark.postgres
def test_every_index_begins_with_the_business(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.relname, pg_get_indexdef(x.indexrelid, 1, true)"
            " FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
            " JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attname = 'business_id'"
            " WHERE NOT x.indisprimary"
        )
        rows = cursor.fetchall()
    assert len(rows) > 50
    assert {name for name, first in rows if first != "business_id"} == GLOBAL_INDEXES


# Wall 4


@pytest.mark.postgres
def test_every_table_with_a_business_has_the_strict_policy(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename, cmd, permissive, qual, with_check FROM pg_policies")
        rows = cursor.fetchall()
    tables = {model._meta.db_table for model in tenant_models()} | LEFT_OVER
    assert sorted(row[0] for row in rows) == sorted(tables)
    for table, command, permissive, using, check in rows:
        assert (command, permissive) == ("ALL", "PERMISSIVE"), table
        assert using == check
        assert (using == STRICT) is (table not in OPEN_TABLES), table


@pytest.mark.postgres
def test_unbound_is_an_error_and_not_an_empty_shop(committed_db: None) -> None:
    with transaction.atomic():
        shop = make_shop("acme")
    asked = 0
    for model in tenant_models():
        with business(shop.business), transaction.atomic():
            filled = model._default_manager.exists()
        with platform("a test of what row-level security answers"):
            if model._meta.db_table in OPEN_TABLES:
                list(model._default_manager.all()[:1])
            elif filled:
                # A connection that was never bound, and one that has been: both are refused.
                for _used in range(4):
                    with pytest.raises(DatabaseError):
                        list(model._default_manager.all()[:1])
                asked += 1
    assert asked > 10


@pytest.mark.postgres
def test_an_open_table_closes_once_a_business_is_bound(shop: Shop, other_shop: Shop) -> None:
    sql = "SELECT DISTINCT business_id FROM accounts_membership"
    with business(shop.business), connection.cursor() as cursor:
        cursor.execute(sql)
        assert cursor.fetchall() == [(shop.business.pk,)]


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("sql", "state"),
    [
        ("UPDATE inventory_category SET business_id = business_id + 1", "42501"),
        ("TRUNCATE inventory_category CASCADE", "42501"),
        ("CREATE TABLE inventory_more (id int)", "42501"),
        ("CREATE TEMPORARY TABLE more (id int)", "42501"),
        ("ALTER TABLE inventory_category DISABLE ROW LEVEL SECURITY", "42501"),
        ("DROP POLICY category_wall ON inventory_category", "42501"),
        ("DROP TABLE inventory_category CASCADE", "42501"),
        ("SET ROLE pos_owner", "42501"),
        ("SET SESSION AUTHORIZATION pos_owner", "42501"),
        ("SET LOCAL session_replication_role = replica", "42501"),
        ("ALTER ROLE CURRENT_USER BYPASSRLS", "42501"),
        ("SET LOCAL row_security = off; SELECT * FROM inventory_category", "42501"),
        ("COPY inventory_category FROM STDIN", "0A000"),
    ],
)
def test_the_role_may_not(sql: str, state: str, inside: Shop) -> None:
    with (
        pytest.raises(DatabaseError) as refused,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert refused.value.__cause__.sqlstate == state  # type: ignore[union-attr]


# The role


@pytest.fixture
def wrapper() -> Iterator[Any]:
    """Connections of Django's as another role, straight to this run's database."""
    opened: list[DatabaseWrapper] = []

    def connect(url: str) -> DatabaseWrapper:
        parts = psycopg.conninfo.conninfo_to_dict(url)
        own = {
            "HOST": parts["host"],
            "PORT": str(parts["port"]),
            "USER": parts["user"],
            "PASSWORD": parts["password"],
            "NAME": connection.settings_dict["NAME"],
        }
        opened.append(DatabaseWrapper({**connection.settings_dict, **own}, "default"))
        return opened[-1]

    yield connect
    for one in opened:
        one.close()


def refuses_to_serve(one: object, patch: pytest.MonkeyPatch) -> bool:
    patch.setattr(serving, "connections", SimpleNamespace(all=lambda: [one]))
    try:
        serving.prepare()
    except ImproperlyConfigured:
        return True
    return False


@pytest.mark.postgres
def test_the_runtime_role_serves(
    committed_db: None, wrapper: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordinary = wrapper(Cluster.current().url("pos_app"))
    assert roles.problems(ordinary) == []
    assert not refuses_to_serve(ordinary, monkeypatch)
    assert pos_checks.check_role(databases=["default"]) == []


@pytest.mark.postgres
def test_owner_superuser_and_bypassing_roles_do_not_serve(
    committed_db: None, wrapper: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster.current()
    name = f"bypass_{uuid7().hex}"
    cluster.sql(f"CREATE ROLE {name} LOGIN BYPASSRLS PASSWORD 'bypass'")
    try:
        bypassing = cluster.url("pos_app").replace("pos_app", name, 1)
        bypassing = bypassing.replace(cluster.passwords["pos_app"], "bypass")
        for url, sentence in [
            (cluster.superuser_url, "is a superuser"),
            (cluster.url("pos_owner"), "owns the table"),
            (bypassing, "bypasses row-level security"),
        ]:
            one = wrapper(url)
            assert any(sentence in problem for problem in roles.problems(one)), url
            assert refuses_to_serve(one, monkeypatch)
            one.close()
    finally:
        cluster.sql(f"DROP ROLE {name}")


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("made", "removed", "sentence"),
    [
        (
            "CREATE TABLE open_table (business_id bigint)",
            "DROP TABLE open_table",
            "the table open_table has no row-level security",
        ),
        (
            "ALTER TABLE inventory_brand DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE inventory_brand ENABLE ROW LEVEL SECURITY",
            "the table inventory_brand has no row-level security",
        ),
        (
            "CREATE POLICY everyone ON inventory_brand USING (true)",
            "DROP POLICY everyone ON inventory_brand",
            "the policy everyone on inventory_brand does not go by the business",
        ),
        (
            "CREATE VIEW wide_view AS SELECT * FROM inventory_brand",
            "DROP VIEW wide_view",
            "the view wide_view is not security_invoker",
        ),
        (
            "CREATE MATERIALIZED VIEW copied AS SELECT * FROM inventory_brand",
            "DROP MATERIALIZED VIEW copied",
            "the materialized view copied can be read by the role",
        ),
        (
            "CREATE FUNCTION as_owner() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
            "DROP FUNCTION as_owner()",
            "the function as_owner is SECURITY DEFINER",
        ),
        (
            "GRANT TRUNCATE ON inventory_brand TO pos_app",
            "REVOKE TRUNCATE ON inventory_brand FROM pos_app",
            "the role pos_app may TRUNCATE inventory_brand",
        ),
    ],
)
def test_what_goes_around_the_policies_is_found(
    made: str, removed: str, sentence: str, committed_db: None, owner_connection: Any
) -> None:
    owner_connection.execute(made)
    try:
        assert roles.problems(connection) == [sentence]
        assert [error.id for error in pos_checks.check_role(databases=["default"])] == ["pos.E001"]
    finally:
        owner_connection.execute(removed)
    assert roles.problems(connection) == []


@pytest.mark.postgres
def test_a_view_for_the_invoker_shows_one_business(
    committed_db: None, owner_connection: Any
) -> None:
    owner_connection.execute(
        "CREATE VIEW narrow WITH (security_invoker=true) AS SELECT * FROM inventory_brand"
    )
    try:
        assert roles.problems(connection) == []
    finally:
        owner_connection.execute("DROP VIEW narrow")
