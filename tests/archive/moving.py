"""Changes to the file of the two stalls, and looks at what came of it."""

from collections.abc import Callable
from typing import Any

from django.apps import apps

from tenants import context
from tenants.models import Business, TenantModel
from tests.archive.exports import row

Change = Callable[[dict[str, Any]], object]


def put(table: str, row_id: int, **values: object) -> Change:
    return lambda export: row(export, table, row_id).update(values)


def ada() -> Any:
    return context.business(Business.objects.get(name="Ada's Stall"))


def cleo() -> Any:
    return context.business(Business.objects.get(name="Cleo's Stall"))


def everything() -> dict[str, int]:
    """How many rows each table holds, over all businesses."""
    counts = {}
    for model in apps.get_models():
        if not issubclass(model, TenantModel):
            counts[model.__name__] = model._default_manager.count()
            continue
        counts[model.__name__] = 0
        for company in Business.objects.all():
            with context.business(company):
                counts[model.__name__] += model.objects.count()
    return counts
