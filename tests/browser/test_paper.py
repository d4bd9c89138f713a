"""What people print: nothing of the screen's frame, nothing folded, nothing cut off."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from sales.shifts import close_shift, expected_cash
from tests.browser.conftest import PATIENCE, OpenTill, Server
from tests.factories import Shop, make_shift
from tests.sales.selling import sell

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.slow]

#: A4 less its margins, in CSS pixels.
PAPER: ViewportSize = {"width": 680, "height": 1000}
# What sticks out to the right of the paper, and what of the fields and examples has no height.
CUT_OFF = """() => [...document.querySelectorAll("main *")]
    .filter((one) => one.getBoundingClientRect().right > innerWidth + 1
        || (one.matches("pre, td") && one.scrollWidth > one.clientWidth + 1))
    .map((one) => `${one.tagName} ${one.textContent.trim().slice(0, 40)}`)"""
FOLDED = """() => [...document.querySelectorAll("main details > :not(summary)")]
    .filter((one) => !one.checkVisibility({contentVisibilityAuto: true}))
    .map((one) => one.textContent.trim().slice(0, 40))"""


def on_paper(page: Page) -> Page:
    page.emulate_media(media="print")
    return page


def test_the_reference_is_printed_unfolded(chromium: Browser, server: Server) -> None:
    # Without scripts, which open what is folded a second time.
    page = chromium.new_page(viewport=PAPER, java_script_enabled=False)
    page.set_default_timeout(PATIENCE)
    page.goto(f"{server.url}/api/v1/docs/")
    expect(page.locator(".ref-nav")).to_be_visible()
    assert len(page.evaluate(FOLDED)) > 50
    on_paper(page)
    expect(page.locator(".ref-nav")).to_be_hidden()
    expect(page.locator(".topbar")).to_be_hidden()
    assert page.evaluate(FOLDED) == []
    assert page.evaluate(CUT_OFF) == []
    page.close()


def test_the_day_is_printed_whole(open_till: OpenTill, bound: Shop) -> None:
    shift = make_shift(bound)
    sell(bound, (bound.mug, "2"), card="10.00")
    close_shift(actor=bound.cashier, shift=shift, counted_cash=expected_cash(shift) - 1)
    page = open_till("owner").page
    # By its shift, whichever day it is by now.
    page.goto(bound.url(f"shifts/{shift.pk}/"))
    page.get_by_role("link", name="Day report").click()
    expect(page.get_by_role("button", name="Print")).to_be_visible()
    page.set_viewport_size(PAPER)
    on_paper(page)
    for gone in (".topbar", ".sidenav", ".toolbar", ".actions", ".day-head [rel=prev]"):
        expect(page.locator(gone).first).to_be_hidden()
    expect(page.get_by_text("€10.00").first).to_be_visible()
    expect(page.get_by_role("cell", name="-€1.00")).to_be_visible()
    assert page.evaluate(CUT_OFF) == []
