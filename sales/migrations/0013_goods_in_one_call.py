"""What a terminal looks up and searches in one call, on PostgreSQL."""

from django.db import migrations

from tenants.functions import InstallFunction


class Migration(migrations.Migration):
    # The columns that it reads, and the search that it calls, are these apps'.
    dependencies = [
        ("sales", "0012_reading_in_one_call"),
        ("accounts", "0005_caller_in_one_call"),
        ("inventory", "0008_searching_in_one_call"),
        ("tenants", "0003_sealed_references"),
    ]

    operations = [InstallFunction("sales/sql/sales_items_v1.sql")]
