"""A sale's own key to its business goes: another one proves the same.

`sale_register_ref` holds (business_id, register_id) of every sale, neither of which may be NULL, to
a row of sales_register with the same business_id; and that row's business_id is held to a row of
tenants_business by a key of its own. So there is no sale without its business, as before, and a
business that has sales still cannot be deleted: its registers hold it.

The key was checked at every commit, with a lock on the row of the business that all tills of a shop
had to share.
"""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models


class DropKey(migrations.AlterField):
    """On PostgreSQL alone: SQLite would copy all sales for it, and may keep it.

    By its name, and not by looking for it: `migration_sql` writes this down for databases in which it
    is not made yet.
    """

    KEY = "sales_sale_business_id_8fbb49bc_fk_tenants_business_id"

    def database_forwards(self, app_label: str, editor: Any, before: Any, after: Any) -> None:
        if editor.connection.vendor == "postgresql":
            editor.execute(editor.sql_delete_fk % {"table": "sales_sale", "name": self.KEY})

    def database_backwards(self, app_label: str, editor: Any, before: Any, after: Any) -> None:
        if editor.connection.vendor == "postgresql":
            super().database_forwards(app_label, editor, before, after)


class Migration(migrations.Migration):
    dependencies = [
        ("sales", "0013_goods_in_one_call"),
        ("tenants", "0003_sealed_references"),
    ]

    operations = [
        DropKey(
            model_name="sale",
            name="business",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenants.business",
            ),
        )
    ]
