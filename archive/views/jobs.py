"""Jobs: the list, how far one is, its result, cancelling it, and the scheduler's call."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import OperationalError, transaction
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    JsonResponse,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.access import can, demand, needs, public
from accounts.permissions import Permission
from archive import jobs, pulse
from archive.files import PART
from archive.kinds import WHOLE_ARCHIVE
from archive.models import FilePart, Job, StoredFile
from archive.views.doors import demand_everywhere, desk, reading, unhurried
from reports.folding import fold_everywhere
from tenants.context import business
from tenants.models import Business
from webhooks import sending

P = Permission
PAGE = 50
# The time after which a page that waits does the work itself: there may be no worker.
PATIENCE = timedelta(seconds=10)


def door(request: HttpRequest, job_id: uuid.UUID) -> Job:
    """The job, for who may ask for its kind; what holds passwords is for owners.

    Raises Http404 and PermissionDenied.
    """
    row: Job = get_object_or_404(Job.objects.select_related("file", "created_by"), pk=job_id)
    demand(request, needed(row))
    if is_for_owners(row) and not _is_owner(request):
        raise PermissionDenied(_("Only an owner can open this."))
    return row


def is_for_owners(row: Job) -> bool:
    return row.kind == WHOLE_ARCHIVE or jobs.OWNERS_ONLY in row.result


def _is_owner(request: Any) -> bool:
    return bool(request.membership.is_owner)


def needed(row: Job) -> Permission:
    try:
        return jobs.kind_of(row.kind).needs
    except LookupError:
        return P.DATA_EXPORT


def visible(request: HttpRequest) -> Any:
    """Exports and checks that this person may see, newest first; imports have their own list."""
    kinds = [name for name in jobs.names() if can(request, jobs.kind_of(name).needs)]
    rows = Job.objects.filter(kind__in=kinds).exclude(options__has_key="batch")
    if not _is_owner(request):
        rows = rows.exclude(kind=WHOLE_ARCHIVE).exclude(result__has_key=jobs.OWNERS_ONLY)
    return rows.select_related("created_by").order_by("-created_at", "-pk")


@dataclass(frozen=True, slots=True)
class Shown:
    """A job as pages show it, with how far it is by now; `percent` is None where nobody knows."""

    row: Job
    label: Any
    percent: int | None
    done: str
    total: str
    stopping: bool


def shown(row: Job) -> Shown:
    row = pulse.overheard(row)
    return Shown(
        row=row,
        label=jobs.label(row),
        percent=min(100, row.done * 100 // row.total) if row.total else None,
        done=f"{row.done:,}",
        total=f"{row.total:,}",
        stopping=row.state == Job.State.RUNNING and pulse.asked_to_stop(row),
    )


@unhurried
@desk(P.DATA_EXPORT, P.DATA_IMPORT)
@require_safe
def job_list(request: HttpRequest) -> HttpResponse:
    page = Paginator(visible(request), PAGE).get_page(request.GET.get("page"))
    page.object_list = [shown(row) for row in page.object_list]
    return render(request, "archive/job_list.html", {"page": page})


@unhurried
@desk(P.DATA_EXPORT, P.DATA_IMPORT)
@require_safe
@vary_on_headers("HX-Request")
def job_detail(request: Any, job_id: uuid.UUID) -> HttpResponse:
    """A page, and for htmx how far it is; once it is over the page is asked for anew."""
    row = door(request, job_id)
    if request.htmx:
        answer = render(request, "archive/job_progress.html", {"job": shown(row)})
        if row.is_over:
            answer["HX-Refresh"] = "true"
        return answer
    if batch := row.options.get("batch"):
        return redirect("import_detail", batch_id=batch)
    context = {"job": shown(row), "keep_days": settings.KEEP_FILES_DAYS}
    return render(request, "archive/job_detail.html", context)


@unhurried
@desk(P.DATA_EXPORT, P.DATA_IMPORT)
@require_POST
def job_cancel(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    row = door(request, job_id)
    jobs.cancel(row)
    messages.info(request, _("It is being stopped. Nothing of it will be kept."))
    return redirect("job_detail", job_id=row.pk)


def is_unattended(row: Job) -> bool:
    """Whether it waits longer than workers let it wait, or its worker has died."""
    now = timezone.now()
    if row.state == Job.State.RUNNING:
        return row.heard_at is None or now - row.heard_at > jobs.STALE
    return row.state == Job.State.WAITING and now - row.created_at > PATIENCE


@transaction.non_atomic_requests
@needs()
@require_POST
def job_run(request: Any, job_id: uuid.UUID) -> HttpResponse:
    """Do a job that nobody takes up, within this request: hosts without a worker have no other.

    204 also when there is nothing to do, or the one writer of SQLite is busy.
    """
    with reading():
        demand_everywhere(request)
        row = pulse.overheard(door(request, job_id))
    if is_unattended(row):
        with suppress(OperationalError):
            jobs.run_alone(row, deadline=time.monotonic() + settings.JOB_SECONDS)
    return HttpResponse(status=204)


@desk(P.DATA_EXPORT, P.DATA_IMPORT)
@require_safe
def job_file(request: Any, job_id: uuid.UUID) -> HttpResponseBase:
    """What the job has made, to keep. 404 when it made nothing, or files that old are gone."""
    row = door(request, job_id)
    if row.state != Job.State.DONE or row.file is None or not row.result.get("file"):
        raise Http404
    return sent(request.business, row.file)


def sent(company: Business, file: StoredFile) -> StreamingHttpResponse:
    """The file as a download, piece by piece."""
    answer = StreamingHttpResponse(_pieces(company, file), content_type="application/octet-stream")
    answer["Content-Length"] = str(file.size)
    answer["Content-Disposition"] = content_disposition_header(True, file.name) or "attachment"
    answer["Cache-Control"] = "private, no-store"
    return answer


def _pieces(company: Business, file: StoredFile) -> Iterator[bytes]:
    # A body is sent after the request's transaction, unbound.
    for number in range(-(-file.size // PART)):
        with business(company), transaction.atomic():
            parts = FilePart.objects.filter(file=file, number=number)
            data = bytes(parts.values_list("data", flat=True).get())
        yield data


@transaction.non_atomic_requests
@public
@require_safe
@never_cache
def cron_jobs(request: HttpRequest) -> JsonResponse:
    """Work on waiting jobs, send webhooks, then fold what was sold, for the host's scheduler with its
    secret; 404 for everybody else.

    It ends after settings.JOB_SECONDS; a job that needs more than is left goes back into the queue.
    """
    asked = request.headers.get("Authorization", "")
    expected = f"Bearer {settings.CRON_SECRET}"
    if not settings.CRON_SECRET or not constant_time_compare(asked, expected):
        raise Http404
    deadline = time.monotonic() + settings.JOB_SECONDS
    done: list[str] = []
    while time.monotonic() < deadline:
        row = jobs.run_next(deadline=deadline)
        if row is None or row.state == Job.State.WAITING:
            break
        done.append(row.state)
    tries = sending.deliver(deadline=deadline)
    folded = fold_everywhere(ending=lambda: time.monotonic() >= deadline)
    counts = {state: done.count(state) for state in sorted(set(done))}
    return JsonResponse({"jobs": counts, "webhooks": tries, "folded": folded})
