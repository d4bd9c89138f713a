"""Staff: the list, one person, and what may be done about them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import people, pins
from accounts.access import needs, visible_locations
from accounts.forms.members import MemberForm, NewMemberForm
from accounts.models import Membership
from accounts.permissions import Permission
from accounts.views.refusals import explain, tell
from tenants.asking import asked
from tenants.encryption import normalise
from tenants.errors import Refused

PAGE = 50


def members_of(request: Any) -> list[Membership]:
    """Everybody whom the request may see, sorted by name: names are encrypted, so in Python."""
    rows = Membership.objects.select_related("user", "role")
    rows = rows.prefetch_related("location_links__location")
    seen = people.visible_members(request.membership, rows)
    return sorted(seen, key=lambda one: normalise(str(one.user)))


def member_at(request: Any, pk: UUID) -> Membership:
    """One member. Raises Http404 for those of others and those elsewhere in the business."""
    rows = Membership.objects.select_related("user", "role")
    member = get_object_or_404(rows.prefetch_related("location_links__location"), pk=pk)
    if not people.visible_members(request.membership, [member]):
        raise Http404
    return member


@needs(Permission.USER_VIEW)
@require_safe
def member_list(request: HttpRequest) -> HttpResponse:
    words = normalise(asked(request)).split()
    state = request.GET.get("state", "")
    found = [
        one
        for one in members_of(request)
        if _is_found(one, words) and (state == "all" or one.is_active == (state != "inactive"))
    ]
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    return render(request, "accounts/member_list.html", {"page": page, "state": state})


def _is_found(member: Membership, words: list[str]) -> bool:
    user = member.user
    text = normalise(f"{user.name} {user.username} {user.email} {member.role.name}")
    return all(word in text for word in words)


@needs(Permission.USER_VIEW)
@require_safe
def member_detail(request: Any, pk: UUID) -> HttpResponse:
    member = member_at(request, pk)
    manageable = people.may_manage(request.membership, member)
    context = {
        "member": member,
        "manageable": manageable,
        "own_account": manageable and people.has_own_account(member),
        "is_self": member.pk == request.membership.pk,
        "pin_is_locked": pins.locked(member),
    }
    return render(request, "accounts/member_detail.html", context)


@needs(Permission.USER_CREATE)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def member_create(request: Any) -> HttpResponse:
    form = NewMemberForm(
        request.POST or None,
        actor=request.membership,
        locations=visible_locations(request),
        initial={"all_locations": request.membership.all_locations},
    )
    if request.method == "POST" and form.is_valid():
        try:
            member, password = people.add_member(
                actor=request.membership,
                username=form.cleaned_data["username"],
                name=form.cleaned_data["name"],
                email=form.cleaned_data["email"],
                place=form.place(),
            )
        except Refused as refused:
            explain(form, refused)
        else:
            return _hand_over(request, member, password)
    context = {"form": form, "cancel_url": reverse("member_list")}
    return render(request, "accounts/member_form.html", context)


def _hand_over(request: HttpRequest, member: Membership, password: str) -> HttpResponse:
    """Show the first password this once; it is kept nowhere in clear."""
    if not password:
        messages.success(
            request, _("%(name)s is added and signs in as before.") % {"name": member.user}
        )
        return redirect("member_detail", member.pk)
    return render(request, "accounts/member_password.html", {"member": member, "once": password})


@needs(Permission.USER_UPDATE)
@require_http_methods(["GET", "HEAD", "POST"])
def member_edit(request: Any, pk: UUID) -> HttpResponse:
    member = member_at(request, pk)
    actor = request.membership
    form = MemberForm(
        request.POST or None,
        actor=actor,
        member=member,
        locations=visible_locations(request),
        initial={
            "name": member.user.name,
            "email": member.user.email,
            "role": member.role_id,
            "is_owner": member.is_owner,
            "all_locations": member.all_locations,
            "locations": [link.location_id for link in member.location_links.all()],
        },
    )
    own_account = people.has_own_account(member)
    if own_account:
        form.fields["name"].disabled = form.fields["email"].disabled = True
    if not people.may_manage(actor, member):
        messages.error(request, _("This person holds rights or locations that you do not."))
        return redirect("member_detail", pk)
    if request.method == "POST" and form.is_valid():
        try:
            people.change_member(
                actor=actor,
                member=member,
                name=form.cleaned_data["name"],
                email=form.cleaned_data["email"],
                place=form.place(),
            )
        except Refused as refused:
            explain(form, refused)
        else:
            messages.success(request, _("Saved."))
            return redirect("member_detail", pk)
    context = {
        "form": form,
        "member": member,
        "own_account": own_account,
        "cancel_url": reverse("member_detail", args=[pk]),
    }
    return render(request, "accounts/member_form.html", context)


@needs(Permission.USER_DELETE)
@require_POST
def member_deactivate(request: Any, pk: UUID) -> HttpResponse:
    member = member_at(request, pk)
    with tell(request, _("%(name)s can no longer sign in here.") % {"name": member.user}):
        people.deactivate_member(actor=request.membership, member=member)
    return redirect("member_detail", pk)


@needs(Permission.USER_DELETE)
@require_POST
def member_reactivate(request: Any, pk: UUID) -> HttpResponse:
    member = member_at(request, pk)
    with tell(request, _("%(name)s can sign in here again.") % {"name": member.user}):
        people.reactivate_member(actor=request.membership, member=member)
    return redirect("member_detail", pk)


@needs(Permission.USER_UPDATE)
@never_cache
@require_POST
def member_password(request: Any, pk: UUID) -> HttpResponse:
    member = member_at(request, pk)
    try:
        password = people.reset_password(actor=request.membership, member=member)
    except Refused as refused:
        messages.error(request, str(refused.message))
        return redirect("member_detail", pk)
    return _hand_over(request, member, password)
