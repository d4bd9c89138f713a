"""The API, version 1: the same for the browser's till and for devices."""

from django.urls import include, path

urlpatterns = [
    path("", include("sales.api_urls")),
    path("", include("inventory.api_urls")),
    path("", include("purchasing.api_urls")),
    path("", include("accounts.api_urls")),
    path("", include("sync.api_urls")),
    path("", include("metering.api_urls")),
]
