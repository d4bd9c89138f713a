"""Addresses inside a business, mounted at `/b/<slug>/` by tenants.middleware."""

from django.contrib import admin
from django.urls import include, path

admin.autodiscover()

urlpatterns = [
    path("", include("reports.urls")),
    path("", include("sales.urls")),
    path("", include("inventory.urls")),
    path("", include("purchasing.urls")),
    path("", include("accounts.urls")),
    path("", include("archive.urls")),
    path("", include("webhooks.urls")),
    path("", include("metering.urls")),
    path("api/v1/", include("pos.api_urls")),
    path("admin/", admin.site.urls),
]

handler400 = "pos.views.bad_request"
handler403 = "pos.views.permission_denied"
handler404 = "pos.views.not_found"
handler500 = "pos.views.server_error"
