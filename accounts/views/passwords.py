"""Changing one's password, and choosing a new one when it is forgotten."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts import passwords
from accounts.access import public
from accounts.forms.sign_in import NewPasswordForm, PasswordChangeForm, ResetForm
from accounts.limits import Limit, TooMany, address_of
from accounts.views.sign_in import checked, safe_next, too_many_tries

RESETS_BY_ADDRESS = Limit("resets", 10)
RESETS_BY_EMAIL = Limit("reset", 3)

# Where the token of a reset link waits while its page is open, so that the address bar, the
# history and the Referer header show none.
TOKEN_IN_SESSION = "password_reset_token"  # noqa: S105
TOKEN_PLACE = "new"  # noqa: S105


@public
@never_cache
@sensitive_post_parameters()
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def password_change(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    onward = safe_next(request)
    form = PasswordChangeForm(user, request.POST or None)
    if request.method == "POST":
        try:
            valid = checked(request, form, "old")
        except TooMany as too_many:
            return too_many_tries(request, too_many)
        if valid:
            passwords.change(user, form.cleaned_data["password"])
            update_session_auth_hash(request, user)
            messages.success(request, _("Your password is changed. Other devices are signed out."))
            return redirect(onward or "business_list")
    context = {"form": form, "next": onward, "forced": user.must_change_password}
    return render(request, "accounts/password_change.html", context)


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def password_reset(request: HttpRequest) -> HttpResponse:
    form = ResetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        email = form.cleaned_data["email"]
        try:
            RESETS_BY_ADDRESS.count(address_of(request))
        except TooMany as too_many:
            return too_many_tries(request, too_many)
        try:
            RESETS_BY_EMAIL.count(email)
        except TooMany:
            email = ""  # The same answer, and no mailbox is flooded.
        passwords.ask_for_reset(
            email,
            link=lambda *parts: request.build_absolute_uri(
                reverse("password_reset_confirm", args=parts)
            ),
        )
        return redirect("password_reset_done")
    return render(request, "accounts/password_reset.html", {"form": form})


@public
@require_safe
def password_reset_done(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/password_reset_done.html")


@public
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password_reset_confirm(request: HttpRequest, uid: str, token: str) -> HttpResponse:
    if token != TOKEN_PLACE:
        if passwords.user_of_link(uid, token) is None:
            return render(request, "accounts/password_reset_invalid.html", status=404)
        request.session[TOKEN_IN_SESSION] = token
        return redirect("password_reset_confirm", uid, TOKEN_PLACE)
    user = passwords.user_of_link(uid, request.session.get(TOKEN_IN_SESSION, ""))
    if user is None:
        return render(request, "accounts/password_reset_invalid.html", status=404)
    form = NewPasswordForm(user, request.POST or None)
    if request.method == "POST" and form.is_valid():
        passwords.change(user, form.cleaned_data["password"])
        request.session.flush()
        return redirect("password_reset_complete")
    return render(request, "accounts/password_reset_confirm.html", {"form": form})


@public
@require_safe
def password_reset_complete(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/password_reset_complete.html")
