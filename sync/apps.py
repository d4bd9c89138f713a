from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class SyncConfig(AppConfig):
    name = "sync"
    verbose_name = _("Copies on devices")

    def ready(self) -> None:
        pre_migrate.connect(_before, sender=self, dispatch_uid="sync.before")
        post_migrate.connect(_after, sender=self, dispatch_uid="sync.after")


def _before(*, using: str, plan: list[Any], **_kwargs: Any) -> None:
    from sync import triggers

    if plan:
        triggers.remove(using)


def _after(*, using: str, **_kwargs: Any) -> None:
    from sync import triggers

    triggers.install(using)
