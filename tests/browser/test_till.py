"""A day at the till: everything a cashier does, and everything that goes wrong meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from playwright.sync_api import Route, expect

from inventory.models import StockLevel, Variation
from sales.models import Payment, Register, Sale, Shift
from sales.shifts import expected_cash
from tenants.context import business
from tenants.formats import money
from tests.browser.conftest import OpenTill, Server
from tests.browser.till import MUG, Till
from tests.factories import Shop, make_product, signed_in

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.slow]

SALES = "**/api/v1/sales"


@pytest.fixture
def bound(till_shop: Shop) -> Iterator[Shop]:
    with business(till_shop.business):
        yield till_shop


def stock(variation: Variation) -> Decimal:
    return StockLevel.objects.get(variation=variation).quantity


# -- the story -------------------------------------------------------------------------------------


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


def test_several_payments_in_one_sale(open_till: OpenTill, bound: Shop) -> None:
    till = open_till()
    till.scan("2*" + MUG)
    till.press("F9")
    till.page.keyboard.type("4")
    till.press("Enter")
    expect(till.page.locator("[data-due]")).to_have_text("€6.00")
    expect(till.page.get_by_role("radio", name="Card")).to_be_checked()
    till.page.get_by_label("Last 4 digits").fill("4242")
    till.press("Enter")
    expect(till.page.get_by_text("Receipt ACM1")).to_be_visible()
    assert [(p.method, p.amount, p.card_last4) for p in Payment.objects.order_by("pk")] == [
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
    till = open_till()

    def slowly(route: Route) -> None:
        till.page.wait_for_timeout(400)
        route.continue_()

    till.page.route("**/items/lookup*", slowly)
    till.scan("WRAP")
    till.press("F9", "Enter")
    till.page.keyboard.type("20")
    expect(till.page.locator("[data-outcome]")).to_have_text("€18.50")
    assert not Sale.objects.exists()
    till.press("Escape")
    till.scan(MUG, "9999999999999")
    till.press("F9", "Enter")
    expect(till.alert).to_contain_text("Unknown code: 9999999999999")
    expect(till.dialog).to_have_count(0)
    assert not Sale.objects.exists()


def test_a_scan_into_the_amount_is_a_line_and_no_money(open_till: OpenTill, bound: Shop) -> None:
    till = open_till()
    till.scan("WRAP")
    till.press("F9")
    expect(till.dialog).to_be_visible()
    till.scan(MUG)
    expect(till.quantity("Blue mug", "1")).to_be_visible()
    assert not Sale.objects.exists()


# -- exactly once ----------------------------------------------------------------------------------


def test_a_second_enter_makes_no_second_sale(open_till: OpenTill, bound: Shop) -> None:
    till = open_till()

    def slowly(route: Route) -> None:
        till.page.wait_for_timeout(300)
        route.continue_()

    till.page.route(SALES, slowly)
    till.scan(MUG)
    expect(till.lines).to_have_count(1)
    till.press("F9", "Enter", "Enter")
    till.page.locator(".complete").dblclick(force=True, no_wait_after=True)
    expect(till.page.get_by_text("Receipt ACM1")).to_be_visible()
    till.page.wait_for_timeout(300)
    assert Sale.objects.count() == 1
    assert stock(bound.mug) == 9


def test_a_lost_answer_makes_one_sale(open_till: OpenTill, bound: Shop) -> None:
    till = open_till()
    lost: list[int] = []

    def lose(route: Route) -> None:
        if lost or route.request.method != "POST":
            route.continue_()
            return
        lost.append(route.fetch().status)
        route.abort()

    till.page.route(SALES, lose)
    till.scan(MUG)
    till.pay_exact()
    expect(till.page.get_by_text("The server did not answer.")).to_be_visible()
    assert lost == [201]
    assert Sale.objects.count() == 1
    expect(till.page.get_by_text(f"Receipt {Sale.objects.get().number}")).to_be_visible()
    expect(till.outbox()).to_have_count(0)
    assert Sale.objects.count() == 1
    assert stock(bound.mug) == 9


def test_sales_wait_while_the_server_is_away(
    open_till: OpenTill, bound: Shop, server: Server
) -> None:
    till = open_till()
    till.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    till.scan(MUG)
    expect(till.lines).to_have_count(1)
    server.stop()
    till.pay_exact()
    expect(till.outbox()).to_contain_text("1")
    till.shot("server-away")
    till.scan("WRAP")
    expect(till.alert).to_contain_text("WRAP was not added")
    till.page.reload()
    expect(till.outbox()).to_contain_text("1")
    server.start()
    expect(till.outbox()).to_have_count(0, timeout=15_000)
    expect(till.page.get_by_text("Online")).to_be_visible()
    assert [sale.total for sale in Sale.objects.all()] == [5]


def test_a_reload_keeps_the_ticket_and_its_id(open_till: OpenTill, bound: Shop) -> None:
    till = open_till()
    till.scan(MUG, MUG, "WRAP")
    expect(till.lines).to_have_count(2)
    kept = "() => Object.entries(localStorage).filter(([k]) => k.includes('.cart.'))[0][1]"
    before = till.evaluate(kept)
    till.page.reload()
    expect(till.quantity("Blue mug", "2")).to_be_visible()
    assert till.evaluate(kept) == before
    till.ready()


def test_a_reload_while_paying_makes_one_sale(open_till: OpenTill, bound: Shop) -> None:
    till = open_till()

    def stuck(route: Route) -> None:
        route.fetch()  # The server has recorded it; the page will not live to hear it.

    till.page.route(SALES, stuck)
    till.scan(MUG)
    with till.page.expect_request(SALES):
        till.pay_exact()
    till.page.wait_for_timeout(500)
    till.page.unroute(SALES)
    till.page.reload()
    till.ready()
    expect(till.page.get_by_text("Ready to sell")).to_be_visible()
    expect(till.outbox()).to_have_count(0)
    assert Sale.objects.count() == 1


def test_two_tills_and_one_last_unit(open_till: OpenTill, bound: Shop) -> None:
    Register.objects.create(name="Till 2", location=bound.high_street, prefix="ACM2")
    tills: list[Till] = []
    for name, who in (("Till 1", "cashier"), ("Till 2", "manager")):
        till = open_till(who, shift=False)
        till.page.get_by_role("button", name=name).click()
        till.open_shift()
        till.scan("10*" + MUG)
        till.press("F9")
        expect(till.page.get_by_label("Cash given")).to_have_value("50.00")
        tills.append(till)
    for till in tills:
        # Pressed without waiting: both requests are on their way together.
        till.evaluate("() => void document.querySelector('.complete').click()")
    done = [till.page.get_by_text("The next scan starts the next sale.") for till in tills]
    alerts = [till.alert for till in tills]
    expect(done[0].or_(alerts[0])).to_be_visible()
    expect(done[1].or_(alerts[1])).to_be_visible()
    assert Sale.objects.count() == 1
    assert stock(bound.mug) == 0
    (loser,) = [till for till in tills if till.alert.count()]
    expect(loser.lines).to_contain_text("Only 0 in stock")
    loser.shot("out-of-stock")


def test_one_register_in_one_tab(open_till: OpenTill, bound: Shop) -> None:
    till = open_till()
    till.scan(MUG)
    expect(till.lines).to_have_count(1)
    other = Till(till.page.context.new_page(), bound)
    other.page.goto(bound.url("till/"))
    other.page.get_by_role("button", name="Use it here").click()
    expect(other.quantity("Blue mug", "1")).to_be_visible()
    expect(till.page.get_by_text("Another tab has taken over")).to_be_visible()


# -- what the server says --------------------------------------------------------------------------


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
    expect(till.dialog).not_to_contain_text("55")
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
