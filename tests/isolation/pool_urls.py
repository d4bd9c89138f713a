"""The addresses of terminals, and one that tells what each wall shows."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.urls import include, path

from accounts.access import needs
from inventory.models import Product
from pos.device_urls import handler400, handler403, handler404, handler500


@needs()
def probe(request: HttpRequest) -> JsonResponse:
    """Whose products the ORM shows, and whose row-level security alone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT business_id FROM inventory_product")
        raw = [row[0] for row in cursor.fetchall()]
    return JsonResponse(
        {"orm": list(Product.objects.values_list("business_id", flat=True)), "raw": raw}
    )


urlpatterns = [path("api/v1/probe", probe), path("", include("pos.device_urls"))]

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]
