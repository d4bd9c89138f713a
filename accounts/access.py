"""The door for people into a business, and what anybody may do inside: `can`, `needs`.

The door for devices is `device_door.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Device, Membership, OperatorSession
from accounts.permissions import Permission
from tenants import context
from tenants.models import Business, Location

View = TypeVar("View", bound=Callable[..., Any])

# A device in use is marked as seen at most this often: a look-up must not write.
SEEN_EVERY = timedelta(minutes=5)


def enter_business(request: Any, slug: str) -> Business | HttpResponse:
    """The door for people: the business, or the way to sign in. Raises Http404 for strangers.

    The membership is read at every request, so who was removed is out at once. A business that does
    not exist and one of others give the same answer.
    """
    if not request.user.is_authenticated:
        if is_api(request.path_info):
            return unauthenticated()
        return redirect_to_login(request.get_full_path())
    with context.platform("which business this person may enter is what we find out"):
        memberships = list(entrances(request.user))
    membership = next((one for one in memberships if one.business.slug == slug), None)
    if membership is None:
        raise Http404
    if request.user.must_change_password:
        if is_api(request.path_info):
            return refused("password_expired", _("Choose a new password first."), 403)
        return redirect(reverse("password_change", urlconf=settings.ROOT_URLCONF))
    request.memberships = memberships
    membership.user = request.user
    return enter(request, membership, device=None)


def entrances(user: Any) -> QuerySet[Membership]:
    """The memberships by which a user may enter businesses now, in the order of their names.

    To be read in platform work: they span businesses.
    """
    rows: QuerySet[Membership] = Membership.objects.filter(user=user, is_active=True)
    rows = rows.filter(business__is_active=True).select_related("business")
    return rows.order_by("business__name", "pk")


def is_api(path: str) -> bool:
    """Whether a path of the form /b/<slug>/… leads to the API, which answers in JSON."""
    return path.split("/")[3:4] == ["api"]


def enter(
    request: Any,
    membership: Membership,
    *,
    device: Device | None,
    session: OperatorSession | None = None,
) -> Business:
    """Put on the request who came in, and as what."""
    request.membership = membership
    request.business = membership.business
    request.device = device
    request.operator_session = session
    return membership.business


def unauthenticated(code: str = "not_authenticated", message: str = "") -> HttpResponse:
    message = message or _("Sign in, or send a valid device token.")
    answer = refused(code, message, 401)
    answer["WWW-Authenticate"] = "Bearer"
    answer["Cache-Control"] = "private, no-store"
    return answer


def refused(
    code: str, message: object, status: int, fields: dict[str, Any] | None = None
) -> HttpResponse:
    """An answer in the shape of the API's errors."""
    content = {"code": code, "message": str(message), "fields": fields or {}}
    return JsonResponse(content, status=status)


def token_hash(token: str) -> str:
    """SHA-256, unsalted: the token has 256 random bits of its own, and is looked up by this."""
    return hashlib.sha256(token.encode()).hexdigest()


def can(request: HttpRequest, permission: Permission) -> bool:
    """Whether the person or device behind the request holds the permission, here."""
    membership = getattr(request, "membership", None)
    return membership is not None and membership.can(permission)


def demand(request: HttpRequest, permission: Permission) -> None:
    """Raises PermissionDenied when `can` says no."""
    if not can(request, permission):
        if nobody_is_here(request):
            raise PermissionDenied(_("Sign in with your PIN first."))
        raise PermissionDenied(
            _("You need the permission “%(name)s” for this.") % {"name": permission.label}
        )


def nobody_is_here(request: Any) -> bool:
    """Whether the request comes from a terminal at which somebody must sign in first."""
    device = getattr(request, "device", None)
    return device is not None and device.needs_operator and request.operator_session is None


def needs(*permissions: Permission) -> Callable[[View], View]:
    """Declare what a view needs: any one of the permissions. None: being inside is enough.

    The declaration stands on the view as `needs`; a test walks every route and asks for it.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if permissions and not any(can(request, one) for one in permissions):
                demand(request, permissions[0])
            return view(request, *args, **kwargs)

        guarded.needs = permissions  # type: ignore[attr-defined]
        return guarded  # type: ignore[return-value]

    return decorate


def public(view: View) -> View:
    """Declare that a view outside any business is for everyone, signed in or not."""
    view.needs = ()  # type: ignore[attr-defined]
    return view


def visible_locations(request: Any) -> QuerySet[Location]:
    """The locations whose data this request may see."""
    locations: QuerySet[Location] = Location.objects.all()
    ids = location_ids(request)
    return locations if ids is None else locations.filter(pk__in=ids)


def location_ids(request: Any) -> frozenset[Any] | None:
    """Ids of the locations this request may see; None means all.

    A device shows its own location, as long as the person it acts for may see that; a program the
    locations that it was given.
    """
    ids: frozenset[Any] | None = request.membership.location_ids
    device: Device | None = request.device
    own = None if device is None else device.location_ids
    if own is None:
        return ids
    return own if ids is None else own & ids


def at_visible_locations(request: Any, *, field: str = "location") -> Q:
    """A filter for rows with a location: the ones this request may see."""
    ids = location_ids(request)
    return Q() if ids is None else Q(**{f"{field}__in": ids})
