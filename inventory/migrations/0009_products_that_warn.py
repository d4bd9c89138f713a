"""An index of the products that warn of low stock, made beside the tills at work."""

from django.db import migrations, models

from tenants.indexes import AddIndexBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("inventory", "0008_searching_in_one_call")]

    operations = [
        AddIndexBeside(
            "product",
            models.Index(
                fields=["business", "id"],
                condition=models.Q(alert_quantity__isnull=False),
                name="product_that_warns",
            ),
        )
    ]
