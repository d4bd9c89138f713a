"""Pages of the devices that are connected to registers."""

from django.urls import path

from sales.views import devices

urlpatterns = [
    path("devices/", devices.device_list, name="device_list"),
    path("devices/new/", devices.device_create, name="device_create"),
    path("devices/<uuid:pk>/revoke/", devices.device_revoke, name="device_revoke"),
]
