"""The index to find a device by its next token, made beside the doors at work, so without a transaction."""

from django.db import migrations, models

from tenants.indexes import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0003_devices_and_operators")]

    operations = [
        AddIndexBeside(
            "device",
            models.Index(
                fields=["next_token_hash"],
                condition=models.Q(next_token_hash__isnull=False),
                name="device_next_token",
            ),
        )
    ]
