import atexit

from django.apps import AppConfig
from django.core.signals import request_finished
from django.db import close_old_connections
from django.utils.translation import gettext_lazy as _


class MonitoringConfig(AppConfig):
    name = "monitoring"
    verbose_name = _("Monitoring")

    def ready(self) -> None:
        from monitoring.metrics import counting

        # Before Django closes the request's connection: where none is kept between requests, the
        # counts would otherwise open another one.
        request_finished.disconnect(close_old_connections)
        request_finished.connect(counting.after_request, dispatch_uid="monitoring.after_request")
        request_finished.connect(close_old_connections)
        atexit.register(counting.at_exit)
