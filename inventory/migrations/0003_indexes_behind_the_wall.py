"""Indexes that row-level security lets the planner use.

Under a policy, a condition goes into an index only when its function is marked leakproof. LIKE and
upper() are not: the indexes of 0002 were read for the business alone, or not at all. The operators
of text_pattern_ops on the bare column are.
"""

from django.db import migrations

BEFORE = {
    "variation_search": "inventory_variation USING gin (business_id, search_text gin_trgm_ops)",
    "variation_sku_prefix": "inventory_variation (business_id, upper(sku) text_pattern_ops)",
    "barcode_prefix": "inventory_barcode (business_id, upper(code) text_pattern_ops)",
}
AFTER = {
    "variation_sku_prefix": "inventory_variation (business_id, sku text_pattern_ops)",
    "barcode_prefix": "inventory_barcode (business_id, code text_pattern_ops)",
}


def replace(schema_editor, old, new):
    if schema_editor.connection.vendor != "postgresql":
        return
    for name in old:
        schema_editor.execute(f"DROP INDEX {name}")
    for name, columns in new.items():
        schema_editor.execute(f"CREATE INDEX {name} ON {columns}")


def forwards(apps, schema_editor):
    replace(schema_editor, BEFORE, AFTER)


def backwards(apps, schema_editor):
    replace(schema_editor, AFTER, BEFORE)


class Migration(migrations.Migration):
    dependencies = [("inventory", "0002_search_indexes")]

    operations = [migrations.RunPython(forwards, backwards)]
