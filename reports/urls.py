"""The first page of a business, and its best sellers."""

from django.urls import URLPattern, URLResolver, path

from reports import best_sellers, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.dashboard, name="dashboard"),
    path("best-sellers/", best_sellers.best_sellers, name="best_sellers"),
]
