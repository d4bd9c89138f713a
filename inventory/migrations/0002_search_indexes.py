"""Indexes for exact code, prefix and word search; PostgreSQL only, SQLite scans its small tables."""

from django.db import migrations

INDEXES = {
    "variation_search": "inventory_variation USING gin (business_id, search_text gin_trgm_ops)",
    "variation_sku_prefix": "inventory_variation (business_id, upper(sku) text_pattern_ops)",
    "barcode_prefix": "inventory_barcode (business_id, upper(code) text_pattern_ops)",
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
