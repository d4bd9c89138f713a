"""Indexes for what begins with a text, on PostgreSQL.

Under a policy of row-level security a condition goes into an index only when its function is marked
leakproof. LIKE and upper() are not; the operators of text_pattern_ops on the bare column are.
SQLite compares text byte by byte anyway, and the unique keys serve it.
"""

from django.db import migrations

INDEXES = {
    "variation_sku_prefix": "inventory_variation (business_id, sku text_pattern_ops)",
    "barcode_prefix": "inventory_barcode (business_id, code text_pattern_ops)",
    "search_word_prefix": (
        "inventory_searchword (business_id, word text_pattern_ops) INCLUDE (variation_id)"
    ),
}


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name, columns in INDEXES.items():
            schema_editor.execute(f"CREATE INDEX {name} ON {columns}")


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name in INDEXES:
            schema_editor.execute(f"DROP INDEX {name}")


class Migration(migrations.Migration):
    dependencies = [("inventory", "0001_initial")]

    operations = [migrations.RunPython(create, drop)]
