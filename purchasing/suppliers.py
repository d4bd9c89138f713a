"""Which suppliers a list shows."""

from __future__ import annotations

from django.db.models import QuerySet

from purchasing.models import Supplier


def find_suppliers(text: str) -> QuerySet[Supplier]:
    """Those with this in their names, in use or not; all of them for no text."""
    suppliers: QuerySet[Supplier] = Supplier.objects.all()
    return suppliers.filter(name__icontains=text) if text else suppliers
