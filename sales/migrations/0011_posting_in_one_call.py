"""A document with all that belongs to it in one call, on PostgreSQL."""

from django.db import migrations

from tenants.functions import InstallFunction


class Migration(migrations.Migration):
    # The columns that it writes are these apps'.
    dependencies = [
        ("sales", "0010_cash_and_readings"),
        ("inventory", "0007_posting_in_one_call"),
        ("webhooks", "0001_webhooks"),
    ]

    operations = [InstallFunction("sales/sql/sales_post_v1.sql")]
