"""Addresses outside any business: signing in, choosing a business, health, the API's description."""

from django.urls import include, path

from accounts.access import public
from pos import reference, views

urlpatterns = [
    path("", views.home, name="home"),
    path("", include("monitoring.urls")),
    path("", include("accounts.platform_urls")),
    path("", include("metering.platform_urls")),
    path("", include("sales.open_api_urls")),
    path("api/v1/schema/", public(reference.schema), name="api_schema"),
    path("api/v1/docs/", public(reference.page), name="api_reference"),
]

handler400 = "pos.views.bad_request"
handler403 = "pos.views.permission_denied"
handler404 = "pos.views.not_found"
handler500 = "pos.views.server_error"
