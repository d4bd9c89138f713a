"""A supervisor at the till: a discount and a void that the cashier may not give alone; and the
pages by which devices and PINs come about, as they look."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Membership
from sales.models import Sale
from tests.api.calls import post
from tests.browser.conftest import OpenTill
from tests.browser.till import MUG, Till
from tests.factories import Shop

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.slow]

PIN = "274951"


@pytest.fixture
def supervised(bound: Shop) -> Shop:
    """The manager has a PIN; the cashier may neither give discounts nor void."""
    manager = Membership.objects.get(user=bound.manager)
    # Hashed as the server does it, and not as the tests do.
    manager.pin, manager.pin_set_at = make_password(PIN, hasher="argon2"), timezone.now()
    manager.save(update_fields=["pin", "pin_set_at"])
    role = bound.roles["Cashier"]
    role.permissions = [one for one in role.permissions if not one.startswith("sell.discount")]
    role.save()
    return bound


def approve(till: Till, pin: str = PIN) -> None:
    field = till.dialog.get_by_label("PIN")
    expect(field).to_be_visible()
    # One person alone may approve it: only the PIN is missing.
    expect(till.dialog.get_by_label("Supervisor")).not_to_have_value("")
    expect(field).to_be_focused()
    field.fill(pin)
    till.press("Enter")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_discount_and_a_void_with_a_supervisor_s_pin(
    open_till: OpenTill, supervised: Shop, width: int
) -> None:
    till = open_till(width=width)
    till.scan(MUG)
    expect(till.quantity("Blue mug", "1")).to_be_visible()
    till.press("F7")
    expect(till.dialog.get_by_text("a supervisor approves it with their PIN")).to_be_visible()
    till.page.get_by_role("textbox", name="Percent").fill("10")
    till.shot("discount-to-approve")
    till.press("Enter")
    expect(till.total).to_have_text("€4.50")

    till.press("F9")
    approve(till, "999999")
    expect(till.dialog.get_by_text("Tries left: 4")).to_be_visible()
    till.shot("wrong-pin")
    approve(till)
    expect(till.page.get_by_label("Cash given")).to_have_value("4.50")
    till.press("Enter")
    expect(till.change).to_have_text("€4.50")
    sale = Sale.objects.get()
    assert (sale.operator, str(sale.total)) == (supervised.cashier, "4.5000")

    till.menu("Sales of this shift")
    till.dialog.get_by_role("button", name="Void").click()
    till.page.get_by_label("Reason").fill("Came back")
    till.press("Enter")
    approve(till)
    expect(till.dialog.get_by_text("voided")).to_be_visible()
    assert Sale.objects.filter(kind=Sale.Kind.VOID).count() == 1


def test_without_anybody_to_ask_the_till_offers_nothing(
    open_till: OpenTill, supervised: Shop
) -> None:
    Membership.objects.update(pin="", pin_set_at=None)
    till = open_till()
    till.scan(MUG)
    expect(till.quantity("Blue mug", "1")).to_be_visible()
    expect(till.page.get_by_role("button", name="Discount", exact=True)).to_have_count(0)
    till.press("F7")
    expect(till.alert).to_contain_text("may not")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_terminal_is_paired_while_the_page_looks_on(
    open_till: OpenTill, supervised: Shop, server: object, width: int
) -> None:
    till = open_till("owner", width=width)
    page = till.page
    page.goto(supervised.url("devices/new/"))
    till.shot("device-form")
    page.get_by_role("button", name="Show the code").click()
    code = page.locator("output.code").inner_text()
    expect(page.get_by_text("Waiting for the terminal…")).to_be_visible()
    expect(page.locator("svg.qr")).to_be_visible()
    till.shot("pairing")
    told = post(Client(), "/api/v1/pair", {"code": code, "name": "Sunmi V2", "version": "4.1"})
    assert told.status_code == 201
    expect(page.get_by_role("link", name="Sunmi V2")).to_be_visible()
    till.shot("paired")
    page.get_by_role("link", name="Sunmi V2").click()
    expect(page.get_by_text("Everybody with a PIN")).to_be_visible()
    till.shot("device")
    page.goto(supervised.url("devices/programs/new/"))
    till.shot("program-form")
    page.get_by_label("Name").fill("Web shop")
    page.get_by_label("See customers", exact=True).check()
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_label("Token")).to_have_value(re.compile("^tb_"))
    till.shot("token")
    page.goto(supervised.url("devices/"))
    till.shot("devices")
    page.goto(supervised.url("pin/"))
    till.shot("own-pin")
    member = Membership.objects.get(user=supervised.cashier)
    page.goto(supervised.url(f"people/{member.pk}/"))
    till.shot("person")
    page.goto(supervised.url(f"people/{member.pk}/pin/"))
    till.shot("person-pin")
    page.goto(supervised.url(f"registers/{supervised.register.pk}/"))
    till.shot("register")
