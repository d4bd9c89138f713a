"""What every page knows: the business, what this person may do, the navigation."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from accounts.models import Membership
from accounts.permissions import Permission


class Can:
    """`{% if can.product_create %}`: a permission's name with underscores for dots."""

    _by_attribute = {permission.attribute: permission for permission in Permission}

    def __init__(self, membership: Membership) -> None:
        self._membership = membership

    def __getattr__(self, name: str) -> bool:
        permission = self._by_attribute.get(name)
        if permission is None:
            raise AttributeError(name)
        return self._membership.can(permission)


def house(request: HttpRequest) -> dict[str, Any]:
    membership = getattr(request, "membership", None)
    if membership is None:
        return {}
    from pos.navigation import navigation

    return {
        "business": request.business,  # type: ignore[attr-defined]
        "membership": membership,
        "can": Can(membership),
        "navigation": navigation(request),
    }
