"""Triggers that tell what changed, on PostgreSQL. On SQLite `sync/triggers.py` makes them.

None runs when rows are inserted into the large tables, and none at all while something is sold:
there a default of the column is enough. Functions run as whoever writes, so row-level security
binds them too.
"""

from django.db import migrations

# Rows with a column of their own: updates number them, removals leave a mark.
STAMPED = {
    "inventory_product": "products",
    "inventory_variation": "variations",
    "inventory_barcode": "barcodes",
    "inventory_locationprice": None,
    "inventory_stockmovement": None,
}
# Rows of small tables: each change leaves a mark.
MARKED = {
    "inventory_taxrate": "tax_rates",
    "inventory_unit": "units",
    "inventory_category": "categories",
    "inventory_brand": "brands",
    "sales_customer": "customers",
}
FUNCTIONS = {
    "sync_stamp": """
  NEW.changed := pg_current_xact_id()::text::bigint;
  RETURN NEW;
""",
    "sync_mark_rows": """
  INSERT INTO sync_mark (business_id, kind, object_id)
  SELECT business_id, TG_ARGV[0], id FROM touched;
  RETURN NULL;
""",
    # A price and a level are known by their variation, at their location.
    "sync_mark_places": """
  INSERT INTO sync_mark (business_id, kind, object_id, location_id)
  SELECT business_id, TG_ARGV[0], variation_id, location_id FROM touched;
  RETURN NULL;
""",
    "sync_mark_moved": """
  INSERT INTO sync_mark (business_id, kind, object_id, location_id)
  VALUES (OLD.business_id, TG_ARGV[0], OLD.variation_id, OLD.location_id);
  RETURN NULL;
""",
    # Movements go when an import of history is taken back: their levels are not what they were.
    "sync_mark_levels": """
  INSERT INTO sync_mark (business_id, kind, object_id, location_id)
  SELECT DISTINCT level.business_id, 'stock', level.variation_id, level.location_id
    FROM touched
    JOIN inventory_stocklevel level
      ON level.business_id = touched.business_id AND level.id = touched.level_id;
  RETURN NULL;
""",
}


def statements():
    """(what makes it, what takes it back) in order."""
    for name, body in FUNCTIONS.items():
        yield (
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN{body}END\n$$",
            f"DROP FUNCTION {name}()",
        )
    for table, kind in STAMPED.items():
        yield _trigger("sync_stamp", table, "BEFORE UPDATE", "ROW", "sync_stamp()")
        if kind is not None:
            yield _gone(table, f"sync_mark_rows('{kind}')")
    yield _gone("inventory_locationprice", "sync_mark_places('prices')")
    yield _gone("inventory_stocklevel", "sync_mark_places('stock')")
    yield _gone("inventory_stockmovement", "sync_mark_levels()")
    for table, kind in (("inventory_locationprice", "prices"), ("inventory_stocklevel", "stock")):
        yield _trigger(
            "sync_moved",
            table,
            "AFTER UPDATE OF variation_id, location_id",
            "ROW WHEN ((OLD.variation_id, OLD.location_id) IS DISTINCT FROM"
            " (NEW.variation_id, NEW.location_id))",
            f"sync_mark_moved('{kind}')",
        )
    for table, kind in MARKED.items():
        call = f"sync_mark_rows('{kind}')"
        yield _trigger("sync_made", table, "AFTER INSERT", "STATEMENT", call, new=True)
        yield _trigger("sync_changed", table, "AFTER UPDATE", "STATEMENT", call, new=True)
        yield _gone(table, call)


def _gone(table, call):
    return _trigger("sync_gone", table, "AFTER DELETE", "STATEMENT", call, new=False)


def _trigger(name, table, when, each, call, new=None):
    rows = "" if new is None else f" REFERENCING {'NEW' if new else 'OLD'} TABLE AS touched"
    return (
        f"CREATE TRIGGER {name} {when} ON {table}{rows} FOR EACH {each} EXECUTE FUNCTION {call}",
        f"DROP TRIGGER {name} ON {table}",
    )


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for make, _take_back in statements():
            schema_editor.execute(make)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for _make, take_back in reversed(list(statements())):
            schema_editor.execute(take_back)


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0001_marks"),
        ("inventory", "0006_what_changed_indexes"),
        ("sales", "0001_initial"),
    ]

    operations = [migrations.RunPython(create, drop)]
