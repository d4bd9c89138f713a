"""What the till makes of the server's refusals, of shifts and voids; and that anyone can work it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import expect

from inventory.models import Variation
from sales.models import Sale, Shift
from tests.browser.conftest import OpenTill
from tests.browser.till import MUG, stock
from tests.factories import Shop

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.slow]


def test_another_price_is_shown_before_it_is_paid(open_till: OpenTill, bound: Shop) -> None:
    till = open_till()
    till.scan(MUG, "WRAP")
    expect(till.total).to_have_text("€6.50")
    Variation.objects.filter(pk=bound.mug.pk).update(price=Decimal(6))
    till.pay_exact()
    expect(till.dialog).to_contain_text("Prices have changed")
    expect(till.dialog.get_by_role("listitem").first).to_contain_text("Blue mug€5.00€6.00")
    till.shot("prices-changed")
    assert not Sale.objects.exists()
    till.press("Enter")
    expect(till.page.get_by_label("Cash given")).to_have_value("7.50")
    till.press("Enter")
    expect(till.page.get_by_text("Receipt ACM1")).to_be_visible()
    assert Sale.objects.get().total == Decimal("7.50")


def test_signed_out_in_the_middle_loses_nothing(open_till: OpenTill, bound: Shop) -> None:
    till = open_till()
    till.scan(MUG)
    expect(till.lines).to_have_count(1)
    till.page.context.clear_cookies()
    till.pay_exact()
    expect(till.page.get_by_text("You are signed out.")).to_be_visible()
    assert not Sale.objects.exists()
    till.page.get_by_role("button", name="Sign in").click()
    till.page.wait_for_url("**/sign-in/**")
    till.sign_in("cashier")
    expect(till.quantity("Blue mug", "1")).to_be_visible()
    till.pay_exact()
    expect(till.page.get_by_text("Receipt ACM1")).to_be_visible()


def test_a_shift_that_was_closed_elsewhere(open_till: OpenTill, bound: Shop) -> None:
    till = open_till()
    till.scan(MUG)
    expect(till.lines).to_have_count(1)
    Shift.objects.update(
        closed_at="2026-01-01T00:00Z", counted_cash=50, expected_cash=50, difference=0
    )
    till.pay_exact()
    expect(till.page.get_by_text("Open a shift on this register first.")).to_be_visible()
    till.open_shift()
    till.pay_exact()
    expect(till.page.get_by_text("Receipt ACM1")).to_be_visible()
    assert Sale.objects.get().shift.number == 2


def test_the_drawer_is_counted_blind(open_till: OpenTill, bound: Shop) -> None:
    till = open_till()
    till.scan(MUG)
    till.pay_exact()
    expect(till.page.get_by_text("Receipt ACM1")).to_be_visible()
    till.menu("Close the shift")
    expect(till.dialog).not_to_contain_text("55.00")
    till.page.get_by_label("Counted cash").fill("54")
    till.press("Enter")
    expect(till.dialog).to_contain_text("Difference-€1.00")
    till.shot("shift-closed")
    till.press("Enter")
    expect(till.page.get_by_role("heading", name="Open the shift")).to_be_visible()
    assert Shift.objects.get().difference == -1


def test_a_sale_is_voided_with_a_reason(open_till: OpenTill, bound: Shop) -> None:
    till = open_till("manager")
    till.scan(MUG)
    till.pay_exact()
    expect(till.page.get_by_text("Receipt ACM1")).to_be_visible()
    till.menu("Sales of this shift")
    till.dialog.get_by_role("button", name="Void").click()
    till.press("Enter")
    expect(till.dialog).to_contain_text("Say why.")
    till.page.get_by_label("Reason").fill("Wrong customer")
    till.press("Enter")
    expect(till.dialog).to_contain_text("voided")
    till.shot("sales")
    assert Sale.objects.get(kind=Sale.Kind.VOID).reason == "Wrong customer"
    assert stock(bound.mug) == 10


# -- for everyone ----------------------------------------------------------------------------------

NAMELESS = """() => {
  const named = (e) => (e.getAttribute("aria-label") || e.getAttribute("aria-labelledby")
    || [...(e.labels ?? [])].map((l) => l.textContent).join("") || e.textContent).trim();
  const visible = (e) => e.checkVisibility({ visibilityProperty: true });
  return [...document.querySelectorAll("button, a[href], input, summary, [role=option]")]
    .filter((e) => visible(e) && !named(e)).map((e) => e.outerHTML);
}"""
SMALL = """() => [...document.querySelectorAll("#till button, #till a[href], #till input, #till summary")]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }))
  .map((e) => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
  .filter(([, box]) => box.width < 44 || box.height < 44)
  .map(([html, box]) => `${Math.round(box.width)}x${Math.round(box.height)} ${html}`)"""
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize("width", [1280, 820, 390])
def test_everything_has_a_name_and_room_for_a_finger(
    open_till: OpenTill, bound: Shop, width: int
) -> None:
    till = open_till("manager", width=width)
    till.scan(MUG, "TEA")
    expect(till.lines).to_have_count(2)
    steps = [(), ("F6",), ("F7",), ("F3",), ("F4",), ("F8",), ("F9",), ("?",)]
    for keys in steps:
        till.press(*keys)
        expect(till.dialog).to_have_count(1 if keys else 0)
        assert till.evaluate(NAMELESS) == [], keys
        assert till.evaluate(SMALL) == [], keys
        assert till.evaluate(WIDER) == 0, keys
        if keys:
            till.press("Escape")
            expect(till.dialog).to_have_count(0)
            till.ready()


def test_what_happens_is_said_to_screen_readers(open_till: OpenTill, bound: Shop) -> None:
    till = open_till()
    said = till.page.locator("[data-announce]")
    till.scan("2*" + MUG)
    expect(said).to_have_text("Blue mug, 2. Total €10.00")
    till.pay_exact()
    expect(said).to_contain_text("recorded. Change €0.00")


def test_a_cashier_sees_no_button_that_is_not_theirs(open_till: OpenTill, bound: Shop) -> None:
    till = open_till()
    till.scan(MUG)
    expect(till.lines).to_have_count(1)
    expect(till.page.get_by_role("button", name="Discount", exact=True)).to_be_visible()
    expect(till.page.get_by_role("button", name="Price", exact=True)).to_have_count(0)
    till.press("F3")
    expect(till.alert).to_contain_text("You may not do this.")
