"""What the installation remembers about itself: counts of requests, alerts, deployments.

Platform tables: no row names a business, a person or an address, so that whoever looks after the
machine may read them, and none of them is behind row-level security.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

#: The upper bounds of the histogram, in milliseconds; what took longer counts in `count` alone.
BOUNDS_MS: Final = (10, 25, 50, 100, 250, 500, 1000, 2000, 3000, 5000, 10000)
#: The `minute` of the rows that hold the sums of all time, which nothing prunes.
EVER: Final = 0


class RequestCount(models.Model):
    """How many requests of one route ended with one status, in one minute or ever.

    `minute` is in minutes since 1970 (UTC). Each `le_…` counts the requests that took at most so
    many milliseconds and longer than the bound before. `monitoring/metrics/storing.py` writes it.
    """

    minute = models.PositiveBigIntegerField()
    route = models.CharField(max_length=80)
    method = models.CharField(max_length=8)
    status = models.PositiveSmallIntegerField()
    count = models.PositiveBigIntegerField()
    microseconds = models.PositiveBigIntegerField()
    statements = models.PositiveBigIntegerField()
    le_10 = models.PositiveBigIntegerField(default=0)
    le_25 = models.PositiveBigIntegerField(default=0)
    le_50 = models.PositiveBigIntegerField(default=0)
    le_100 = models.PositiveBigIntegerField(default=0)
    le_250 = models.PositiveBigIntegerField(default=0)
    le_500 = models.PositiveBigIntegerField(default=0)
    le_1000 = models.PositiveBigIntegerField(default=0)
    le_2000 = models.PositiveBigIntegerField(default=0)
    le_3000 = models.PositiveBigIntegerField(default=0)
    le_5000 = models.PositiveBigIntegerField(default=0)
    le_10000 = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = _("count of requests")
        verbose_name_plural = _("counts of requests")
        constraints = [
            models.UniqueConstraint(
                fields=["minute", "route", "method", "status"], name="request_count_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.route} {self.method} {self.status}"


class Alert(models.Model):
    """Something that somebody should look at, from when it was first seen until it was over."""

    kind = models.CharField(max_length=30)
    message = models.TextField()
    since = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ("-since", "-id")
        constraints = [
            # Two evaluations at the same moment begin one alert.
            models.UniqueConstraint(
                fields=["kind"], condition=Q(resolved_at=None), name="alert_open_once"
            )
        ]

    def __str__(self) -> str:
        return self.message


class Notice(models.Model):
    """One message that an alert has begun or ended, over one channel, until it is delivered."""

    class Channel(models.TextChoices):
        MAIL = "mail", _("E-mail")
        WEBHOOK = "webhook", _("Webhook")

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="notices")
    channel = models.CharField(max_length=8, choices=Channel)
    ending = models.BooleanField(default=False)
    tries = models.PositiveIntegerField(default=0)
    # Whoever delivers it has it until then; a process that died in the middle loses no message.
    taken_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        ordering = ("id",)
        constraints = [
            models.UniqueConstraint(fields=["alert", "channel", "ending"], name="notice_once")
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.alert_id}"


class Deployment(models.Model):
    """A run of `manage.py deploy`. `ok` is None while it runs, and stays so when it was killed."""

    #: A run that has said nothing for so long is over and has failed.
    LONGEST = timedelta(hours=1)

    release = models.CharField(max_length=64, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    ok = models.BooleanField(null=True)
    # One sentence each for what was done, or for why it failed; never a traceback.
    summary = models.TextField(blank=True)

    class Meta:
        verbose_name = _("deployment")
        verbose_name_plural = _("deployments")
        ordering = ("-started_at", "-id")

    def __str__(self) -> str:
        return self.release or f"{self.started_at:%Y-%m-%d %H:%M}"

    @property
    def has_failed(self) -> bool:
        if self.ok is None:
            return timezone.now() - self.started_at > self.LONGEST
        return not self.ok


class LastRun(models.Model):
    """When work that somebody else must start was last done: the daily tidying, the alerts."""

    name = models.CharField(max_length=20, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("last run")
        verbose_name_plural = _("last runs")

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M}"
