"""Leaving: the archive of everything first, then the deletion, which can be taken back until its day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.limits import Limit, TooMany
from accounts.permissions import Permission
from archive import jobs
from archive.kinds import WHOLE_ARCHIVE
from archive.leaving import departing
from archive.leaving.forms import LeaveForm
from archive.models import Job
from archive.views.doors import desk, unhurried
from archive.views.jobs import shown
from tenants.errors import Refused

PASSWORDS = Limit("leave-password", 5)
#: How long an archive counts as everything: the shop goes on selling.
FRESH: Final = timedelta(days=1)


def _owners_only(request: Any) -> None:
    if not request.membership.is_owner:
        raise PermissionDenied(_("Only an owner can have the business deleted."))


def _last_archive() -> Job | None:
    rows = Job.objects.filter(kind=WHOLE_ARCHIVE).select_related("file", "created_by")
    found: Job | None = rows.order_by("-created_at", "-pk").first()
    return found


@unhurried
@desk(Permission.DATA_EXPORT)
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: Any) -> HttpResponse:
    """The way out in two steps; once it is asked for, when it happens and how to stay."""
    _owners_only(request)
    ahead = departing.departure()
    row = _last_archive()
    file = row.file if row is not None and row.state == Job.State.DONE else None
    is_stale = file is not None and timezone.now() - file.created_at > FRESH
    fresh = None if is_stale else file
    form = LeaveForm(request.POST or None, archived=fresh is not None)
    if request.method == "POST" and ahead is None and form.is_valid() and _is_really(request, form):
        asked = dict(form.cleaned_data)
        del asked["password"]
        try:
            departing.ask(by=request.membership, archive=fresh, **asked)
        except Refused as refused:
            _tell(form, refused)
        else:
            messages.success(request, _("It is noted. Until the day you can take it back here."))
            return redirect("leave")
    context = {
        "form": form,
        "departure": ahead,
        "job": shown(row) if row is not None else None,
        "file": file,
        "is_stale": is_stale,
        "days": settings.LEAVE_DAYS,
    }
    return render(request, "archive/leave.html", context)


def _is_really(request: Any, form: LeaveForm) -> bool:
    """Whether it is the person whose session this is; a few tries each quarter of an hour."""
    key = str(request.user.pk)
    try:
        PASSWORDS.count(key)
    except TooMany as many:
        minutes = many.wait // 60 + 1
        said = _("Too many tries. Wait %(minutes)s minutes.") % {"minutes": minutes}
        form.add_error("password", said)
        return False
    if not request.user.check_password(form.cleaned_data["password"]):
        form.add_error("password", _("This is not your password."))
        return False
    PASSWORDS.forgive(key)
    return True


def _tell(form: LeaveForm, refused: Refused) -> None:
    for name, said in refused.fields.items():
        form.add_error(name if name in form.fields else None, said)
    if not refused.fields:
        form.add_error(None, str(refused))


@desk(Permission.DATA_EXPORT)
@require_POST
def leave_archive(request: Any) -> HttpResponse:
    _owners_only(request)
    row = jobs.ask(WHOLE_ARCHIVE, by=request.membership, options={})
    return redirect("job_detail", job_id=row.pk)


@desk(Permission.DATA_EXPORT)
@require_POST
def leave_withdraw(request: Any) -> HttpResponse:
    _owners_only(request)
    try:
        departing.withdraw(by=request.membership)
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("It is taken back. The business stays."))
    return redirect("leave")
