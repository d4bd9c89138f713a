"""Encrypts what older systems call customers, and why jobs failed, which may name customers.

A thousand rows at a time, each in a transaction of its own. The release before goes on serving; an
import that it makes meanwhile notes names in clear, which this release finds and
`manage.py rotate_encryption_key` encrypts. As SQL for a person rows cannot be encrypted: that command
does it then. Back in the release before, customers of an older import would not be found again:
migrate back to 0001 first.
"""

from django.db import migrations, transaction

from archive.remembered import SOURCE, TABLE, hashes
from tenants.encryption import decrypt, encrypt, is_token

BATCH = 1000


def _pieces(rows):
    last = None
    while True:
        found = list((rows if last is None else rows.filter(pk__gt=last)).order_by("pk")[:BATCH])
        if found:
            yield found
        if len(found) < BATCH:
            return
        last = found[-1].pk


def _names(apps, alias):
    rows = apps.get_model("tenants", "ExternalReference").objects.using(alias)
    return rows.filter(table=TABLE).exclude(source=SOURCE)


def encrypt_rows(apps, schema_editor):
    if schema_editor.collect_sql:
        return
    alias = schema_editor.connection.alias
    # In the state of migrations these columns are like any other.
    names = _names(apps, alias)
    for piece in _pieces(names.filter(sealed_id="")):
        for row in piece:
            row.sealed_id = encrypt(row.external_id)
            row.external_id = hashes(row.business_id, row.source, row.external_id)[0]
        with transaction.atomic(using=alias):
            names.bulk_update(piece, ["external_id", "sealed_id"], batch_size=BATCH)
    jobs = apps.get_model("archive", "Job").objects.using(alias)
    for piece in _pieces(jobs.exclude(message="").only("id", "message")):
        for row in piece:
            row.message = row.message if is_token(row.message) else encrypt(row.message)
        jobs.bulk_update(piece, ["message"], batch_size=BATCH)


def decrypt_rows(apps, schema_editor):
    if schema_editor.collect_sql:
        return
    alias = schema_editor.connection.alias
    names = _names(apps, alias)
    for piece in _pieces(names.exclude(sealed_id="")):
        for row in piece:
            row.external_id, row.sealed_id = decrypt(row.sealed_id), ""
        with transaction.atomic(using=alias):
            names.bulk_update(piece, ["external_id", "sealed_id"], batch_size=BATCH)
    jobs = apps.get_model("archive", "Job").objects.using(alias)
    for piece in _pieces(jobs.exclude(message="").only("id", "message")):
        for row in piece:
            row.message = decrypt(row.message) if is_token(row.message) else row.message
        jobs.bulk_update(piece, ["message"], batch_size=BATCH)


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("archive", "0001_initial"),
        ("tenants", "0003_sealed_references"),
    ]

    operations = [migrations.RunPython(encrypt_rows, decrypt_rows)]
