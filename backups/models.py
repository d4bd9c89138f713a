"""What became of each backup, drill and restore."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class BackupRun(models.Model):
    """One run that ended, well or badly. A platform table; it holds no data of a business.

    A run that was killed leaves no row: monitoring then sees the last good one grow old.
    """

    class Kind(models.TextChoices):
        BACKUP = "backup", _("Backup")
        DRILL = "drill", _("Restore drill")
        RESTORE = "restore", _("Restore")

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    started_at = models.DateTimeField(_("begun"))
    finished_at = models.DateTimeField(_("ended"), default=timezone.now)
    is_good = models.BooleanField(_("went well"))
    name = models.CharField(_("name"), max_length=100, blank=True)
    place = models.CharField(_("place"), max_length=300, blank=True)
    size = models.BigIntegerField(_("bytes"), default=0)
    message = models.TextField(_("message"), blank=True)
    details: models.JSONField[Any, Any] = models.JSONField(_("details"), default=dict, blank=True)

    class Meta:
        verbose_name = _("backup run")
        verbose_name_plural = _("backup runs")
        ordering = ("-finished_at",)
        indexes = [models.Index(fields=["kind", "-finished_at"], name="backup_run_latest")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.name}".strip()

    @property
    def took(self) -> timedelta:
        return self.finished_at - self.started_at
