"""Without a line: the till numbers, prints and hands in later; a manager sees what did not fit."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from inventory.models import Variation
from sales.models import ReviewItem, Sale
from tests.browser.conftest import OpenTill, Server
from tests.browser.till import MUG, SCREENSHOTS, stock
from tests.factories import Shop
from tests.sales.offline_sales import offline_body, offline_line

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.slow]

PRINTED = "() => { window.printed = 0; window.print = () => (window.printed += 1); }"


def shot(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", animations="disabled", full_page=True)


@pytest.mark.parametrize("width", [1280, 390])
def test_sales_made_offline_come_in_under_their_numbers(
    open_till: OpenTill, bound: Shop, server: Server, width: int
) -> None:
    till = open_till(width=width)
    page = till.page
    till.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    till.scan(MUG)
    expect(till.lines).to_have_count(1)
    server.stop()
    # The first one finds out that nobody answers, and has no number yet.
    till.pay_exact()
    expect(till.outbox()).to_contain_text("1")
    expect(till.dialog).to_have_count(0)
    expect(page.get_by_text("Receipt ACM1-AA")).to_have_count(0)
    # The second is made without asking, under the till's own number.
    till.scan(MUG)
    expect(till.lines).to_have_count(1)
    till.pay_exact()
    expect(page.get_by_text("Receipt ACM1-AA000001")).to_be_visible()
    expect(till.outbox()).to_contain_text("2")
    till.shot("offline-sale")
    assert till.fits()
    # Its receipt is printed from here.
    till.evaluate(PRINTED)
    page.get_by_role("button", name="Print").click()
    page.wait_for_function("() => window.printed === 1")
    page.emulate_media(media="print")
    expect(page.locator(".paper")).to_be_visible()
    expect(page.locator(".paper")).to_contain_text("ACM1-AA000001")
    expect(page.locator(".paper")).to_contain_text("5.00")
    expect(page.locator(".till-head")).to_be_hidden()
    till.shot("offline-receipt")
    page.emulate_media(media="screen")
    page.reload()
    expect(till.outbox()).to_contain_text("2")
    till.scan(MUG)
    Variation.objects.filter(pk=bound.mug.pk).update(price=6)
    server.start()
    expect(till.outbox()).to_have_count(0)
    expect(page.get_by_text("left for a manager to look at")).to_be_visible()
    till.shot("handed-in")
    assert till.fits()
    assert sorted(Sale.objects.values_list("number", "is_offline")) == [
        ("ACM1-000001", True),
        ("ACM1-AA000001", True),
    ]
    assert [one.codes for one in ReviewItem.objects.all()] == [["price_changed"]] * 2
    assert stock(bound.mug) == 8
    # What the next page does goes on in the same series.
    page.reload()
    till.ready()
    assert Sale.objects.count() == 2


@pytest.mark.parametrize("width", [1280, 390])
def test_a_manager_looks_at_them(
    open_till: OpenTill, bound: Shop, server: Server, width: int
) -> None:
    till = open_till("manager", width=width)
    page = till.page
    post = """async ([path, sales]) => {
      const csrf = document.cookie.match(/csrftoken=([^;]+)/)[1];
      const headers = {"Content-Type": "application/json", "X-CSRFToken": csrf};
      const body = JSON.stringify({sales});
      const answer = await fetch(path, {method: "POST", headers, body});
      return (await answer.json()).results.map((one) => one.status);
    }"""
    odd = offline_line(bound.mug, "12", unit_price="4.00", tax_rate="5")
    unknown = {**offline_line(bound.mug), "variation": str(bound.register.pk)}
    bodies = [
        offline_body(bound, odd, total="48.00"),
        offline_body(bound, unknown, note="By the door"),
        offline_body(bound, total="4.00"),
        {**offline_body(bound), "total": 5.5},
    ]
    answers = page.evaluate(post, [bound.url("api/v1/sales/batch"), bodies])
    assert answers == ["recorded_with_remarks", "held", "held", "held"]
    page.goto(bound.url("review/"))
    shot(page, f"review-list-{width}")
    for number, item in enumerate(ReviewItem.objects.order_by("created_at")):
        page.goto(bound.url(f"review/{item.pk}/"))
        shot(page, f"review-{number}-{width}")
    held = ReviewItem.objects.get(request_id=bodies[1]["id"])
    page.goto(bound.url(f"review/{held.pk}/"))
    page.get_by_label("Product of line 1").fill("MUG-1")
    page.get_by_role("button", name="Record", exact=True).click()
    expect(page.get_by_text("Recorded as ACM1-")).to_be_visible()
    assert Sale.objects.count() == 2
    page.goto(bound.url(f"review/{held.pk}/"))
    shot(page, f"review-settled-{width}")
