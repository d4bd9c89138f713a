import atexit

from django.apps import AppConfig
from django.core.signals import request_finished
from django.utils.translation import gettext_lazy as _


class MeteringConfig(AppConfig):
    name = "metering"
    verbose_name = _("API use")

    def ready(self) -> None:
        from accounts import beginnings
        from metering import ledger
        from metering.counting import counter

        # Before the request's connection is closed: monitoring, which comes later, sees to it.
        request_finished.connect(counter.after_request, dispatch_uid="metering.after_request")
        atexit.register(counter.at_exit)
        beginnings.at_beginning(ledger.give_initial)
