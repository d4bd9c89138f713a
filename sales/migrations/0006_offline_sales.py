"""Series of numbers that devices give, sales made offline, and the inbox of those to look at.

The unique key of a register's numbers is for those without a series; a series has its own. The release before writes no series: to it nothing
has changed.
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
        ('sales', '0005_refunds_and_exchanges'),
        ('tenants', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='NumberSeries',
            fields=[
                ('id', models.UUIDField(default=tenants.ids.uuid7, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=4, verbose_name='code')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'verbose_name': 'series of receipt numbers',
                'verbose_name_plural': 'series of receipt numbers',
                'ordering': ('code',),
                'abstract': False,
                'base_manager_name': 'objects',
                'default_manager_name': 'objects',
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
            ],
            options={
                'verbose_name': 'sale to review',
                'verbose_name_plural': 'sales to review',
                'ordering': ('-created_at', '-id'),
                'abstract': False,
                'base_manager_name': 'objects',
                'default_manager_name': 'objects',
            },
        ),
        migrations.RemoveConstraint(
            model_name='sale',
            name='sale_counter',
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
        migrations.AddConstraint(
            model_name='sale',
            constraint=models.UniqueConstraint(condition=models.Q(('series', '')), fields=('business', 'register', 'kind', 'counter'), name='sale_counter'),
        ),
        migrations.AddConstraint(
            model_name='sale',
            constraint=models.UniqueConstraint(condition=models.Q(('series', ''), _negated=True), fields=('business', 'series', 'counter'), name='sale_series_counter'),
        ),
        migrations.AddField(
            model_name='numberseries',
            name='business',
            field=models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.business'),
        ),
        migrations.AddField(
            model_name='numberseries',
            name='device',
            field=tenants.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='series', to='accounts.device', verbose_name='device'),
        ),
        migrations.AddField(
            model_name='numberseries',
            name='register',
            field=tenants.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='series', to='sales.register', verbose_name='register'),
        ),
        migrations.AddField(
            model_name='reviewitem',
            name='business',
            field=models.ForeignKey(db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.business'),
        ),
        migrations.AddField(
            model_name='reviewitem',
            name='device',
            field=tenants.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.device', verbose_name='device'),
        ),
        migrations.AddField(
            model_name='reviewitem',
            name='location',
            field=tenants.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.location', verbose_name='location'),
        ),
        migrations.AddField(
            model_name='reviewitem',
            name='operator',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='sold by'),
        ),
        migrations.AddField(
            model_name='reviewitem',
            name='register',
            field=tenants.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sales.register', verbose_name='register'),
        ),
        migrations.AddField(
            model_name='reviewitem',
            name='sale',
            field=tenants.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='sales.sale', verbose_name='sale'),
        ),
        migrations.AddField(
            model_name='reviewitem',
            name='settled_by',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='settled by'),
        ),
        migrations.AddIndex(
            model_name='numberseries',
            index=models.Index(fields=['business', 'device'], name='number_series_of_device'),
        ),
        migrations.AddConstraint(
            model_name='numberseries',
            constraint=models.UniqueConstraint(fields=('business', 'id'), name='number_series_key'),
        ),
        migrations.AddConstraint(
            model_name='numberseries',
            constraint=tenants.constraints.RowLevelSecurity(name='number_series_wall'),
        ),
        migrations.AddConstraint(
            model_name='numberseries',
            constraint=tenants.constraints.TenantReference(field='register', name='number_series_register_ref'),
        ),
        migrations.AddConstraint(
            model_name='numberseries',
            constraint=tenants.constraints.TenantReference(field='device', name='number_series_device_ref'),
        ),
        migrations.AddConstraint(
            model_name='numberseries',
            constraint=models.UniqueConstraint(fields=('business', 'code'), name='number_series_code'),
        ),
        migrations.AddIndex(
            model_name='reviewitem',
            index=models.Index(fields=['business', '-created_at', '-id'], name='review_newest'),
        ),
        migrations.AddIndex(
            model_name='reviewitem',
            index=models.Index(condition=models.Q(('settlement', '')), fields=['business', 'location'], name='review_open'),
        ),
        migrations.AddIndex(
            model_name='reviewitem',
            index=models.Index(condition=models.Q(('sale__isnull', False)), fields=['business', 'sale'], name='review_of_sale'),
        ),
        migrations.AddConstraint(
            model_name='reviewitem',
            constraint=models.UniqueConstraint(fields=('business', 'id'), name='review_item_key'),
        ),
        migrations.AddConstraint(
            model_name='reviewitem',
            constraint=tenants.constraints.RowLevelSecurity(name='review_item_wall'),
        ),
        migrations.AddConstraint(
            model_name='reviewitem',
            constraint=tenants.constraints.TenantReference(field='sale', name='review_item_sale_ref'),
        ),
        migrations.AddConstraint(
            model_name='reviewitem',
            constraint=tenants.constraints.TenantReference(field='location', name='review_item_location_ref'),
        ),
        migrations.AddConstraint(
            model_name='reviewitem',
            constraint=tenants.constraints.TenantReference(field='register', name='review_item_register_ref'),
        ),
        migrations.AddConstraint(
            model_name='reviewitem',
            constraint=tenants.constraints.TenantReference(field='device', name='review_item_device_ref'),
        ),
        migrations.AddConstraint(
            model_name='reviewitem',
            constraint=models.UniqueConstraint(fields=('business', 'request_id'), name='review_once'),
        ),
        migrations.AddConstraint(
            model_name='reviewitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('body__isnull', True), ('kind', 'remark'), ('sale__isnull', False)), models.Q(('body__isnull', False), ('kind', 'held'), ('sale', None)), models.Q(('body__isnull', False), ('kind', 'held'), ('sale__isnull', False), ('settlement', 'posted')), _connector='OR'), name='review_kind'),
        ),
        migrations.AddConstraint(
            model_name='reviewitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('settled_at', None), ('settled_by', None), ('settlement', '')), models.Q(('kind', 'remark'), ('settled_at__isnull', False), ('settlement', 'accepted')), models.Q(('kind', 'held'), ('sale__isnull', False), ('settled_at__isnull', False), ('settlement', 'posted')), models.Q(('kind', 'held'), ('sale', None), ('settled_at__isnull', False), ('settlement', 'closed')), _connector='OR'), name='review_settled'),
        ),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
