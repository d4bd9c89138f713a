"""Stock of one document in one call that finds each row by its key, on PostgreSQL."""

from django.db import migrations

from tenants.functions import InstallFunction


class Migration(migrations.Migration):
    dependencies = [("inventory", "0008_searching_in_one_call")]

    operations = [InstallFunction("inventory/sql/inventory_post_v2.sql")]
