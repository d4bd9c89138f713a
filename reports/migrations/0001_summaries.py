"""Tables for sums of what was sold, and how far each register is in them.

The release before neither reads nor writes them: what it sells is folded later.
"""

import django.db.models.deletion
import tenants.constraints
import tenants.models
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('inventory', '0006_what_changed_indexes'),
        ('sales', '0010_cash_and_readings'),
        ('tenants', '0003_sealed_references'),
    ]

    operations = [
        migrations.CreateModel(
            name='DaySummary',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('business_date', models.DateField()),
                ('documents', models.BigIntegerField()),
                ('sales', models.BigIntegerField()),
                ('voids', models.BigIntegerField()),
                ('refunds', models.BigIntegerField()),
                ('exchanges', models.BigIntegerField()),
                ('total', models.DecimalField(decimal_places=4, max_digits=30)),
                ('business', models.ForeignKey(db_constraint=False, db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.business')),
                ('location', tenants.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.location')),
            ],
            options={
                'verbose_name': "day's summary",
                'verbose_name_plural': "days' summaries",
                'abstract': False,
                'base_manager_name': 'objects',
                'default_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('business', 'id'), name='day_summary_key'), tenants.constraints.RowLevelSecurity(name='day_summary_wall'), tenants.constraints.TenantReference(field='location', name='day_summary_location_ref'), models.UniqueConstraint(fields=('business', 'business_date', 'location'), name='day_summary_once')],
            },
        ),
        migrations.CreateModel(
            name='ProductDay',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('lines', models.BigIntegerField()),
                ('quantity', models.DecimalField(decimal_places=4, max_digits=30)),
                ('revenue', models.DecimalField(decimal_places=4, max_digits=30)),
                ('net', models.DecimalField(decimal_places=4, max_digits=30)),
                ('cost', models.DecimalField(decimal_places=8, max_digits=42)),
                ('business_date', models.DateField()),
                ('business', models.ForeignKey(db_constraint=False, db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.business')),
                ('location', tenants.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.location')),
                ('variation', tenants.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.variation')),
            ],
            options={
                'verbose_name': "product's day",
                'verbose_name_plural': "products' days",
                'abstract': False,
                'base_manager_name': 'objects',
                'default_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('business', 'id'), name='product_day_key'), tenants.constraints.RowLevelSecurity(name='product_day_wall'), tenants.constraints.TenantReference(field='location', name='product_day_location_ref'), tenants.constraints.TenantReference(field='variation', name='product_day_variation_ref'), models.UniqueConstraint(fields=('business', 'business_date', 'location', 'variation'), name='product_day_once')],
            },
        ),
        migrations.CreateModel(
            name='ProductMonth',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('lines', models.BigIntegerField()),
                ('quantity', models.DecimalField(decimal_places=4, max_digits=30)),
                ('revenue', models.DecimalField(decimal_places=4, max_digits=30)),
                ('net', models.DecimalField(decimal_places=4, max_digits=30)),
                ('cost', models.DecimalField(decimal_places=8, max_digits=42)),
                ('month', models.DateField()),
                ('business', models.ForeignKey(db_constraint=False, db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.business')),
                ('location', tenants.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.location')),
                ('variation', tenants.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='inventory.variation')),
            ],
            options={
                'verbose_name': "product's month",
                'verbose_name_plural': "products' months",
                'abstract': False,
                'base_manager_name': 'objects',
                'default_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('business', 'id'), name='product_month_key'), tenants.constraints.RowLevelSecurity(name='product_month_wall'), tenants.constraints.TenantReference(field='location', name='product_month_location_ref'), tenants.constraints.TenantReference(field='variation', name='product_month_variation_ref'), models.UniqueConstraint(fields=('business', 'month', 'location', 'variation'), name='product_month_once')],
            },
        ),
        migrations.CreateModel(
            name='RegisterMark',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('upto', models.PositiveBigIntegerField()),
                ('business', models.ForeignKey(db_constraint=False, db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.business')),
                ('register', tenants.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='sales.register')),
            ],
            options={
                'verbose_name': 'mark of summaries',
                'verbose_name_plural': 'marks of summaries',
                'abstract': False,
                'base_manager_name': 'objects',
                'default_manager_name': 'objects',
                'constraints': [models.UniqueConstraint(fields=('business', 'id'), name='register_mark_key'), tenants.constraints.RowLevelSecurity(name='register_mark_wall'), tenants.constraints.TenantReference(field='register', name='register_mark_register_ref'), models.UniqueConstraint(fields=('business', 'register'), name='register_mark_once')],
            },
        ),
    ]
