"""The search in one call, on PostgreSQL."""

from django.db import migrations

from tenants.functions import InstallFunction


class Migration(migrations.Migration):
    dependencies = [("inventory", "0007_posting_in_one_call")]

    operations = [
        InstallFunction("inventory/sql/inventory_offered_v1.sql"),
        InstallFunction("inventory/sql/inventory_find_v1.sql"),
    ]
