"""The navigation inside a business: which pages there are, and which of them a person may open."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission
from sales.keeping import open_reviews

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """A page by the name of its URL. One of `needs` is enough to see it."""

    name: str
    label: str | Promise
    icon: str
    needs: tuple[Permission, ...]
    primary: bool = False  # Stands in the bottom bar of a phone, too.


@dataclass(frozen=True)
class Link:
    """An entry that this person may open, as the templates show it."""

    label: str | Promise
    url: str
    icon: str
    primary: bool
    active: bool = False
    count: int = 0  # What waits there for this person.


@dataclass(frozen=True)
class Section:
    """Pages under one title; the first section has none."""

    title: str | Promise
    entries: list[Link]


P = Permission
SECTIONS: tuple[tuple[str | Promise, tuple[Entry, ...]], ...] = (
    (
        "",
        (
            Entry(
                "dashboard", _("Dashboard"), "layout-dashboard", (P.DASHBOARD_VIEW,), primary=True
            ),
            Entry("best_sellers", _("Best sellers"), "chart-column", (P.REPORT_SALES_VIEW,)),
        ),
    ),
    (
        _("Sell"),
        (
            Entry("till", _("Till"), "scan-barcode", (P.SELL_CREATE,), primary=True),
            Entry("sale_list", _("Sales"), "receipt", (P.SELL_VIEW, P.SELL_VIEW_OWN), primary=True),
            Entry("review_list", _("To review"), "inbox", (P.SELL_REVIEW,)),
            Entry("shift_list", _("Shifts"), "clock", (P.SHIFT_VIEW, P.SHIFT_VIEW_ALL)),
        ),
    ),
    (
        _("Catalogue"),
        (
            Entry("product_list", _("Products"), "package", (P.PRODUCT_VIEW,), primary=True),
            Entry("category_list", _("Categories"), "folder-tree", (P.PRODUCT_CATEGORY_VIEW,)),
            Entry("brand_list", _("Brands"), "tag", (P.PRODUCT_BRAND_VIEW,)),
            Entry("unit_list", _("Units"), "ruler", (P.PRODUCT_UNIT_VIEW,)),
            Entry("tax_rate_list", _("Tax rates"), "percent", (P.TAX_RATE_VIEW,)),
        ),
    ),
    (
        _("Stock"),
        (
            Entry("stock_list", _("Stock levels"), "boxes", (P.STOCK_VIEW,)),
            Entry("low_stock", _("Low stock"), "triangle-alert", (P.STOCK_VIEW,)),
            Entry(
                "correction_list", _("Corrections"), "pencil-line", (P.INVENTORY_CORRECTION_VIEW,)
            ),
        ),
    ),
    (
        _("People"),
        (
            Entry("customer_list", _("Customers"), "users", (P.CUSTOMER_VIEW,)),
            Entry("supplier_list", _("Suppliers"), "truck", (P.SUPPLIER_VIEW,)),
            Entry("member_list", _("Staff"), "user", (P.USER_VIEW,)),
            Entry("role_list", _("Roles"), "shield", (P.ROLE_VIEW,)),
        ),
    ),
    (
        _("Settings"),
        (
            Entry("business_settings", _("Business"), "store", (P.BUSINESS_SETTINGS_VIEW,)),
            Entry("location_list", _("Locations"), "map-pin", (P.LOCATION_VIEW,)),
            Entry("register_list", _("Registers"), "monitor", (P.REGISTER_VIEW,)),
            Entry("device_list", _("Devices"), "smartphone", (P.DEVICE_VIEW,)),
            Entry("api_use", _("API use"), "chart-column", (P.API_USE_VIEW,)),
            Entry("webhook_list", _("Webhooks"), "external-link", (P.WEBHOOK_MANAGE,)),
            Entry("data_home", _("Import and export"), "upload", (P.DATA_IMPORT, P.DATA_EXPORT)),
            Entry("audit_list", _("Audit log"), "history", (P.AUDIT_LOG_VIEW,)),
            Entry("admin:index", _("Administration"), "wrench", (P.ADMIN_ACCESS,)),
        ),
    ),
)


def navigation(request: HttpRequest) -> list[Section]:
    """The sections with at least one page that the request's membership may open.

    At most one link is active: the one whose address begins the request's path and is longest.
    """
    membership = getattr(request, "membership", None)
    if membership is None:
        return []
    urls = {e.name: _url(e) for _title, entries in SECTIONS for e in entries if _may(membership, e)}
    active = _active(request.path, [url for url in urls.values() if url])
    counts = {"review_list": open_reviews(request)} if urls.get("review_list") else {}
    sections = []
    for title, entries in SECTIONS:
        links = [
            Link(
                entry.label,
                url,
                entry.icon,
                entry.primary,
                active=url == active,
                count=counts.get(entry.name, 0),
            )
            for entry in entries
            if (url := urls.get(entry.name))
        ]
        if links:
            sections.append(Section(title, links))
    return sections


def _may(membership: Any, entry: Entry) -> bool:
    return any(membership.can(permission) for permission in entry.needs)


def _url(entry: Entry) -> str | None:
    """None, and a line in the log, for a page that does not exist: a test allows none of them,
    and one missing page must not take all the others down."""
    try:
        return reverse(entry.name)
    except NoReverseMatch:
        logger.error("The navigation names an unknown page: %s", entry.name)
        return None


def _active(path: str, urls: list[str]) -> str | None:
    # The business's own root begins every path, so it counts only when it is the path.
    root = get_script_prefix()
    matches = [url for url in urls if path == url or (url != root and path.startswith(url))]
    return max(matches, key=len, default=None)
