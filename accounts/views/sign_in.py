"""Signing in and out, and choosing a business."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import get_script_prefix, reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import entrances, public
from accounts.forms.sign_in import SignInForm
from accounts.limits import Limit, TooMany, address_of
from accounts.sessions import told
from tenants import context
from tenants.models import Business

BY_NAME = Limit("name", 10)
BY_ADDRESS = Limit("address", 50)


# A try counts although what follows it fails or rolls back, and the row of a busy shop's address
# is not locked for the time that a password takes to check.
@transaction.non_atomic_requests
@public
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    onward = safe_next(request)
    if request.user.is_authenticated and request.method != "POST":
        return redirect(onward or _home(request.user))
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        name, address = form.cleaned_data["username"], address_of(request)
        try:
            BY_ADDRESS.count(address)
            BY_NAME.count(name, address)
        except TooMany as too_many:
            return too_many_tries(request, too_many)
        user = authenticate(request, username=name, password=form.cleaned_data["password"])
        if user is not None:
            BY_ADDRESS.forgive(address)
            BY_NAME.forgive(name, address)
            login(request, user)
            return redirect(_after_sign_in(user, onward))
        form.add_error(None, _("The user name or the password is not right."))
    page = {"form": form, "next": onward, "why": told(request)}
    return render(request, "accounts/sign_in.html", page)


def _after_sign_in(user: Any, onward: str) -> str:
    onward = onward or _home(user)
    if user.must_change_password:
        return f"{reverse('password_change')}?{urlencode({'next': onward})}"
    return onward


def _home(user: Any) -> str:
    """The person's only business, or the choice between several."""
    with context.platform("the businesses of the person who signs in"):
        memberships = list(entrances(user)[:2])
    if len(memberships) == 1:
        return entrance(memberships[0].business)
    return reverse("business_list")


def entrance(business: Business) -> str:
    """The address inside a business that leads on to the first page the person may open."""
    return f"{get_script_prefix()}b/{business.slug}/enter/"


def safe_next(request: HttpRequest) -> str:
    """Where the request asks to go on to, when that is a path of this site; otherwise empty."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    local = asked.startswith("/") and url_has_allowed_host_and_scheme(asked, allowed_hosts=None)
    return asked if local else ""


def checked(request: HttpRequest, form: Form, password: str) -> bool:
    """Whether the form is valid, where its field `password` asks for the person's own.

    Counted like signing in: a browser left open must not let anybody guess at leisure. Raises
    TooMany.
    """
    name, address = request.user.get_username(), address_of(request)
    BY_NAME.count(name, address)
    valid = form.is_valid()
    if password not in form.errors:
        BY_NAME.forgive(name, address)
    return valid


def too_many_tries(request: HttpRequest, too_many: TooMany) -> HttpResponse:
    """The 429 page, with the time to wait."""
    minutes = -(-too_many.wait // 60)
    answer = render(request, "accounts/too_many.html", {"minutes": minutes}, status=429)
    answer["Retry-After"] = str(too_many.wait)
    return answer


@public
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("sign_in")


@public
@never_cache
@login_required
@require_safe
def business_list(request: HttpRequest) -> HttpResponse:
    """The businesses of this person; running the platform adds none to them."""
    user: Any = request.user
    if user.must_change_password:
        return redirect("password_change")
    with context.platform("the businesses of the person who is signed in"):
        memberships = list(entrances(user))
    places = [(one.business, entrance(one.business)) for one in memberships]
    return render(request, "accounts/business_list.html", {"places": places})
