"""Stock of one document in one call, on PostgreSQL."""

from django.db import migrations

from tenants.functions import InstallFunction


class Migration(migrations.Migration):
    dependencies = [("inventory", "0006_what_changed_indexes")]

    operations = [InstallFunction("inventory/sql/inventory_post_v1.sql")]
