from django.urls import path

from metering import views

urlpatterns = [
    path("api-use/", views.api_use, name="api_use"),
    path("api-use/keys/<uuid:key_id>/", views.key_limits, name="key_limits"),
]
