"""Many rows at once: the same values as the ORM writes, the bound business only, few statements."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import DataError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from archive.models import BatchPart, FilePart, ImportBatch, StoredFile
from inventory.models import Product, Variation
from sales.models import Customer
from tenants.bulk import among, insert_rows, long_work
from tenants.context import NoBusiness, unbound
from tenants.ids import uuid7
from tests.factories import Shop

NOW = dt.datetime(2026, 3, 1, 12, 30, 0, 123456, tzinfo=dt.UTC)


def variation_rows(shop: Shop, number: int) -> list[tuple[object, ...]]:
    return [
        (uuid7(), shop.mug.product_id, f"No. {n}", f"B-{n}", Decimal("1.0001"), Decimal(n), 0, True, "")
        for n in range(number)
    ]  # fmt: skip


COLUMNS = (
    "id",
    "product_id",
    "name",
    "sku",
    "cost",
    "price",
    "position",
    "is_active",
    "search_text",
)


def test_values_arrive_as_the_orm_would_have_written_them(inside: Shop) -> None:
    key = uuid7()
    insert_rows(
        Customer,
        ("id", "name", "email", "email_index", "phone", "phone_index", "address", "tax_number",
         "credit_limit", "note", "is_active", "created_at"),
        [(key, "Ann, \"A\" {x}", "ann@example.org", "", "", "", "", "", None, "ä\n", False, NOW)],
    )  # fmt: skip
    customer = Customer.objects.get(pk=key)
    assert (customer.name, customer.note, customer.is_active) == ('Ann, "A" {x}', "ä\n", False)
    assert customer.email == "ann@example.org"
    assert customer.credit_limit is None
    assert customer.created_at == NOW
    assert customer.business_id == inside.business.pk
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, email, note FROM sales_customer")
        rows = cursor.fetchall()
    assert len(rows) == Customer.objects.count()
    # With a sign that no ciphertext has.
    words = ("Ann,", "ann@", "ä")
    assert not any(word in text for row in rows for text in row for word in words)


def test_json_bytes_and_generated_keys(inside: Shop) -> None:
    file = StoredFile.objects.create(name="a", size=3, sha256="x")
    insert_rows(FilePart, ("file_id", "number", "data"), [(file.pk, 0, b"\x00\xff'")])
    assert bytes(FilePart.objects.get().data) == b"\x00\xff'"
    batch = ImportBatch.objects.create(kind="products", file_name="a", file_hash="x")
    rows = [(batch.pk, n, "product", "created", {"ids": [1, None, "ü"]}) for n in range(3)]
    insert_rows(BatchPart, ("batch_id", "number", "table", "action", "data"), rows)
    assert [part.data["ids"][2] for part in batch.parts.all()] == ["ü"] * 3


def test_decimals_keep_four_places(inside: Shop) -> None:
    insert_rows(Variation, COLUMNS, variation_rows(inside, 3))
    made = Variation.objects.filter(sku__startswith="B-").order_by("price")
    assert [(row.cost, row.price) for row in made] == [(Decimal("1.0001"), n) for n in range(3)]


def test_one_statement_for_a_batch(inside: Shop) -> None:
    heard: list[int] = []
    with CaptureQueriesContext(connection) as queries:
        count = insert_rows(
            Variation, COLUMNS, variation_rows(inside, 250), batch=100, wrote=heard.append
        )
    inserts = [q for q in queries if "INSERT" in q["sql"]]
    assert (count, heard) == (250, [100, 100, 50])
    assert len(inserts) == 3


@pytest.mark.postgres
def test_too_long_a_text_is_refused_and_not_cut(inside: Shop) -> None:
    row = (uuid7(), inside.mug.product_id, "x" * 201, "L", Decimal(0), Decimal(0), 0, True, "")
    with pytest.raises(DataError), transaction.atomic():
        insert_rows(Variation, COLUMNS, [row])


def test_a_reference_to_another_business_is_refused(inside: Shop, other_shop: Shop) -> None:
    row = (uuid7(), other_shop.mug.product_id, "", "X", Decimal(0), Decimal(0), 0, True, "")
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows(Variation, COLUMNS, [row])


def test_unbound_writes_nothing(inside: Shop) -> None:
    with unbound(), pytest.raises(NoBusiness):
        insert_rows(Variation, COLUMNS, [])
    with pytest.raises(LookupError, match="no column nonsense"):
        insert_rows(Product, ("nonsense",), [])


@pytest.mark.postgres
def test_long_work_lifts_the_limits_for_itself_alone(inside: Shop) -> None:
    def limit() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            return str(cursor.fetchone()[0])

    before = limit()
    with transaction.atomic():
        try:
            with long_work():
                assert limit() == "30min"
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        assert limit() == before


AWKWARD = [
    "",
    "NULL",
    "null",
    'a"b',
    "c\\d",
    "e,f",
    "{g}",
    "h\ni",
    " j ",
    "’k",
    "\\",
    '"',
    "\\N",
    "%s",
]


@pytest.mark.parametrize("name", AWKWARD)
def test_whatever_a_text_holds_arrives_as_it_is(inside: Shop, name: str) -> None:
    """Alone, beside others, and where all rows have the same."""
    for names in ([name], [name, "other"], ["other", name, "other"], [name, name]):
        keys = [uuid7() for _ in names]
        rows = [
            (key, inside.mug.product_id, one, "", Decimal("0.5"), n, 0, n > 0, name)
            for n, (key, one) in enumerate(zip(keys, names, strict=True))
        ]
        insert_rows(Variation, COLUMNS, rows)
        found = Variation.objects.filter(among("pk", keys)).order_by("price")
        told = list(found.values_list("name", "price", "is_active", "search_text"))
        assert told == [(one, n, n > 0, name) for n, one in enumerate(names)]
        assert Variation.objects.filter(among("name", [name]), pk__in=keys).count() == names.count(
            name
        )


def test_a_column_may_be_empty_in_some_rows(inside: Shop) -> None:
    keys = [uuid7() for _ in range(3)]
    limits = [None, Decimal("1.5"), None]
    insert_rows(
        Customer,
        ("id", "name", "email", "email_index", "phone", "phone_index", "address", "tax_number",
         "credit_limit", "note", "is_active", "created_at"),
        [(key, "Ann", "", "", "", "", "", "", limit, "", True, NOW)
         for key, limit in zip(keys, limits, strict=True)],
    )  # fmt: skip
    found = Customer.objects.filter(pk__in=keys).order_by("pk")
    assert list(found.values_list("credit_limit", flat=True)) == limits
    assert list(found.values_list("created_at", flat=True)) == [NOW] * 3


def test_nothing_is_among_nothing(inside: Shop) -> None:
    assert not Variation.objects.filter(among("sku", [])).exists()
    assert Variation.objects.filter(among("sku", {inside.mug.sku, "none"})).count() == 1
