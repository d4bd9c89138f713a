"""The first page of a business."""

from django.urls import URLPattern, URLResolver, path

from reports import views

urlpatterns: list[URLPattern | URLResolver] = [path("", views.dashboard, name="dashboard")]
