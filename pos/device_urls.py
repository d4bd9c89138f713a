"""Addresses for a device with a token: the API alone. The token says which business."""

from django.urls import include, path

urlpatterns = [path("api/v1/", include("pos.api_urls"))]

handler400 = "pos.views.bad_request"
handler403 = "pos.views.permission_denied"
handler404 = "pos.views.not_found"
handler500 = "pos.views.server_error"
