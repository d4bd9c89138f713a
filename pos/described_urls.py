"""What the description of the API describes: the endpoints of devices, and how to become one."""

from django.urls import include, path

urlpatterns = [
    path("", include("sales.open_api_urls")),
    path("", include("pos.device_urls")),
]
