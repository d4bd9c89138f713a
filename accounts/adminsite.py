"""The Django admin inside a business: it shows and changes the bound business only."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, get_script_prefix, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.access import can, demand
from accounts.permissions import Permission


def outside(name: str) -> str:
    """The address of a page outside any business, asked for inside one."""
    inside = get_script_prefix()
    mount = inside[: inside.rindex("/b/") + 1] if "/b/" in inside else inside
    return mount + reverse(name, urlconf=settings.ROOT_URLCONF).removeprefix(inside)


class BusinessAdminSite(AdminSite):
    site_header = _("Administration")
    site_title = _("Tillbook")
    index_title = _("Administration")

    def has_permission(self, request: HttpRequest) -> bool:
        return can(request, Permission.ADMIN_ACCESS)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Django's, with 403 instead of a second sign-in, and times in the business's zone."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> Any:
            demand(request, Permission.ADMIN_ACCESS)
            with timezone.override(request.business.zone):
                response = inner(request, *args, **kwargs)
                # Rendered here: later the zone is the server's again.
                return response.render() if hasattr(response, "render") else response

        return guarded

    def get_urls(self) -> list[Any]:
        """Django's without the redirect to any object of any table, each view with its need."""
        urls = [url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"]
        _declare(urls)
        return urls

    def each_context(self, request: Any) -> dict[str, Any]:
        return {**super().each_context(request), "site_url": reverse("enter")}

    def get_log_entries(self, request: HttpRequest) -> Any:
        """None of Django's own: its log knows no businesses and is never written."""
        from django.contrib.admin.models import LogEntry

        return LogEntry.objects.none()

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect("admin:index" if self.has_permission(request) else "enter")

    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        # The form that signs out stands in the page and posts to the platform's own address.
        return redirect("enter")

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect(outside("password_change"))

    def password_change_done(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("admin:index")


def _declare(patterns: Iterable[Any]) -> None:
    for pattern in patterns:
        if isinstance(pattern, URLPattern):
            view: Callable[..., Any] = pattern.callback
            view.__dict__["needs"] = (Permission.ADMIN_ACCESS,)
        else:
            _declare(pattern.url_patterns)
