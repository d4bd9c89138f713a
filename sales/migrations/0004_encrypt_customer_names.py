"""Encrypts the names and notes of customers, and takes their names out of the audit log.

A few hundred rows at a time, each in a transaction of its own: tills go on selling, and after a break
it goes on with what is left. The release before this one goes on serving meanwhile, with blemishes
until it is replaced: where a row is encrypted it shows the token for the name, and does not find the
customer by it; it sells and prints. What it writes is in clear, which this release reads as it
stands; `manage.py rotate_encryption_key` encrypts that, and `manage.py verify_data` tells of it.

To go back to the release before, migrate back to 0002 first: it would show tokens. As SQL for a
person (`manage.py migration_sql`) rows cannot be encrypted: `rotate_encryption_key` does it then.
"""

from django.db import migrations, transaction
from django.db.models import ExpressionWrapper, F, TextField, Value

from sales.names import name_hashes
from tenants.encryption import decrypt, encrypt, is_token

BATCH = 500
TELL = (
    "DO $$ BEGIN RAISE NOTICE"
    " 'Now encrypt the names of customers: manage.py rotate_encryption_key'; END $$"
)


def _pieces(rows):
    last = None
    while True:
        found = list((rows if last is None else rows.filter(pk__gt=last)).order_by("pk")[:BATCH])
        if found:
            yield found
        if len(found) < BATCH:
            return
        last = found[-1].pk


def _stored(column):
    """The column as it is in the database."""
    return ExpressionWrapper(F(column), output_field=TextField())


def encrypt_names(apps, schema_editor):
    if schema_editor.collect_sql:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(TELL)
        return
    alias = schema_editor.connection.alias
    customers = apps.get_model("sales", "Customer").objects.using(alias)
    CustomerNameHash = apps.get_model("sales", "CustomerNameHash")
    hashes = CustomerNameHash.objects.using(alias)
    for piece in _pieces(customers.annotate(stored=_stored("name")).only("id")):
        keys = [row.pk for row in piece if not is_token(row.stored)]
        with transaction.atomic(using=alias):
            rows = list(customers.select_for_update().filter(pk__in=keys).order_by("pk"))
            for row in rows:
                # In the state of migrations the note is a column like any other.
                row.note = row.note if is_token(row.note) else encrypt(row.note)
            customers.bulk_update(rows, ["name", "note"], batch_size=BATCH)
            hashes.filter(customer__in=keys).delete()
            hashes.bulk_create(
                CustomerNameHash(business_id=row.business_id, customer_id=row.pk, hash=one)
                for row in rows
                for one in sorted(name_hashes(row.name, row.business_id))
            )
    _forget_in_log(apps, alias)


def _forget_in_log(apps, alias):
    entries = apps.get_model("accounts", "AuditEntry").objects.using(alias)
    for piece in _pieces(entries.filter(object_type="customer").exclude(object_text="")):
        for entry in piece:
            entry.object_text = ""
            for name in {"name", "note"} & entry.changes.keys():
                entry.changes[name] = ["***" if one else "" for one in entry.changes[name]]
        entries.bulk_update(piece, ["object_text", "changes"], batch_size=BATCH)


def decrypt_names(apps, schema_editor):
    """The names as the release before has them; the audit log stays without."""
    if schema_editor.collect_sql:
        return
    alias = schema_editor.connection.alias
    customers = apps.get_model("sales", "Customer").objects.using(alias)
    for piece in _pieces(customers.only("id")):
        with transaction.atomic(using=alias):
            rows = list(customers.select_for_update().filter(pk__in=[row.pk for row in piece]))
            for row in rows:
                row.note = decrypt(row.note) if is_token(row.note) else row.note
                # Past the field, which would encrypt it again.
                row.name = Value(row.name, output_field=TextField())
            customers.bulk_update(rows, ["name", "note"], batch_size=BATCH)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("accounts", "0002_ended_sessions"),
        ("sales", "0003_customer_names_encrypted"),
    ]

    operations = [migrations.RunPython(encrypt_names, decrypt_names)]
