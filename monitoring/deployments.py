"""A record of what `manage.py deploy` did: the page that shows it, and the alert when it failed."""

from __future__ import annotations

from django.utils import timezone

from monitoring.models import Deployment


def begin(release: str) -> Deployment:
    """Say that a deployment of `release` (a commit, a version) has begun.

    Write it outside the transaction of the migrations, which may be rolled back. Before the first
    migrations the table is missing: that raises django.db.Error.
    """
    return Deployment.objects.create(release=release[:64])


def finished(deployment: Deployment, *, ok: bool, summary: str) -> None:
    """Say how it went, in sentences without secrets; the last one to be written wins."""
    deployment.ok = ok
    deployment.summary = summary
    deployment.finished_at = timezone.now()
    deployment.save(update_fields=["ok", "summary", "finished_at"])


def last() -> Deployment | None:
    """The newest deployment, still running or over; None when none was recorded."""
    return Deployment.objects.first()
