"""Sums in tables of their own that hold whole numbers, and years beside days and months.

The release before goes on with its tables, which stay as they are: to it nothing has changed, also
when it comes back. What it and this one sell, each folds into its own tables, by marks of its own.
The old tables hold nothing back any more: what they refer to may go.
"""

import django.db.models.deletion
import tenants.constraints
import tenants.models
from django.db import migrations, models

OLD = {
    'DaySummary': ['day_summary_location_ref'],
    'ProductDay': ['product_day_location_ref', 'product_day_variation_ref'],
    'ProductMonth': ['product_month_location_ref', 'product_month_variation_ref'],
    'RegisterMark': ['register_mark_register_ref'],
}
FORGOTTEN = (
    'DELETE FROM reports_daysummary',
    'DELETE FROM reports_productday',
    'DELETE FROM reports_productmonth',
    'DELETE FROM reports_registermark',
)


def forget(apps, schema_editor):
    """On the way back: what the old tables refer to may be gone. They are derived, and are folded anew."""
    for statement in FORGOTTEN:
        schema_editor.execute(statement)


def reference(to):
    return tenants.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=to)


def business():
    return models.ForeignKey(db_constraint=False, db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.business')


def options(table, words, once, references):
    return {
        'verbose_name': words[0],
        'verbose_name_plural': words[1],
        'abstract': False,
        'base_manager_name': 'objects',
        'default_manager_name': 'objects',
        'constraints': [
            models.UniqueConstraint(fields=('business', 'id'), name=f'{table}_key'),
            tenants.constraints.RowLevelSecurity(name=f'{table}_wall'),
            *(tenants.constraints.TenantReference(field=field, name=f'{table}_{field}_ref') for field in references),
            models.UniqueConstraint(fields=once, name=f'{table}_once'),
        ],
    }


def of_products(name, table, words):
    return migrations.CreateModel(
        name=name,
        # What is of fixed width first, and the decimal last: then each is found without the others.
        fields=[
            ('id', models.BigAutoField(primary_key=True, serialize=False)),
            ('business', business()),
            ('location', reference('tenants.location')),
            ('variation', reference('inventory.variation')),
            ('begins', models.DateField()),
            ('lines', models.BigIntegerField()),
            ('quantity', models.BigIntegerField()),
            ('revenue', models.BigIntegerField()),
            ('net', models.BigIntegerField()),
            ('cost', models.DecimalField(decimal_places=8, max_digits=42)),
        ],
        options=options(table, words, ('business', 'begins', 'location', 'variation'), ['location', 'variation']),
    )


class Migration(migrations.Migration):

    dependencies = [
        ('inventory', '0010_levels_of_a_place'),
        ('reports', '0001_summaries'),
        ('sales', '0014_one_key_less'),
        ('tenants', '0003_sealed_references'),
    ]

    operations = [
        *(migrations.RemoveConstraint(model_name=name, name=one) for name, names in OLD.items() for one in names),
        migrations.RunPython(migrations.RunPython.noop, forget),
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.DeleteModel(name=name) for name in OLD],
        ),
        migrations.CreateModel(
            name='Mark',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('business', business()),
                ('register', reference('sales.register')),
                ('upto', models.PositiveBigIntegerField()),
            ],
            options=options('mark', ('mark of summaries', 'marks of summaries'), ('business', 'register'), ['register']),
        ),
        migrations.CreateModel(
            name='DaySum',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('business', business()),
                ('location', reference('tenants.location')),
                ('business_date', models.DateField()),
                ('documents', models.BigIntegerField()),
                ('sales', models.BigIntegerField()),
                ('voids', models.BigIntegerField()),
                ('refunds', models.BigIntegerField()),
                ('exchanges', models.BigIntegerField()),
                ('total', models.BigIntegerField()),
            ],
            options=options('day_sum', ("day's summary", "days' summaries"), ('business', 'business_date', 'location'), ['location']),
        ),
        of_products('ProductDaySum', 'product_day_sum', ("product's day", "products' days")),
        of_products('ProductMonthSum', 'product_month_sum', ("product's month", "products' months")),
        of_products('ProductYearSum', 'product_year_sum', ("product's year", "products' years")),
    ]
