"""Indexes to find what changed, made beside the tills at work, so without a transaction."""

from django.db import migrations, models

from tenants.indexes import AddIndexBeside

NAMES = {
    "product": "product_changed",
    "variation": "variation_changed",
    "barcode": "barcode_changed",
    "locationprice": "location_price_changed",
    "stockmovement": "stock_movement_changed",
}


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inventory", "0005_what_changed")]

    operations = [
        AddIndexBeside(table, models.Index(fields=["business", "changed", "id"], name=name))
        for table, name in NAMES.items()
    ]
