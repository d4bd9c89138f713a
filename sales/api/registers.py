"""Which registers a request may use: a terminal's own one, or those of the visible locations."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from accounts.bodies import query_uuid
from sales.models import Register
from sales.selection import visible_registers
from sales.shifts import has_another_register
from tenants.errors import Refused


def usable_registers(request: Any, *, history: bool = False) -> QuerySet[Register]:
    """The registers at the request's locations; for a terminal that has a register, that one.

    With `history` also what holds imported sales, to look at them.
    """
    registers = visible_registers(request, history=history)
    if request.device is not None:
        registers = registers.exclude(has_another_register(request.device, "pk"))
    return registers


def register_or_404(request: Any, register_id: Any) -> Register:
    """The register, with its location. Raises Http404 for one that the request may not use."""
    register = usable_registers(request).filter(pk=register_id).first()
    if register is None:
        raise Http404
    return register


def asked_register(request: Any) -> Register:
    """The register named in the query string. Raises Refused (400) without one, Http404."""
    return register_or_404(request, query_uuid(request.GET.get("register", ""), "register"))


def selling_register(request: Any) -> Register:
    """Like `asked_register`; raises Refused (409) for one that is switched off, or its location."""
    register = asked_register(request)
    if not (register.is_active and register.location.is_active):
        raise Refused("register_inactive", _("This register is switched off."), status=409)
    return register
