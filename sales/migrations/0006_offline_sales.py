"""Series of numbers that devices give, sales made offline, and the inbox of those to look at.

The release before writes no series: to it nothing has changed.
"""

import django.db.models.deletion
import django.utils.timezone
import tenants.constraints
import tenants.ids
import tenants.models
from django.conf import settings
from django.db import migrations, models


# Nobody grants what they do not hold: without this no owner could ever look at the inbox.
GRANT = (
    "UPDATE accounts_role SET permissions = permissions || '[\"sell.review\"]'::jsonb"
    " WHERE permissions @> '[\"sell.void\"]' AND NOT permissions @> '[\"sell.review\"]'"
)


def grant(apps, schema_editor):
    """Roles that may void sales may settle those made offline."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(GRANT)
        return
    roles = apps.get_model("accounts", "Role").objects.using(schema_editor.connection.alias)
    for role in roles.all():
        held = set(role.permissions)
        if "sell.void" in held and "sell.review" not in held:
            role.permissions = sorted({*held, "sell.review"})
            role.save(update_fields=["permissions"])


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_ended_sessions'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ('sales', '0005_refunds_and_exchanges'),
        ('tenants', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='NumberSeries',
            fields=[
                ('id', models.UUIDField(default=tenants.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=4, verbose_name='code')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('business', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.business')),
                ('device', tenants.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='series', to='accounts.device', verbose_name='device')),
                ('register', tenants.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='series', to='sales.register', verbose_name='register')),
            ],
            options={
                'verbose_name': 'series of receipt numbers',
                'verbose_name_plural': 'series of receipt numbers',
                'ordering': ('code',),
                'abstract': False,
                'base_manager_name': 'objects',
                'default_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('business', 'id'), name='number_series_key'), tenants.constraints.RowLevelSecurity(name='number_series_wall'), tenants.constraints.TenantReference(field='register', name='number_series_register_ref'), tenants.constraints.TenantReference(field='device', name='number_series_device_ref'), models.UniqueConstraint(fields=('business', 'code'), name='number_series_code')],
                'indexes': [models.Index(fields=['business', 'device'], name='number_series_of_device')],
            },
        ),
        migrations.CreateModel(
            name='ReviewItem',
            fields=[
                ('id', models.UUIDField(default=tenants.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('remark', 'Recorded'), ('held', 'Held')], max_length=10, verbose_name='kind')),
                ('request_id', models.UUIDField(editable=False)),
                ('request_hash', models.CharField(editable=False, max_length=64)),
                ('number', models.CharField(blank=True, max_length=40, verbose_name='receipt')),
                ('series', models.CharField(blank=True, editable=False, max_length=4)),
                ('counter', models.PositiveBigIntegerField(editable=False, null=True)),
                ('sold_at', models.DateTimeField(verbose_name='time')),
                ('total', models.DecimalField(decimal_places=4, max_digits=18, null=True, verbose_name='total')),
                ('reasons', models.JSONField(default=list)),
                ('body', models.JSONField(editable=False, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='received')),
                ('settlement', models.CharField(blank=True, choices=[('accepted', 'Accepted'), ('posted', 'Recorded later'), ('closed', 'Closed without recording')], max_length=10, verbose_name='settled')),
                ('settled_at', models.DateTimeField(null=True, verbose_name='settled')),
                ('note', models.CharField(blank=True, max_length=500, verbose_name='note')),
                ('business', models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.business')),
                ('device', tenants.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.device', verbose_name='device')),
                ('location', tenants.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.location', verbose_name='location')),
                ('operator', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='sold by')),
                ('register', tenants.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sales.register', verbose_name='register')),
                ('sale', tenants.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='sales.sale', verbose_name='sale')),
                ('settled_by', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='settled by')),
            ],
            options={
                'verbose_name': 'sale to review',
                'verbose_name_plural': 'sales to review',
                'ordering': ('-created_at', '-id'),
                'abstract': False,
                'base_manager_name': 'objects',
                'default_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('business', 'id'), name='review_item_key'), tenants.constraints.RowLevelSecurity(name='review_item_wall'), tenants.constraints.TenantReference(field='sale', name='review_item_sale_ref'), tenants.constraints.TenantReference(field='location', name='review_item_location_ref'), tenants.constraints.TenantReference(field='register', name='review_item_register_ref'), tenants.constraints.TenantReference(field='device', name='review_item_device_ref'), models.UniqueConstraint(fields=('business', 'request_id'), name='review_once'), models.CheckConstraint(condition=models.Q(models.Q(('body__isnull', True), ('kind', 'remark'), ('sale__isnull', False)), models.Q(('body__isnull', False), ('kind', 'held'), ('sale', None)), models.Q(('body__isnull', False), ('kind', 'held'), ('sale__isnull', False), ('settlement', 'posted')), _connector='OR'), name='review_kind'), models.CheckConstraint(condition=models.Q(models.Q(('settled_at', None), ('settled_by', None), ('settlement', '')), models.Q(('kind', 'remark'), ('settled_at__isnull', False), ('settlement', 'accepted')), models.Q(('kind', 'held'), ('sale__isnull', False), ('settled_at__isnull', False), ('settlement', 'posted')), models.Q(('kind', 'held'), ('sale', None), ('settled_at__isnull', False), ('settlement', 'closed')), _connector='OR'), name='review_settled')],
                'indexes': [models.Index(fields=['business', '-created_at', '-id'], name='review_newest'), models.Index(condition=models.Q(('settlement', '')), fields=['business', 'location'], name='review_open'), models.Index(condition=models.Q(('sale__isnull', False)), fields=['business', 'sale'], name='review_of_sale')],
            },
        ),
        migrations.AddField(
            model_name='sale',
            name='is_offline',
            field=models.BooleanField(db_default=False, default=False, editable=False, verbose_name='made offline'),
        ),
        migrations.AddField(
            model_name='sale',
            name='series',
            field=models.CharField(blank=True, db_default='', default='', editable=False, max_length=4),
        ),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
