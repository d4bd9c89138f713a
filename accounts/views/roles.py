"""Roles: which there are, what each grants, who has them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import people, roles
from accounts.access import needs
from accounts.forms.members import RoleForm
from accounts.models import Membership, Role
from accounts.permissions import Permission, by_module
from accounts.views.refusals import explain, tell
from tenants.asking import asked
from tenants.errors import Refused


@needs(Permission.ROLE_VIEW)
@require_safe
def role_list(request: HttpRequest) -> HttpResponse:
    query = asked(request)
    found = Role.objects.filter(Q(name__icontains=query) | Q(description__icontains=query))
    rows = found.annotate(people=Count("memberships", filter=Q(memberships__is_active=True)))
    rows = rows.order_by("name")
    listed = [{"role": role, "rights": len(role.granted)} for role in rows]
    return render(request, "accounts/role_list.html", {"rows": listed, "query": query})


@needs(Permission.ROLE_VIEW)
@require_safe
def role_detail(request: Any, pk: UUID) -> HttpResponse:
    role = get_object_or_404(Role, pk=pk)
    members = Membership.objects.filter(role=role, is_active=True).select_related("user")
    members = members.prefetch_related("location_links")
    held = role.granted
    groups = [(module, [p for p in rights if p in held]) for module, rights in by_module()]
    context = {
        "role": role,
        "members": people.visible_members(request.membership, members),
        "groups": [(module, rights) for module, rights in groups if rights],
        "changeable": roles.may_change(request.membership, role),
    }
    return render(request, "accounts/role_detail.html", context)


@needs(Permission.ROLE_CREATE)
@require_http_methods(["GET", "HEAD", "POST"])
def role_create(request: Any) -> HttpResponse:
    form = RoleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            role = roles.create_role(actor=request.membership, **form.cleaned_data)
        except Refused as refused:
            explain(form, refused)
        else:
            messages.success(request, _("The role is made. Give it to people under Staff."))
            return redirect("role_detail", role.pk)
    return _form_page(request, form, None)


@needs(Permission.ROLE_UPDATE)
@require_http_methods(["GET", "HEAD", "POST"])
def role_edit(request: Any, pk: UUID) -> HttpResponse:
    role = get_object_or_404(Role, pk=pk)
    if not roles.may_change(request.membership, role):
        messages.error(request, _("This role has rights that you do not hold."))
        return redirect("role_detail", pk)
    initial = {
        "name": role.name,
        "description": role.description,
        "permissions": sorted(role.granted),
    }
    form = RoleForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            roles.change_role(actor=request.membership, role=role, **form.cleaned_data)
        except Refused as refused:
            explain(form, refused)
        else:
            messages.success(request, _("Saved. It holds from the next click on."))
            return redirect("role_detail", pk)
    return _form_page(request, form, role)


def _form_page(request: Any, form: RoleForm, role: Role | None) -> HttpResponse:
    groups = right_groups(request.membership, form["permissions"].value() or [])
    back = reverse("role_detail", args=[role.pk]) if role else reverse("role_list")
    context = {"form": form, "role": role, "groups": groups, "cancel_url": back}
    return render(request, "accounts/role_form.html", context)


def right_groups(actor: Membership, chosen: Iterable[str]) -> list[dict[str, Any]]:
    """What `accounts/rights.html` shows: every right by its group, those to give as boxes."""
    grantable, checked = people.grantable(actor), set(chosen)
    return [
        {
            "module": module,
            "rights": [
                {"right": right, "checked": right.value in checked, "held": right in grantable}
                for right in rights
            ],
            "held": any(right in grantable for right in rights),
        }
        for module, rights in by_module()
    ]


@needs(Permission.ROLE_DELETE)
@require_POST
def role_delete(request: Any, pk: UUID) -> HttpResponse:
    role = get_object_or_404(Role, pk=pk)
    with tell(request, _("The role “%(name)s” is removed.") % {"name": role}):
        roles.delete_role(actor=request.membership, role=role)
        return redirect("role_list")
    return redirect("role_detail", pk)
