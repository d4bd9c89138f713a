from django.urls import path

from sync import views

urlpatterns = [
    path("sync", views.SyncView.as_view(), name="api_sync"),
    path("sync/checksums", views.ChecksumsView.as_view(), name="api_sync_checksums"),
    path(
        "sync/buckets/<slug:kind>/<slug:bucket>",
        views.BucketView.as_view(),
        name="api_sync_bucket",
    ),
]
