"""Cash in and out at the till and in the back office, and readings, as people use them."""

from __future__ import annotations

import pytest
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Membership
from sales.cash import Kind
from sales.models import CashMovement, Shift, ZReading
from tests.browser.conftest import OpenTill
from tests.factories import Shop, make_shift
from tests.sales.moving_cash import move
from tests.sales.selling import sell

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.slow]

PIN = "274951"


def shot(page: Page, name: str) -> None:
    page.screenshot(path=f"var/screenshots/cash-{name}.png", full_page=True)


def fits(page: Page) -> None:
    overflow = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not overflow, "the page is wider than the screen"


@pytest.mark.parametrize("width", [1280, 390])
def test_cash_goes_out_at_the_till(open_till: OpenTill, bound: Shop, width: int) -> None:
    till = open_till(width=width)
    till.menu("Cash in or out")
    dialog = till.dialog
    expect(dialog.get_by_label("Amount")).to_be_focused()
    till.shot("cash-in")
    dialog.get_by_role("radio", name="Paid out").check()
    expect(dialog.get_by_role("radio", name="Paid out")).to_be_checked()
    dialog.get_by_label("Amount").fill("0")
    till.press("Enter")
    expect(dialog.get_by_text("Type an amount")).to_be_visible()
    dialog.get_by_label("Amount").fill("12.50")
    dialog.get_by_label("What for").select_option("other")
    till.press("Enter")
    expect(dialog.get_by_text("Say what for.")).to_be_visible()
    dialog.get_by_label("Note").fill("Window cleaner")
    till.shot("cash-out")
    till.press("Enter")
    expect(till.page.get_by_text("Paid out €12.50: noted.")).to_be_visible()
    till.ready()
    till.shot("cash-noted")
    movement = CashMovement.objects.get()
    assert (movement.kind, movement.amount, movement.note) == ("out", -12.5, "Window cleaner")


def test_a_supervisor_agrees_to_what_is_large(open_till: OpenTill, bound: Shop) -> None:
    manager = Membership.objects.get(user=bound.manager)
    manager.pin, manager.pin_set_at = make_password(PIN, hasher="argon2"), timezone.now()
    manager.save(update_fields=["pin", "pin_set_at"])
    bound.business.settings["cash_limit"] = "100"
    bound.business.save()
    till = open_till()
    till.menu("Cash in or out")
    till.dialog.get_by_role("radio", name="To the safe").check()
    till.dialog.get_by_label("Amount").fill("250")
    till.press("Enter")
    field = till.dialog.get_by_label("PIN")
    expect(field).to_be_focused()
    till.shot("cash-large")
    field.fill(PIN)
    till.press("Enter")
    expect(till.page.get_by_text("To the safe €250.00: noted.")).to_be_visible()
    assert CashMovement.objects.get().amount == -250


def test_without_the_server_it_says_so(open_till: OpenTill, bound: Shop) -> None:
    till = open_till()
    till.page.context.set_offline(True)
    till.menu("Cash in or out")
    till.dialog.get_by_label("Amount").fill("5")
    till.press("Enter")
    expect(till.dialog.get_by_text("The server cannot be reached. Try again.")).to_be_visible()
    till.page.context.set_offline(False)
    # The same dialog again, and cash moves once.
    till.press("Enter")
    expect(till.page.get_by_text("Paid in €5.00: noted.")).to_be_visible()
    assert CashMovement.objects.count() == 1


@pytest.mark.parametrize("width", [1280, 390])
def test_the_shift_s_page_and_its_readings(open_till: OpenTill, bound: Shop, width: int) -> None:
    shift = make_shift(bound)
    sell(bound, (bound.mug, "3"))
    move(bound, shift, Kind.IN, "40", note="From the bank")
    page = open_till("owner", width=width, shift=False).page
    page.goto(bound.url(f"shifts/{shift.pk}/"))
    shot(page, f"{width}-shift")
    fits(page)
    page.get_by_role("link", name="Cash in or out").click()
    page.get_by_label("What for").select_option("out:supplier")
    page.get_by_label("Amount").fill("15.20")
    page.get_by_label("Note").fill("Milk")
    shot(page, f"{width}-form")
    fits(page)
    page.get_by_role("button", name="Note it").click()
    expect(page.get_by_text("Paid out: noted.")).to_be_visible()
    page.get_by_role("link", name="Correct", exact=True).first.click()
    shot(page, f"{width}-correct")
    page.get_by_role("button", name="Correct", exact=True).click()
    expect(page.get_by_text("Correction", exact=True)).to_be_visible()
    shot(page, f"{width}-corrected")
    page.get_by_role("link", name="X reading").click()
    expect(page.get_by_text("An X reading closes nothing.")).to_be_visible()
    shot(page, f"{width}-x")
    fits(page)
    page.goto(bound.url(f"shifts/{shift.pk}/close/"))
    page.get_by_label("Cash counted").fill("104.80")
    page.get_by_role("button", name="Close shift").click()
    page.get_by_role("link", name="Take Z reading").click()
    shot(page, f"{width}-ask")
    page.get_by_role("button", name="Take Z reading").click()
    expect(page.get_by_role("heading", name="Z reading 1")).to_be_visible()
    shot(page, f"{width}-z")
    fits(page)
    page.get_by_role("link", name="Z readings").click()
    shot(page, f"{width}-list")
    fits(page)
    page.goto(bound.url(f"shifts/{shift.pk}/"))
    expect(page.get_by_role("link", name="Z reading 1")).to_be_visible()
    shot(page, f"{width}-closed")
    shift = Shift.objects.get()
    assert (shift.expected_cash, ZReading.objects.get().total) == (105, 15)
