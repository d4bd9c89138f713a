"""Credits of all businesses, for people who run the platform."""

from django.urls import path

from metering import platform_views

urlpatterns = [
    path("credits/", platform_views.credit_list, name="credit_list"),
    path("credits/<slug:business_slug>/", platform_views.credit_give, name="credit_give"),
]
