"""A sale opened and a document posted by functions that find each row by its key, on PostgreSQL."""

from django.db import migrations

from tenants.functions import InstallFunction


class Migration(migrations.Migration):
    dependencies = [
        ("sales", "0013_goods_in_one_call"),
        ("inventory", "0009_posting_by_keys"),
    ]

    operations = [
        InstallFunction("sales/sql/sales_open_v2.sql"),
        InstallFunction("sales/sql/sales_post_v2.sql"),
    ]
