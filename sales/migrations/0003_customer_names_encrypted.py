"""The columns for encrypted names of customers, and the table that they are found by.

The column of the name only gets wider, without being written anew. The index over it goes: it cannot
put in order what is encrypted, and the release before does without it. 0004 encrypts the rows.
"""

import django.db.models.deletion
import tenants.constraints
import tenants.encryption
import tenants.models
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sales', '0002_history_and_credit'),
        ('tenants', '0001_initial'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='customer',
            name='customer_by_name',
        ),
        migrations.AlterField(
            model_name='customer',
            name='name',
            field=tenants.encryption.EncryptedTextField(max_length=200, verbose_name='name'),
        ),
        migrations.AlterModelOptions(
            name='customer',
            options={'base_manager_name': 'objects', 'default_manager_name': 'objects', 'ordering': ('-created_at', '-id'), 'verbose_name': 'customer', 'verbose_name_plural': 'customers'},
        ),
        migrations.AddIndex(
            model_name='customer',
            index=models.Index(fields=['business', '-created_at', '-id'], name='customer_newest'),
        ),
        migrations.CreateModel(
            name='CustomerNameHash',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('hash', models.BigIntegerField()),
                ('business', models.ForeignKey(db_constraint=False, db_index=False, editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.business')),
                ('customer', tenants.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='name_hashes', to='sales.customer')),
            ],
            options={
                'abstract': False,
                'base_manager_name': 'objects',
                'default_manager_name': 'objects',
                'indexes': [models.Index(fields=['business', 'customer'], name='customer_name_hash_of')],
                'constraints': [models.UniqueConstraint(fields=('business', 'id'), name='customer_name_hash_key'), tenants.constraints.RowLevelSecurity(name='customer_name_hash_wall'), tenants.constraints.TenantReference(field='customer', name='customer_name_hash_customer_ref'), models.UniqueConstraint(fields=('business', 'hash', 'customer'), name='customer_name_hash_once')],
            },
        ),
    ]
