"""Pages of purchasing."""

from django.urls import URLPattern, URLResolver, path

from purchasing import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("suppliers/", views.supplier_list, name="supplier_list"),
    path("suppliers/new/", views.supplier_create, name="supplier_create"),
    path("suppliers/<uuid:pk>/", views.supplier_edit, name="supplier_edit"),
]
