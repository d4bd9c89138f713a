"""The desk of refunds as people use it: by keyboard, by finger, with the sum in sight before."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from sales.models import Sale
from tests.browser.conftest import OpenTill
from tests.factories import Shop, make_shift
from tests.sales.selling import sell

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.slow]


@pytest.fixture
def sale(bound: Shop) -> Sale:
    make_shift(bound)
    return sell(bound, (bound.mug, "3"), (bound.tea, "0.5"), (bound.wrapping, "1"), customer=True)


def shot(page: Page, name: str) -> None:
    page.screenshot(path=f"var/screenshots/refund-{name}.png", full_page=True)


@pytest.mark.parametrize("width", [1280, 390])
def test_a_refund_with_its_sum_before_and_its_receipt_after(
    open_till: OpenTill, bound: Shop, sale: Sale, width: int
) -> None:
    page = open_till("owner", width=width, shift=False).page
    page.goto(bound.url(f"sales/{sale.pk}/"))
    page.get_by_role("link", name="Refund or exchange").click()
    expect(page.get_by_text("Choose what comes back: the sum")).to_be_visible()
    shot(page, f"{width}-empty")
    mugs = page.get_by_label("Blue mug")
    expect(mugs).to_be_focused()
    mugs.press_sequentially("2")
    give = page.get_by_role("button", name="Give back €10.00")
    expect(give).to_be_visible()
    page.get_by_role("button", name="One more").first.click()
    expect(page.get_by_role("button", name="Give back €15.00")).to_be_visible()
    page.get_by_role("button", name="One less").first.click()
    expect(give).to_be_visible()
    page.get_by_text("Back on the shelf").first.click()
    # Enter leads to the button and records nothing by itself.
    page.get_by_label("Reason").fill("Broken")
    page.get_by_label("Reason").press("Enter")
    expect(give).to_be_focused()
    shot(page, f"{width}-chosen")
    overflow = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not overflow, "the page is wider than the screen"
    page.evaluate("window.print = () => {}")
    give.press("Enter")
    expect(page.get_by_text("REFUND", exact=True)).to_be_visible()
    shot(page, f"{width}-receipt")
    document = Sale.objects.get(kind="refund")
    assert (document.total, document.lines.get().is_stocked) == (-10, False)
    page.goto(bound.url(f"sales/{sale.pk}/"))
    shot(page, f"{width}-sale")
    page.goto(bound.url(f"sales/{document.pk}/"))
    shot(page, f"{width}-document")


def test_all_and_none(open_till: OpenTill, bound: Shop, sale: Sale) -> None:
    page = open_till("owner", shift=False).page
    page.goto(bound.url(f"sales/{sale.pk}/refund/"))
    page.get_by_role("button", name="All", exact=True).click()
    expect(page.get_by_role("button", name="Give back €23.00")).to_be_visible()
    page.get_by_role("button", name="None", exact=True).click()
    expect(page.get_by_role("button", name="Give back")).to_be_disabled()


@pytest.mark.parametrize("width", [1280, 390])
def test_an_exchange_by_scan_and_by_search(
    open_till: OpenTill, bound: Shop, sale: Sale, width: int
) -> None:
    page = open_till("owner", width=width, shift=False).page
    page.goto(bound.url(f"sales/{sale.pk}/refund/"))
    page.get_by_label("Gift wrapping").fill("1")
    find = page.get_by_label("Add a product by name or code")
    find.press_sequentially("5901234123457")
    find.press("Enter")
    expect(page.get_by_role("button", name="Exchange and take €3.50")).to_be_visible()
    find.press_sequentially("green")
    expect(page.get_by_role("option", name="Green tea")).to_be_visible()
    shot(page, f"{width}-search")
    find.press("Enter")
    expect(page.get_by_role("button", name="Exchange and take €16.49")).to_be_visible()
    page.get_by_role("button", name="Remove").last.click()
    page.get_by_label("Reason").fill("Prefers a mug")
    page.get_by_label("Money").select_option("card")
    page.get_by_label("Reference of the card terminal").fill("T-77")
    take = page.get_by_role("button", name="Exchange and take €3.50")
    expect(take).to_be_visible()
    shot(page, f"{width}-exchange")
    take.click()
    expect(page.get_by_text("EXCHANGE", exact=True)).to_be_visible()
    document = Sale.objects.get(kind="exchange")
    assert document.payments.get().reference == "T-77"
