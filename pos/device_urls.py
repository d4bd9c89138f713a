"""Addresses for a device with a token: the API alone. The token says which business."""

from django.urls import include, path

urlpatterns = [path("api/v1/", include("pos.api_urls"))]

# What a terminal asks for most, and what answers it before the door where all is ordinary.
at_once = {
    ("POST", "/api/v1/sales"): "sales.api.at_once.sell",
    ("GET", "/api/v1/items"): "sales.api.items_at_once.search",
    ("GET", "/api/v1/items/lookup"): "sales.api.items_at_once.look_up",
}

handler400 = "pos.views.bad_request"
handler403 = "pos.views.permission_denied"
handler404 = "pos.views.not_found"
handler500 = "pos.views.server_error"
