from django.apps import AppConfig
from django.core.signals import request_finished
from django.db import close_old_connections
from django.utils.translation import gettext_lazy as _


class ReportsConfig(AppConfig):
    name = "reports"
    verbose_name = _("Reports")

    def ready(self) -> None:
        from reports import due

        # Before Django closes the request's connection.
        request_finished.disconnect(close_old_connections)
        request_finished.connect(due.after_request, dispatch_uid="reports.after_request")
        request_finished.connect(close_old_connections)
