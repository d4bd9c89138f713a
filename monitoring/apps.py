import atexit

from django.apps import AppConfig
from django.conf import settings
from django.core.signals import request_finished
from django.db import close_old_connections
from django.utils.translation import gettext_lazy as _


class MonitoringConfig(AppConfig):
    name = "monitoring"
    verbose_name = _("Monitoring")

    def ready(self) -> None:
        from archive import chores
        from monitoring import logs, regular
        from monitoring.metrics.counting import counter

        logs.write_gunicorn_alike()
        if settings.SENTRY_DSN:
            from monitoring import sentry

            place = "production" if settings.PRODUCTION else "development"
            place = settings.VERCEL_ENV if settings.ON_VERCEL else place
            sentry.start(settings.SENTRY_DSN, release=settings.RELEASE, environment=place)

        # Before Django closes the request's connection: where none is kept between requests, the
        # counts would otherwise open another one.
        request_finished.disconnect(close_old_connections)
        request_finished.connect(counter.after_request, dispatch_uid="monitoring.after_request")
        request_finished.connect(close_old_connections)
        atexit.register(counter.at_exit)

        chores.register("alerts", seconds=60, work=regular.check_alerts)
        chores.register("sums", seconds=5 * 60, work=regular.fold_sums)
        chores.register("tidying", seconds=60 * 60, work=regular.tidy_once_a_day)
