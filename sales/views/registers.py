"""Registers: the list, adding one, changing one."""

from __future__ import annotations

import uuid
from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import needs
from accounts.permissions import Permission
from accounts.views.saving import saved
from sales.forms import RegisterForm
from sales.models import Register, Shift
from sales.selection import visible_registers


@require_safe
@needs(Permission.REGISTER_VIEW)
def register_list(request: HttpRequest) -> HttpResponse:
    open_shifts = Shift.objects.filter(closed_at=None).select_related("opened_by")
    registers = (
        visible_registers(request)
        .select_related("device")
        .prefetch_related(Prefetch("shifts", open_shifts, to_attr="open_shifts"))
        .order_by("location__name", "name")
    )
    return render(request, "sales/register_list.html", {"registers": registers})


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.REGISTER_CREATE)
def register_create(request: HttpRequest) -> HttpResponse:
    return _edit(request, Register())


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.REGISTER_UPDATE)
def register_edit(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    return _edit(request, get_object_or_404(visible_registers(request), pk=pk))


def _edit(request: Any, register: Register) -> HttpResponse:
    is_new = register._state.adding
    form = RegisterForm(request, request.POST or None, instance=register)
    if saved(request, form):
        return redirect("register_list")
    context = {"form": form, "is_new": is_new, "cancel_url": reverse("register_list")}
    return render(request, "sales/register_form.html", context)
