"""Which transaction wrote a row last: a column that the database fills, without touching a row."""

from django.db import migrations

import tenants.fields

TABLES = ("product", "variation", "barcode", "locationprice", "stockmovement")


class Migration(migrations.Migration):
    dependencies = [("inventory", "0004_picture_files")]

    operations = [
        migrations.AddField(table, "changed", tenants.fields.changed_field()) for table in TABLES
    ]
