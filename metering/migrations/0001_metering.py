"""Limits of keys, their requests by day, and the ledger of API credits.

The release before counts nothing: to it nothing has changed.
"""

import django.db.models.deletion
import django.utils.timezone
import tenants.constraints
import tenants.models
from django.conf import settings
from django.db import migrations, models


# Nobody grants what they do not hold: without this no owner could ever see it.
GRANT = (
    "UPDATE accounts_role SET permissions = permissions || '[\"api_use.view\", \"api_use.limit\"]'::jsonb"
    " WHERE permissions @> '[\"device.create\"]' AND NOT permissions @> '[\"api_use.view\"]'"
)


def grant(apps, schema_editor):
    """Roles that make keys may see what these use, and limit it."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(GRANT)
        return
    roles = apps.get_model("accounts", "Role").objects.using(schema_editor.connection.alias)
    for role in roles.all():
        held = set(role.permissions)
        if "device.create" in held and "api_use.view" not in held:
            role.permissions = sorted({*held, "api_use.view", "api_use.limit"})
            role.save(update_fields=["permissions"])


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0004_next_tokens'),
        ('tenants', '0003_sealed_references'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ApiAccount',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('balance', models.BigIntegerField(verbose_name='in the ledger')),
                ('pending', models.PositiveBigIntegerField(verbose_name='used since')),
                ('entries_made', models.PositiveBigIntegerField(editable=False)),
                ('business', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.business')),
            ],
            options={
                'verbose_name': 'API credits',
                'verbose_name_plural': 'API credits',
                'abstract': False,
                'base_manager_name': 'objects',
                'default_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='ApiEntry',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('number', models.PositiveBigIntegerField(verbose_name='number')),
                ('kind', models.CharField(choices=[('granted', 'Granted'), ('bought', 'Bought'), ('used', 'Used'), ('corrected', 'Corrected')], max_length=10, verbose_name='kind')),
                ('amount', models.BigIntegerField(verbose_name='credits')),
                ('balance', models.BigIntegerField(verbose_name='balance')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='reason')),
                ('reference', models.CharField(blank=True, max_length=80, verbose_name='reference')),
                ('day', models.DateField(blank=True, null=True, verbose_name='day')),
                ('upto', models.PositiveBigIntegerField(editable=False, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='time')),
                ('account', tenants.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='metering.apiaccount')),
                ('actor', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
                ('business', models.ForeignKey(db_constraint=False, db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.business')),
                ('device', tenants.models.TenantForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.device', verbose_name='key')),
            ],
            options={
                'verbose_name': 'entry of API credits',
                'verbose_name_plural': 'entries of API credits',
                'abstract': False,
                'base_manager_name': 'objects',
                'default_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='KeyDay',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('day', models.DateField(verbose_name='day')),
                ('count', models.PositiveBigIntegerField(verbose_name='requests')),
                ('charged', models.PositiveBigIntegerField(verbose_name='for credits')),
                ('folded', models.PositiveBigIntegerField(verbose_name='in the ledger')),
                ('refused', models.PositiveBigIntegerField(verbose_name='refused')),
                ('business', models.ForeignKey(db_constraint=False, db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.business')),
                ('device', tenants.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='days', to='accounts.device', verbose_name='key')),
            ],
            options={
                'verbose_name': 'requests of a day',
                'verbose_name_plural': 'requests by day',
                'abstract': False,
                'base_manager_name': 'objects',
                'default_manager_name': 'objects',
            },
        ),
        migrations.CreateModel(
            name='KeyLimit',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('per_day', models.PositiveBigIntegerField(null=True, verbose_name='requests a day')),
                ('per_month', models.PositiveBigIntegerField(null=True, verbose_name='requests a month')),
                ('business', models.ForeignKey(db_constraint=False, db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.business')),
                ('device', tenants.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='limits', to='accounts.device', verbose_name='key')),
            ],
            options={
                'verbose_name': 'limit of a key',
                'verbose_name_plural': 'limits of keys',
                'abstract': False,
                'base_manager_name': 'objects',
                'default_manager_name': 'objects',
            },
        ),
        migrations.AddConstraint(
            model_name='apiaccount',
            constraint=models.UniqueConstraint(fields=('business', 'id'), name='api_account_key'),
        ),
        migrations.AddConstraint(
            model_name='apiaccount',
            constraint=tenants.constraints.RowLevelSecurity(name='api_account_wall', open_when_unbound=True),
        ),
        migrations.AddConstraint(
            model_name='apiaccount',
            constraint=models.UniqueConstraint(fields=('business',), name='api_account_once'),
        ),
        migrations.AddConstraint(
            model_name='apientry',
            constraint=models.UniqueConstraint(fields=('business', 'id'), name='api_entry_key'),
        ),
        migrations.AddConstraint(
            model_name='apientry',
            constraint=tenants.constraints.RowLevelSecurity(name='api_entry_wall'),
        ),
        migrations.AddConstraint(
            model_name='apientry',
            constraint=tenants.constraints.TenantReference(field='account', name='api_entry_account_ref'),
        ),
        migrations.AddConstraint(
            model_name='apientry',
            constraint=tenants.constraints.TenantReference(field='device', name='api_entry_device_ref'),
        ),
        migrations.AddConstraint(
            model_name='apientry',
            constraint=models.UniqueConstraint(fields=('business', 'number'), name='api_entry_number'),
        ),
        migrations.AddConstraint(
            model_name='apientry',
            constraint=models.UniqueConstraint(condition=models.Q(('reference', ''), _negated=True), fields=('business', 'reference'), name='api_entry_reference'),
        ),
        migrations.AddConstraint(
            model_name='apientry',
            constraint=models.UniqueConstraint(fields=('business', 'device', 'day', 'upto'), name='api_entry_used_once'),
        ),
        migrations.AddConstraint(
            model_name='apientry',
            constraint=models.CheckConstraint(condition=models.Q(('amount', 0), _negated=True), name='api_entry_not_nothing'),
        ),
        migrations.AddIndex(
            model_name='keyday',
            index=models.Index(fields=['business', 'day'], name='key_day_of_business'),
        ),
        migrations.AddIndex(
            model_name='keyday',
            index=models.Index(condition=models.Q(('charged__gt', models.F('folded'))), fields=['business', 'day'], name='key_day_due'),
        ),
        migrations.AddConstraint(
            model_name='keyday',
            constraint=models.UniqueConstraint(fields=('business', 'id'), name='key_day_key'),
        ),
        migrations.AddConstraint(
            model_name='keyday',
            constraint=tenants.constraints.RowLevelSecurity(name='key_day_wall', open_when_unbound=True),
        ),
        migrations.AddConstraint(
            model_name='keyday',
            constraint=tenants.constraints.TenantReference(field='device', name='key_day_device_ref'),
        ),
        migrations.AddConstraint(
            model_name='keyday',
            constraint=models.UniqueConstraint(fields=('business', 'device', 'day'), name='key_day_once'),
        ),
        migrations.AddConstraint(
            model_name='keyday',
            constraint=models.CheckConstraint(condition=models.Q(('folded__lte', models.F('charged')), ('charged__lte', models.F('count'))), name='key_day_in_order'),
        ),
        migrations.AddConstraint(
            model_name='keylimit',
            constraint=models.UniqueConstraint(fields=('business', 'id'), name='key_limit_key'),
        ),
        migrations.AddConstraint(
            model_name='keylimit',
            constraint=tenants.constraints.RowLevelSecurity(name='key_limit_wall', open_when_unbound=True),
        ),
        migrations.AddConstraint(
            model_name='keylimit',
            constraint=tenants.constraints.TenantReference(field='device', name='key_limit_device_ref'),
        ),
        migrations.AddConstraint(
            model_name='keylimit',
            constraint=models.UniqueConstraint(fields=('business', 'device'), name='key_limit_once'),
        ),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
