"""Addresses for balancers, watchers and schedulers, outside any business."""

from django.urls import path

from archive.views.jobs import cron_jobs
from monitoring.views import cron, health, metrics, status

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    # What hosts were told before the two above existed.
    path("health/", health.health, name="health"),
    path("status/", status.status, name="status"),
    path("metrics", metrics.metrics, name="metrics"),
    path("cron/alerts/", cron.cron_alerts, name="cron_alerts"),
    path("cron/daily", cron.cron_daily, name="cron_daily"),
    path("cron/jobs/", cron_jobs, name="cron_jobs"),
]
