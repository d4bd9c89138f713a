"""How many levels a business has at a location, for PostgreSQL's plans."""

from django.db import migrations

from tenants.indexes import TellWhose


class Migration(migrations.Migration):
    dependencies = [("inventory", "0009_products_that_warn")]

    operations = [TellWhose("stocklevel", "location", name="stock_level_of_place")]
