"""The navigation shows what a person may open, and nothing that does not exist."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.test import RequestFactory
from django.urls import reverse

from accounts.permissions import DEFAULT_ROLES, Permission
from pos.navigation import SECTIONS, navigation
from scripts.build_sprite import ICONS

ENTRIES = [entry for _title, entries in SECTIONS for entry in entries]


def request_of(role: str, path: str) -> Any:
    request = RequestFactory().get(path)
    held = DEFAULT_ROLES[role]
    request.membership = SimpleNamespace(can=lambda name: Permission(name) in held)  # type: ignore[attr-defined]
    return request


@pytest.fixture(autouse=True)
def _inside_a_business(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ROOT_URLCONF = "pos.business_urls"
    monkeypatch.setattr("pos.navigation.open_reviews", lambda request: 3)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_entry_leads_somewhere(entry: Any) -> None:
    assert reverse(entry.name)
    assert entry.icon in ICONS.split()
    assert entry.needs


def labels(role: str) -> set[str]:
    return {str(e.label) for section in navigation(request_of(role, "/")) for e in section.entries}


def test_owner_sees_every_entry() -> None:
    assert labels("Owner") == {str(entry.label) for entry in ENTRIES}


def test_what_waits_is_counted_at_its_entry_alone() -> None:
    sections = navigation(request_of("Owner", "/"))
    counts = {str(entry.label): entry.count for one in sections for entry in one.entries}
    assert {label: count for label, count in counts.items() if count} == {"To review": 3}


def test_cashier_sees_the_till_and_no_settings() -> None:
    seen = labels("Cashier")
    assert {"Till", "Sales", "Shifts", "Products"} <= seen
    assert seen.isdisjoint(
        {"Staff", "Roles", "Business", "Audit log", "Administration", "Dashboard"}
    )


def test_no_section_is_empty() -> None:
    sections = navigation(request_of("Cashier", "/"))
    assert sections
    assert all(section.entries for section in sections)


def test_nothing_without_a_membership() -> None:
    assert navigation(RequestFactory().get("/")) == []


def active(path: str) -> list[str]:
    sections = navigation(request_of("Owner", path))
    return [str(entry.label) for section in sections for entry in section.entries if entry.active]


def test_one_entry_is_active_on_its_page_and_below_it() -> None:
    products = reverse("product_list")
    assert active(products) == ["Products"]
    assert active(f"{products}something/edit/") == ["Products"]
    assert active("/nowhere-at-all/") == []


def test_bottom_bar_has_room_for_its_entries() -> None:
    assert 1 <= sum(entry.primary for entry in ENTRIES) <= 4
