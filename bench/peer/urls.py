"""oscar's own addresses, for what its messages and redirects name, and the two that are measured."""

from django.apps import apps
from django.urls import include, path

from bench.peer.views import PlaceOrder, look_up, ready

urlpatterns = [
    path("ready", ready),
    path("lookup", look_up),
    path("orders", PlaceOrder.as_view()),
    path("", include(apps.get_app_config("oscar").urls[0])),
]
