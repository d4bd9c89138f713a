"""A day at the till: scanning, changing the ticket, taking the money."""

from __future__ import annotations

from decimal import Decimal

import pytest
from playwright.sync_api import Route, expect

from sales.models import Payment, Sale, Shift
from sales.shifts import expected_cash
from tenants.formats import money
from tests.browser.conftest import OpenTill
from tests.browser.till import MUG, Till, stock
from tests.factories import Shop, make_product, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.slow]


@pytest.mark.parametrize("width", [1280, 390])
def test_sell_three_products_pay_cash_and_print(
    open_till: OpenTill, bound: Shop, width: int
) -> None:
    till = open_till(width=width, shift=False)
    expect(till.page.get_by_role("heading", name="Open the shift")).to_be_visible()
    till.shot("open-shift")
    till.open_shift("50")
    till.shot("ready")

    till.scan(MUG, MUG)
    till.page.keyboard.type("gift", delay=60)
    expect(till.page.get_by_role("option", name="Gift wrapping")).to_be_visible()
    till.shot("search")
    till.press("Enter")
    till.scan("0.5*TEA")
    expect(till.quantity("Blue mug", "2")).to_be_visible()
    expect(till.quantity("Green tea", "0.5")).to_be_visible()
    expect(till.lines).to_have_count(3)
    till.shot("lines")

    till.press("F7")
    till.page.get_by_role("textbox", name="Percent").fill("10")
    till.shot("discount")
    till.press("Enter")
    # 10.00 + 1.50 + half of 12.99 (6.50) less 10% of it (0.65)
    expect(till.total).to_have_text("€17.35")
    till.shot("ticket")

    till.press("F9")
    expect(till.page.get_by_label("Cash given")).to_have_value("17.35")
    till.shot("pay")
    till.press("Enter")
    expect(till.change).to_have_text("€17.35")
    sale = Sale.objects.get()
    expect(till.page.get_by_text(f"Receipt {sale.number}")).to_be_visible()
    till.shot("done")

    with till.page.expect_popup() as popup:
        till.page.get_by_role("button", name="Print").click()
    receipt = popup.value
    expect(receipt.get_by_text(sale.number).first).to_be_visible()
    receipt.screenshot(path=f"var/screenshots/till-{width}-receipt.png")
    receipt.close()

    assert sale.total == Decimal("17.35")
    assert [line.quantity for line in sale.lines.order_by("line")] == [2, 1, Decimal("0.5")]
    assert stock(bound.mug) == 8
    assert stock(bound.tea) == 4
    assert expected_cash(Shift.objects.get()) == Decimal("67.35")
    for page in ("", "sales/"):
        answer = signed_in(bound.owner).get(bound.url(page))
        assert answer.status_code == 200
        assert money(sale.total, bound.business) in answer.content.decode(), page

    till.scan(MUG)
    expect(till.change).to_have_count(0)
    expect(till.lines).to_have_count(1)


def test_change_is_shown_large_and_the_notes_are_one_click(
    open_till: OpenTill, bound: Shop
) -> None:
    till = open_till()
    till.scan("3*" + MUG)
    expect(till.total).to_have_text("€15.00")
    till.press("F9")
    till.page.get_by_role("button", name="€20.00").click()
    expect(till.page.locator("[data-outcome]")).to_have_text("€5.00")
    till.press("Enter")
    expect(till.change).to_have_text("€5.00")
    payment = Payment.objects.get()
    assert (payment.amount, payment.tendered, payment.change) == (15, 20, 5)


def test_what_was_paid_is_rounded_to_coins(open_till: OpenTill, bound: Shop) -> None:
    bound.business.cash_step = Decimal("0.05")
    bound.business.save(update_fields=["cash_step"])
    make_product("Ribbon", sku="RIBBON", price="4.24", is_stocked=False)
    till = open_till()
    till.scan("RIBBON")
    till.pay_exact()
    expect(till.page.get_by_text("Receipt ACM1")).to_be_visible()
    expect(till.change).to_have_text("€4.25")
    assert Payment.objects.get().amount == Decimal("4.25")


def test_several_payments_in_one_sale(open_till: OpenTill, bound: Shop) -> None:
    till = open_till()
    till.scan("2*" + MUG)
    till.press("F9")
    # It opens once the scan was looked up.
    expect(till.page.get_by_label("Cash given")).to_have_value("10.00")
    till.page.keyboard.type("4")
    till.press("Enter")
    expect(till.page.locator("[data-due]")).to_have_text("€6.00")
    expect(till.page.get_by_role("radio", name="Card")).to_be_checked()
    till.page.get_by_label("Last 4 digits").fill("4242")
    till.press("Enter")
    expect(till.page.get_by_text("Receipt ACM1")).to_be_visible()
    assert [(p.method, p.amount, p.card_last4) for p in Payment.objects.order_by("line")] == [
        ("cash", 4, ""),
        ("card", 6, "4242"),
    ]


def test_keys_alone_do_everything_to_a_line(open_till: OpenTill, bound: Shop) -> None:
    till = open_till("manager")
    till.scan(MUG, "WRAP")
    expect(till.lines).to_have_count(2)
    till.press("ArrowUp", "F6")
    till.page.keyboard.type("4")
    till.press("Enter")
    expect(till.quantity("Blue mug", "4")).to_be_visible()
    till.press("ArrowLeft")
    expect(till.quantity("Blue mug", "3")).to_be_visible()
    till.press("F3")
    till.page.keyboard.type("4,50")
    till.press("Enter")
    expect(till.total).to_have_text("€15.00")
    till.press("F8")
    till.page.keyboard.type("10")
    till.press("Enter")
    expect(till.total).to_have_text("€13.50")
    till.press("ArrowDown", "Delete")
    expect(till.lines).to_have_count(1)
    till.press("F4")
    till.page.get_by_role("searchbox", name="Name or phone number").fill("carla")
    expect(till.page.get_by_role("option", name="Carla")).to_be_visible()
    till.press("Enter")
    till.pay_exact()
    expect(till.page.get_by_text("Receipt ACM1")).to_be_visible()
    sale = Sale.objects.get()
    assert (sale.total, sale.customer) == (Decimal("12.15"), bound.customer)


# -- scans -----------------------------------------------------------------------------------------

LOOKUP = "**/items/lookup*"


def release(till: Till, held: list[Route], count: int) -> None:
    """Let so many requests, which are on their way, go on to the server."""
    while len(held) < count:
        till.page.wait_for_timeout(20)
    while held:
        held.pop(0).continue_()


def test_quick_scans_are_never_lost_nor_reordered(open_till: OpenTill, bound: Shop) -> None:
    codes = []
    for number in range(12):
        make_product(f"Cup {number}", sku=f"CUP-{number}", is_stocked=False, unit=bound.piece)
        codes.append(f"CUP-{number}")
    till = open_till()
    codes.insert(5, "0000000000000")
    till.scan(*codes)
    expect(till.lines).to_have_count(12)
    expect(till.page.locator(".pending")).to_have_count(0)
    names = till.page.locator(".line .what strong").all_inner_texts()
    assert names == [f"Cup {number}" for number in range(12)]


def test_an_unknown_code_is_said_and_the_next_scan_counts(open_till: OpenTill, bound: Shop) -> None:
    till = open_till()
    till.scan("9999999999999")
    expect(till.alert).to_contain_text("Unknown code: 9999999999999")
    expect(till.field).to_have_value("")
    till.scan(MUG)
    expect(till.quantity("Blue mug", "1")).to_be_visible()
    expect(till.alert).to_have_count(0)


def test_nobody_pays_before_the_last_scan_was_found(open_till: OpenTill, bound: Shop) -> None:
    till = open_till(copies=False)
    held: list[Route] = []
    till.page.route(LOOKUP, lambda route: held.append(route))
    with till.page.expect_request(LOOKUP):
        till.scan("WRAP")
    till.press("F9", "Enter")
    till.page.keyboard.type("20")
    release(till, held, 1)
    expect(till.page.locator("[data-outcome]")).to_have_text("€18.50")
    assert not Sale.objects.exists()
    till.press("Escape")
    with till.page.expect_request(lambda request: "code=9999" in request.url):
        till.scan(MUG, "9999999999999")
    till.press("F9", "Enter")
    release(till, held, 2)
    expect(till.alert).to_contain_text("Unknown code: 9999999999999")
    expect(till.dialog).to_have_count(0)
    assert not Sale.objects.exists()


@pytest.mark.parametrize("is_slow", [False, True])
def test_a_scan_into_the_amount_is_a_line_and_no_money(
    open_till: OpenTill, bound: Shop, is_slow: bool
) -> None:
    """Also when the scan before it is still looked up as the payment opens."""
    till = open_till(copies=False)
    held: list[Route] = []
    if is_slow:
        till.page.route(LOOKUP, lambda route: held.append(route))
        with till.page.expect_request(LOOKUP):
            till.scan("WRAP")
    else:
        till.scan("WRAP")
        expect(till.lines).to_have_count(1)
    till.press("F9")
    expect(till.dialog).to_be_visible()
    till.scan(MUG)
    if is_slow:
        release(till, held, 2)
    expect(till.lines.locator(".what strong")).to_have_text(["Gift wrapping", "Blue mug"])
    expect(till.dialog).to_have_count(0)
    assert not Sale.objects.exists()


def test_a_code_typed_slowly_into_the_amount_is_no_money_either(
    open_till: OpenTill, bound: Shop
) -> None:
    till = open_till()
    till.scan("WRAP")
    till.press("F9")
    expect(till.page.get_by_label("Cash given")).to_have_value("1.50")
    till.page.keyboard.type(MUG, delay=60)
    till.press("Enter")
    expect(till.quantity("Blue mug", "1")).to_be_visible()
    assert not Sale.objects.exists()
