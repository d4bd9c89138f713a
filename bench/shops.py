"""Shops to measure in: many small ones and a large one, in seconds.

A shop and its first product are made by the product's own functions; that product is then
multiplied, set by set, by statements that take every column that they do not name from it. So a
column more in a table needs no change here. Stock levels are the sums of their movements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql

STOCK = 1_000_000
_ADJECTIVES = """
antique broad classic curved deep eastern fine folded gentle glossy golden hollow jolly knotted
large light little loud matte modern narrow northern oaken painted plain polished quiet ribbed
round rustic sandy sharp smooth soft southern striped sturdy tall tiny woven
"""
_COLOURS = """
amber azure beige black blue bronze brown copper coral cream crimson emerald green grey indigo
ivory lilac maroon olive orange purple red teal white yellow
"""
_THINGS, _SHAPES = (
    "apron basket bottle bowl candle cushion jar kettle lamp mug",
    "box case cloth lid pair rack set stand tray",
)
ADJECTIVES, COLOURS = _ADJECTIVES.split(), _COLOURS.split()
NOUNS = [kind + shape for kind in _THINGS.split() for shape in ("", *_SHAPES.split())]

_UID = """
CREATE FUNCTION pg_temp.uid(kind bigint, business bigint, n bigint) RETURNS uuid
LANGUAGE sql IMMUTABLE AS $$
SELECT ('01990000-' || lpad(to_hex(business), 4, '0') || '-7' || lpad(to_hex(kind), 3, '0')
        || '-8000-' || lpad(to_hex(n), 12, '0'))::uuid $$
"""
PRODUCT, VARIATION, BARCODE, SALE, SHIFT, CUSTOMER = 1, 2, 3, 4, 5, 6
#: The SKU of the product that all others of a shop are copies of.
FIRST = "FIRST"


def uid(kind: int, business: int, n: int) -> str:
    """The id that the statements here give to the n-th of a kind. A UUID of version 7 by its form."""
    return f"01990000-{business:04x}-7{kind:03x}-8000-{n:012x}"


def price(n: int) -> Decimal:
    return Decimal(n % 9 + 1) + Decimal("0.50")


def words(n: int) -> tuple[str, str, str]:
    """The three words of the n-th product's name; no other of the first 100,000 has the same."""
    return (
        ADJECTIVES[n % 40],
        COLOURS[n // 40 % 25],
        NOUNS[(n * 37 + n // 1000) % 100],
    )


def code(n: int) -> str:
    return f"{n:013d}"


@dataclass
class Till:
    """One terminal: its token, its register, and which products of its shop it sells."""

    business: int
    token: str
    register: str
    first: int
    count: int
    sold: int = 0


@dataclass
class Shop:
    """A business with its products numbered 1 to `count`."""

    slug: str
    business: int
    location: str
    count: int
    owner: Any
    tills: list[Till] = field(default_factory=list)


def make_shops(
    sizes: Sequence[int], registers: Sequence[int], *, prefix: str = "bench"
) -> list[Shop]:
    """Businesses with one product each, and so many registers with a terminal and an open shift.

    `Till.first` and `count` part the products of the size that the shop will have among them.
    """
    from accounts.models import User

    owner = User(username=f"{prefix}-owner", email=f"{prefix}@example.com", name="Olive Owner")
    owner.set_unusable_password()
    owner.save()
    return [
        _shop(f"{prefix}-{n}", owner, size, tills)
        for n, (size, tills) in enumerate(zip(sizes, registers, strict=True))
    ]


def _shop(slug: str, owner: Any, size: int, registers: int) -> Shop:
    from django.db import transaction

    from accounts.models import Membership, Role
    from accounts.permissions import DEFAULT_ROLES
    from inventory.models import TaxRate, Unit
    from tenants.context import business
    from tenants.models import Location
    from tests.factories import make_business

    with transaction.atomic():
        company = make_business(slug)
    with business(company), transaction.atomic():
        place = Location.objects.create(code="HS", name="High Street")
        role = Role.objects.create(name="Owner", permissions=sorted(DEFAULT_ROLES["Owner"]))
        member = Membership.objects.create(user=owner, role=role, all_locations=True, is_owner=True)
        tax = TaxRate.objects.create(name="VAT 20%", rate=Decimal(20), is_default=True)
        piece = Unit.objects.create(name="Pieces", short_name="pc")
        return stocked(member, place, size, registers, tax_rate=tax, unit=piece)


def stocked(owner: Any, place: Any, size: int, registers: int, **product: Any) -> Shop:
    """The bound business with the first of so many products, and its terminals at this location;
    `product` is what all its products share."""
    from accounts.devices import create_device
    from inventory.ledger import set_opening
    from sales.models import Register
    from sales.shifts import open_shift
    from tests.factories import make_product

    user, company = owner.user, owner.business
    first = make_product("First of all", sku=FIRST, price="1.50", barcode="1" * 13, **product)
    set_opening(actor=user, location=place, quantities={first.pk: Decimal(STOCK)})
    shop = Shop(company.slug, company.pk, str(place.pk), size, user)
    for n in range(registers):
        device, token = create_device(
            actor=owner, membership=owner, location=place, name=f"Bench {n}"
        )
        register = Register.objects.create(
            name=f"Till {n}", location=place, prefix=f"T{n}", device=device
        )
        open_shift(actor=user, register=register, opening_float=Decimal(0))
        # One product is left over, the last: that which all sell when it is hot.
        each = (size - 1) // registers
        shop.tills.append(Till(company.pk, token, str(register.pk), 1 + n * each, each))
    return shop


def multiply(cursor: psycopg.Cursor[Any], table: str, given: Mapping[str, str], source: str) -> int:
    """Insert a copy of row `t` for each row that `source` (all behind FROM) finds, with the columns
    that are `given` as SQL. Numbers that a table gives by itself, and `changed`, are given anew.
    How many there were."""
    rows = cursor.execute(
        "SELECT column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER'"
        " AND is_identity = 'NO' AND column_name <> 'changed' ORDER BY ordinal_position",
        (table,),
    ).fetchall()
    names = [name for (name,) in rows]
    unknown = set(given) - set(names)
    if unknown:
        raise LookupError(f"{table} has no {', '.join(sorted(unknown))}")
    values = [
        sql.SQL(given[name]) if name in given else sql.Identifier("t", name) for name in names
    ]
    cursor.execute(
        sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, names)),
            sql.SQL(", ").join(values),
            sql.SQL(source),
        )
    )
    return cursor.rowcount


def as_superuser(url: str) -> psycopg.Connection[Any]:
    """A connection whose rows nobody checks one by one: what the statements here write is right as a
    whole, and is held against the rules by verify_data in the bench's tests."""
    connection = psycopg.connect(url)
    connection.execute("SET session_replication_role = replica")
    connection.execute(_UID)
    for name, values in (("adjectives", ADJECTIVES), ("colours", COLOURS), ("nouns", NOUNS)):
        quoted = ",".join(values)
        connection.execute(
            f"CREATE FUNCTION pg_temp.{name}(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS"
            f" $$ SELECT ('{{{quoted}}}'::text[])[n::int + 1] $$"
        )
    connection.commit()
    return connection


_NAME = (
    "pg_temp.adjectives(n % 40) || ' ' || pg_temp.colours(n / 40 % 25) || ' ' ||"
    " pg_temp.nouns((n * 37 + n / 1000) % 100)"
)
_SKU = "'SKU' || lpad(n::text, 6, '0')"
_CODE = "lpad(n::text, 13, '0')"
_TEXT = f"lower({_NAME} || ' ' || {_SKU}) || ' ' || {_CODE}"


def fill(url: str, shops: Sequence[Shop]) -> None:
    """Give each shop the rest of its products, with a barcode, words to be found by, and stock."""
    with as_superuser(url) as connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMP TABLE shop (business bigint PRIMARY KEY, top bigint, product uuid,"
            " variation uuid, level bigint) ON COMMIT DROP"
        )
        cursor.executemany(
            "INSERT INTO shop SELECT v.business_id, %s, v.product_id, v.id, l.id"
            " FROM inventory_variation v JOIN inventory_stocklevel l"
            " ON l.business_id = v.business_id AND l.variation_id = v.id"
            " WHERE v.business_id = %s AND v.sku = %s",
            [(one.count, one.business, FIRST) for one in shops],
        )

        def many(column: str = "variation_id", row: str = "variation") -> str:
            return (
                f"JOIN shop s ON s.business = t.business_id AND t.{column} = s.{row}"
                " CROSS JOIN LATERAL generate_series(1, s.top) n"
            )

        def key(kind: int) -> str:
            return f"pg_temp.uid({kind}, t.business_id, n)"

        cursor.execute("ANALYZE shop")
        multiply(
            cursor, "inventory_searchword",
            {"variation_id": key(VARIATION), "word": "w.word"},
            "(SELECT DISTINCT ON (business_id) * FROM inventory_searchword"
            " WHERE variation_id IN (SELECT variation FROM shop)) t " + many() +
            f" CROSS JOIN LATERAL (SELECT DISTINCT unnest(string_to_array({_TEXT}, ' ')) word) w",
        )  # fmt: skip
        multiply(
            cursor, "inventory_stocklevel", {"variation_id": key(VARIATION)},
            "inventory_stocklevel t " + many(),
        )  # fmt: skip
        cursor.execute("ANALYZE inventory_stocklevel")
        multiply(
            cursor, "inventory_stockmovement",
            {"level_id": "l.id", "line": "t.line + n"},
            f"inventory_stockmovement t {many('level_id', 'level')} JOIN inventory_stocklevel l"
            f" ON l.business_id = t.business_id AND l.variation_id = {key(VARIATION)}",
        )  # fmt: skip
        multiply(
            cursor, "inventory_barcode",
            {"id": key(BARCODE), "variation_id": key(VARIATION), "code": _CODE},
            "inventory_barcode t " + many(),
        )  # fmt: skip
        multiply(
            cursor, "inventory_variation",
            {"id": key(VARIATION), "product_id": key(PRODUCT), "sku": _SKU,
             "price": "n % 9 + 1.5", "search_text": _TEXT},
            "inventory_variation t " + many("id"),
        )  # fmt: skip
        multiply(
            cursor, "inventory_product", {"id": key(PRODUCT), "name": _NAME},
            "inventory_product t " + many("id", "product"),
        )  # fmt: skip
    settle(url)


def settle(url: str) -> None:
    """Statistics and visibility as autovacuum would have left them, and all of it on the disk."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("VACUUM (ANALYZE)")
        owner.execute("CHECKPOINT")
