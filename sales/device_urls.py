"""Pages of the devices that are connected to registers, and of programs with a key."""

from django.urls import path

from sales.views import devices, pairing, programs

urlpatterns = [
    path("devices/", devices.device_list, name="device_list"),
    path("devices/new/", pairing.device_create, name="device_create"),
    path("devices/programs/new/", programs.program_create, name="program_create"),
    path("devices/<uuid:pk>/", devices.device_detail, name="device_detail"),
    path("devices/<uuid:pk>/roll/", devices.device_roll, name="device_roll"),
    path("devices/<uuid:pk>/revoke/", devices.device_revoke, name="device_revoke"),
    path("pairings/<uuid:pk>/", pairing.pairing_state, name="pairing_state"),
]
