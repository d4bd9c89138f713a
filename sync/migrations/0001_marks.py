"""The tables of what has gone and of the epoch."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import tenants.constraints
import tenants.fields


class Migration(migrations.Migration):
    initial = True
    dependencies = [("tenants", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Mark",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=20)),
                ("object_id", models.UUIDField()),
                ("location_id", models.UUIDField(null=True)),
                ("changed", tenants.fields.changed_field()),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "business",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tenants.business",
                    ),
                ),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "default_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(fields=("business", "id"), name="sync_mark_key"),
                    tenants.constraints.RowLevelSecurity(name="sync_mark_wall"),
                ],
                "indexes": [
                    models.Index(fields=["business", "changed", "id"], name="sync_mark_changed")
                ],
            },
        ),
        migrations.CreateModel(
            name="Epoch",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("token", models.CharField(max_length=32)),
                ("clock", models.BigIntegerField(default=0)),
            ],
        ),
    ]
