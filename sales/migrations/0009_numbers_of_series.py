"""A register's own numbers are unique among themselves, and those of a series among theirs.

The new keys are made beside the tills at work, so without a transaction; the old one goes last.
"""

from django.db import migrations, models

from tenants.indexes import AddConstraintBeside


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("sales", "0008_refund_index")]

    operations = [
        AddConstraintBeside(
            "sale",
            models.UniqueConstraint(
                fields=["business", "register", "kind", "counter"],
                condition=models.Q(series=""),
                name="sale_own_counter",
            ),
        ),
        AddConstraintBeside(
            "sale",
            models.UniqueConstraint(
                fields=["business", "series", "counter"],
                condition=~models.Q(series=""),
                name="sale_series_counter",
            ),
        ),
        migrations.RemoveConstraint("sale", "sale_counter"),
    ]
