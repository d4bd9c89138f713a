"""Every sale exactly once, whatever dies in between; and nothing on the ticket is lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from sales.models import Register, Sale
from tests.browser.conftest import OpenTill, Server
from tests.browser.till import MUG, Till, stock
from tests.factories import Shop

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.slow]

SALES = "**/api/v1/sales"
ME = "**/api/v1/me"


def test_a_second_enter_makes_no_second_sale(open_till: OpenTill, bound: Shop) -> None:
    till = open_till()
    sent: list[Route] = []
    pressed: list[bool] = []

    def hold(route: Route) -> None:
        sent.append(route)
        if pressed:
            route.continue_()

    till.page.route(SALES, hold)
    till.scan(MUG)
    expect(till.lines).to_have_count(1)
    with till.page.expect_request(SALES):
        till.press("F9", "Enter", "Enter")
        till.page.locator(".complete").dblclick(force=True, no_wait_after=True)
    # All of it before the first answer.
    while not sent:
        till.page.wait_for_timeout(20)
    waiting = sent[:]
    pressed.append(True)
    for route in waiting:
        route.continue_()
    expect(till.page.get_by_text("Receipt ACM1")).to_be_visible()
    assert len(sent) == 1
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
    # Nor does it learn at once that the server is there: the words stay until they are read.
    till.page.route(ME, lambda route: route.abort())
    till.scan(MUG)
    till.pay_exact()
    expect(till.page.get_by_text("The server did not answer.")).to_be_visible()
    assert lost == [201]
    assert Sale.objects.count() == 1
    till.page.unroute(ME)
    expect(till.page.get_by_text(f"Receipt {Sale.objects.get().number}")).to_be_visible()
    expect(till.outbox()).to_have_count(0)
    assert Sale.objects.count() == 1
    assert stock(bound.mug) == 9


def test_sales_wait_while_the_server_is_away(
    open_till: OpenTill, bound: Shop, server: Server
) -> None:
    till = open_till(copies=False)
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
    expect(till.outbox()).to_have_count(0)
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

    recorded: list[int] = []

    def stuck(route: Route) -> None:
        # The server has recorded it; the page will not live to hear it.
        recorded.append(route.fetch().status)

    till.page.route(SALES, stuck)
    till.scan(MUG)
    with till.page.expect_request(SALES):
        till.pay_exact()
    while not recorded:
        till.page.wait_for_timeout(50)
    assert recorded == [201]
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
