"""Who stands at a terminal in one text, for functions of PostgreSQL."""

from django.db import migrations

from tenants.functions import InstallFunction


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_next_tokens"),
        ("tenants", "0003_sealed_references"),
    ]

    operations = [InstallFunction("accounts/sql/accounts_caller_v1.sql")]
