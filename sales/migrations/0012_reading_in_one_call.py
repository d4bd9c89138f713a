"""All that an ordinary sale at a terminal needs to know in one call, on PostgreSQL."""

from django.db import migrations

from tenants.functions import InstallFunction


class Migration(migrations.Migration):
    # The columns that it reads are these apps'.
    dependencies = [
        ("sales", "0011_posting_in_one_call"),
        ("accounts", "0005_caller_in_one_call"),
        ("inventory", "0007_posting_in_one_call"),
        ("tenants", "0003_sealed_references"),
    ]

    operations = [InstallFunction("sales/sql/sales_open_v1.sql")]
