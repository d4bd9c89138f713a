"""Room for what older systems call a customer, encrypted; archive 0002 moves it there."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0002_sends_webhooks'),
    ]

    operations = [
        migrations.AddField(
            model_name='externalreference',
            name='sealed_id',
            field=models.TextField(blank=True, db_default='', default=''),
        ),
    ]
