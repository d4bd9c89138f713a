"""The index to find what came back of a sale, made beside the tills at work, so without a transaction."""

from django.db import migrations, models

from tenants.indexes import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("sales", "0007_pairing")]

    operations = [
        AddIndexBeside(
            "saleline",
            models.Index(
                fields=["business", "refunds"],
                condition=models.Q(refunds__isnull=False),
                name="sale_line_refunded",
            ),
        )
    ]
