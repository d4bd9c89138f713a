"""Pages of webhooks inside a business."""

from django.urls import path

from webhooks.views import deliveries, endpoints

urlpatterns = [
    path("webhooks/", endpoints.webhook_list, name="webhook_list"),
    path("webhooks/new/", endpoints.webhook_create, name="webhook_create"),
    path("webhooks/<uuid:endpoint_id>/", deliveries.webhook_detail, name="webhook_detail"),
    path("webhooks/<uuid:endpoint_id>/edit/", endpoints.webhook_edit, name="webhook_edit"),
    path("webhooks/<uuid:endpoint_id>/secret/", endpoints.webhook_secret, name="webhook_secret"),
    path("webhooks/<uuid:endpoint_id>/on/", endpoints.webhook_on, name="webhook_on"),
    path("webhooks/<uuid:endpoint_id>/off/", endpoints.webhook_off, name="webhook_off"),
    path("webhooks/<uuid:endpoint_id>/delete/", endpoints.webhook_delete, name="webhook_delete"),
    path("webhooks/<uuid:endpoint_id>/test/", deliveries.webhook_test, name="webhook_test"),
    path(
        "webhooks/deliveries/<uuid:delivery_id>/",
        deliveries.delivery_detail,
        name="delivery_detail",
    ),
    path(
        "webhooks/deliveries/<uuid:delivery_id>/repeat/",
        deliveries.delivery_repeat,
        name="delivery_repeat",
    ),
]
