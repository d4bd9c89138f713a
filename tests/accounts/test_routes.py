"""One table says what each page needs: with exactly that it opens, without it, it does not."""

from __future__ import annotations

import pytest
from django.urls import get_resolver
from django.utils import timezone

from accounts.models import AuditEntry, Device, Membership
from accounts.permissions import Permission as Right
from sales.models import Pairing
from tenants.context import business
from tests.factories import Shop, signed_in

# name: (verbs, path, permission)
PAGES = {
    "enter": ("GET", "enter/", None),
    "member_list": ("GET", "people/", Right.USER_VIEW),
    "member_create": ("GET POST", "people/new/", Right.USER_CREATE),
    "member_detail": ("GET", "people/{member}/", Right.USER_VIEW),
    "member_edit": ("GET POST", "people/{member}/edit/", Right.USER_UPDATE),
    "member_deactivate": ("POST", "people/{member}/deactivate/", Right.USER_DELETE),
    "member_reactivate": ("POST", "people/{member}/reactivate/", Right.USER_DELETE),
    "member_password": ("POST", "people/{member}/password/", Right.USER_UPDATE),
    "member_pin": ("GET POST", "people/{member}/pin/", Right.USER_UPDATE),
    "member_pin_remove": ("POST", "people/{member}/pin/remove/", Right.USER_UPDATE),
    "member_pin_unlock": ("POST", "people/{member}/pin/unlock/", Right.USER_UPDATE),
    "own_pin": ("GET POST", "pin/", None),
    "own_pin_remove": ("POST", "pin/remove/", None),
    "role_list": ("GET", "roles/", Right.ROLE_VIEW),
    "role_create": ("GET POST", "roles/new/", Right.ROLE_CREATE),
    "role_detail": ("GET", "roles/{role}/", Right.ROLE_VIEW),
    "role_edit": ("GET POST", "roles/{role}/edit/", Right.ROLE_UPDATE),
    "role_delete": ("POST", "roles/{role}/delete/", Right.ROLE_DELETE),
    "business_settings": ("GET", "settings/", Right.BUSINESS_SETTINGS_VIEW),
    "business_edit": ("GET POST", "settings/edit/", Right.BUSINESS_SETTINGS_EDIT),
    "location_list": ("GET", "locations/", Right.LOCATION_VIEW),
    "location_create": ("GET POST", "locations/new/", Right.LOCATION_CREATE),
    "location_detail": ("GET", "locations/{location}/", Right.LOCATION_VIEW),
    "location_edit": ("GET POST", "locations/{location}/edit/", Right.LOCATION_UPDATE),
    "audit_list": ("GET", "audit/", Right.AUDIT_LOG_VIEW),
    "device_list": ("GET", "devices/", Right.DEVICE_VIEW),
    "device_create": ("GET POST", "devices/new/", Right.DEVICE_CREATE),
    "program_create": ("GET POST", "devices/programs/new/", Right.DEVICE_CREATE),
    "pairing_state": ("GET", "pairings/{pairing}/", Right.DEVICE_CREATE),
    "device_detail": ("GET", "devices/{device}/", Right.DEVICE_VIEW),
    "device_roll": ("POST", "devices/{device}/roll/", Right.DEVICE_CREATE),
    "device_revoke": ("POST", "devices/{device}/revoke/", Right.DEVICE_REVOKE),
}
GUARDED = [name for name, (_verbs, _path, right) in PAGES.items() if right]
VERBS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def address(shop: Shop, name: str, slug: str = "acme") -> str:
    with business(shop.business):
        member = Membership.objects.get(user=shop.cashier)
        device, _made = Device.objects.get_or_create(
            name="Tablet",
            defaults={"location": shop.market, "membership": member, "token_hash": "0" * 64},
        )
        pairing, _made = Pairing.objects.get_or_create(
            name="Tablet",
            defaults={
                "register": shop.register,
                "membership": member,
                "made_by": member,
                "code_hash": "0" * 22,
                "expires_at": timezone.now() + Pairing.LASTS,
            },
        )
    ids = {"member": member.pk, "role": shop.roles["Cashier"].pk, "location": shop.market.pk}
    return f"/b/{slug}/" + PAGES[name][1].format(device=device.pk, pairing=pairing.pk, **ids)


def client_with(shop: Shop, rights: set[Right]):
    """The viewer, with just these rights."""
    with business(shop.business):
        role = shop.roles["Viewer"]
        role.permissions = sorted(rights)
        role.save()
    return signed_in(shop.people["Viewer"])


def test_the_table_holds_every_page():
    devices = ("devices", "pairing", "programs")
    ours = ("accounts.", *(f"sales.views.{module}" for module in devices))
    names = {
        pattern.name
        for resolver in get_resolver("pos.business_urls").url_patterns
        for pattern in _flat(resolver)
        if pattern.callback.__module__.startswith(ours)
        and pattern.callback.__module__ != "accounts.adminsite"
        # Those of the API are walked in tests/api/test_doors.py.
        and not pattern.callback.__module__.startswith("accounts.api")
    }
    assert {name for name in names if name} == set(PAGES)


def _flat(resolver):
    if hasattr(resolver, "url_patterns"):
        if getattr(resolver, "app_name", "") == "admin":
            return
        for inner in resolver.url_patterns:
            yield from _flat(inner)
    else:
        yield resolver


@pytest.mark.parametrize("name", PAGES)
def test_with_the_right_it_opens(shop, name):
    verbs, _path, right = PAGES[name]
    client = client_with(shop, {right} if right else set())
    verb = verbs.split()[0]
    answer = client.generic(verb, address(shop, name))
    # Acting upon somebody with more rights is refused with a message, on the way back.
    assert answer.status_code in {200, 302}
    if answer.status_code == 302:
        assert answer["Location"].startswith("/b/acme/")


@pytest.mark.parametrize("name", GUARDED)
def test_with_every_other_right_it_stays_shut(shop, name):
    verbs, _path, right = PAGES[name]
    client = client_with(shop, set(Right) - {right})
    with business(shop.business):
        before = AuditEntry.objects.count()
    for verb in verbs.split():
        assert client.generic(verb, address(shop, name)).status_code == 403, verb
    with business(shop.business):
        assert AuditEntry.objects.count() == before


@pytest.mark.parametrize("name", PAGES)
def test_wrong_verbs(shop, owner, name):
    for verb in VERBS - set(PAGES[name][0].split()):
        assert owner.generic(verb, address(shop, name)).status_code == 405, verb


@pytest.mark.parametrize("name", PAGES)
def test_strangers_and_signed_out_people(shop, stranger, client, name):
    for verb in VERBS:
        assert stranger.generic(verb, address(shop, name)).status_code == 404
    assert client.get(address(shop, name))["Location"].startswith("/sign-in/?next=/b/acme/")


@pytest.mark.parametrize("name", [n for n in PAGES if "{" in PAGES[n][1]])
def test_what_is_another_business_s_is_nowhere(shop, stranger, name):
    for verb in PAGES[name][0].split():
        assert stranger.generic(verb, address(shop, name, "rival")).status_code == 404
