"""PINs: one's own, and those of the people one manages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import people, pins
from accounts.access import needs
from accounts.forms.pins import OwnPinForm, PinForm
from accounts.limits import TooMany
from accounts.permissions import Permission
from accounts.views.members import member_at
from accounts.views.refusals import explain, tell
from accounts.views.sign_in import checked, too_many_tries
from tenants.errors import Refused


@never_cache
@sensitive_post_parameters()
@needs()
@require_http_methods(["GET", "HEAD", "POST"])
def own_pin(request: Any) -> HttpResponse:
    member = request.membership
    form = OwnPinForm(request.user, request.POST or None)
    if request.method == "POST":
        try:
            valid = checked(request, form, "password")
        except TooMany as too_many:
            return too_many_tries(request, too_many)
        if valid:
            try:
                pins.set_pin(actor=member, member=member, pin=form.cleaned_data["pin"])
            except Refused as refused:
                explain(form, refused)
            else:
                messages.success(request, _("Your PIN is set."))
                return redirect("own_pin")
    context = {"form": form, "member": member, "is_locked": pins.locked(member)}
    return render(request, "accounts/own_pin.html", context)


@needs()
@require_POST
def own_pin_remove(request: Any) -> HttpResponse:
    with tell(request, _("Your PIN is removed.")):
        pins.remove_pin(actor=request.membership, member=request.membership)
    return redirect("own_pin")


@needs(Permission.USER_UPDATE)
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def member_pin(request: Any, pk: UUID) -> HttpResponse:
    member, actor = member_at(request, pk), request.membership
    if member.pk == actor.pk:
        return redirect("own_pin")
    if not people.may_manage(actor, member):
        messages.error(request, _("This person holds rights or locations that you do not."))
        return redirect("member_detail", pk)
    form = PinForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            pins.set_pin(actor=actor, member=member, pin=form.cleaned_data["pin"])
        except Refused as refused:
            explain(form, refused)
        else:
            messages.success(request, _("%(name)s has a new PIN.") % {"name": member.user})
            return redirect("member_detail", pk)
    context = {"form": form, "member": member, "cancel_url": reverse("member_detail", args=[pk])}
    return render(request, "accounts/member_pin.html", context)


@needs(Permission.USER_UPDATE)
@require_POST
def member_pin_remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _done(request, pk, pins.remove_pin, _("%(name)s has no PIN any more."))


@needs(Permission.USER_UPDATE)
@require_POST
def member_pin_unlock(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _done(request, pk, pins.unlock, _("%(name)s can sign in with the PIN again."))


def _done(request: Any, pk: UUID, work: Any, said: str) -> HttpResponse:
    member = member_at(request, pk)
    with tell(request, said % {"name": member.user}):
        work(actor=request.membership, member=member)
    return redirect("member_detail", pk)
