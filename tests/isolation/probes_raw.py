"""Ways around the ORM: raw SQL, expressions, COPY."""

from __future__ import annotations

from django.db import connection, models
from django.db.models.expressions import RawSQL

from inventory.models import Category, Product
from tenants.ids import uuid7
from tests.isolation.probes import (
    POSTGRES,
    RAW,
    Target,
    execute,
    plant,
    probe,
    theirs_among,
)


@probe(RAW)
def manager_raw(mine: Target, theirs: Target) -> bool:
    rows = models.Manager.from_queryset(models.QuerySet)()
    rows.model = Product
    return theirs_among(rows.raw("SELECT * FROM inventory_product"), theirs)


@probe()
def raw_of_the_model(mine: Target, theirs: Target) -> bool:
    return theirs_among(Product.objects.raw("SELECT * FROM inventory_product"), theirs)


@probe(RAW)
def raw_expression(mine: Target, theirs: Target) -> bool:
    name = RawSQL(
        "SELECT max(business_id) FROM inventory_product WHERE business_id <> %s", [mine.business.pk]
    )
    return any(row.found for row in Category.objects.annotate(found=name))


@probe(RAW)
def raw_select(mine: Target, theirs: Target) -> bool:
    return execute(
        "SELECT count(*) FROM inventory_product WHERE business_id = %s", theirs.business.pk
    )


@probe(RAW)
def raw_update(mine: Target, theirs: Target) -> bool:
    return execute(
        "UPDATE inventory_product SET name = 'taken' WHERE business_id = %s", theirs.business.pk
    )


@probe(RAW)
def raw_move(mine: Target, theirs: Target) -> bool:
    return execute("UPDATE inventory_brand SET business_id = %s", theirs.business.pk)


@probe(RAW)
def raw_remove(mine: Target, theirs: Target) -> bool:
    return execute("DELETE FROM inventory_brand WHERE business_id = %s", theirs.business.pk)


@probe(RAW)
def raw_insert(mine: Target, theirs: Target) -> bool:
    return plant(theirs.business, None)


@probe()
def raw_reference(mine: Target, theirs: Target) -> bool:
    """Wall 3 alone: the row is ours, and refers to theirs."""
    return plant(mine.business, theirs.category.pk)


@probe(RAW, POSTGRES)
def copy_out(mine: Target, theirs: Target) -> bool:
    sql = "COPY (SELECT business_id FROM inventory_product) TO STDOUT"
    with connection.cursor() as cursor, cursor.copy(sql) as rows:
        found = b"".join(bytes(row) for row in rows)
    return str(theirs.business.pk) in found.decode().split()


@probe(RAW, POSTGRES)
def copy_in(mine: Target, theirs: Target) -> bool:
    with connection.cursor() as cursor:
        columns = "id, business_id, name, description, is_active"
        with cursor.copy(f"COPY inventory_brand ({columns}) FROM STDIN") as rows:
            rows.write_row((uuid7(), theirs.business.pk, "planted", "", True))
    return True


@probe(RAW, POSTGRES)
def change_the_policy_for_the_session(mine: Target, theirs: Target) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL row_security = off")
    return execute(
        "SELECT count(*) FROM inventory_product WHERE business_id = %s", theirs.business.pk
    )
