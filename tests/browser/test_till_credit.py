"""Credit at the till: shown with its customer, taken as a payment, bought, and refused."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.sync_api import Locator, Route, expect

from accounts.permissions import Permission
from sales.models import CreditAccount, CreditEntry, Payment, Sale
from tests.browser.conftest import OpenTill, Server
from tests.browser.till import MUG, Till
from tests.factories import Shop
from tests.sales.crediting import grant, voucher

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.slow]

SALES = "**/api/v1/sales"
CUSTOMER = "**/api/v1/customers/*"


def choose_carla(till: Till) -> None:
    """The customer, found by name."""
    if till.phone:
        till.page.get_by_role("button", name="More for this ticket").click()
        till.dialog.get_by_role("button", name="Customer").click()
    else:
        till.press("F4")
    till.page.get_by_role("searchbox", name="Name or phone number").fill("carla")
    expect(till.page.get_by_role("option", name="Carla")).to_be_visible()
    till.press("Enter")
    expect(till.dialog).to_have_count(0)


def amount(till: Till) -> Locator:
    return till.dialog.get_by_label("Amount", exact=True)


def method(till: Till, name: str) -> Locator:
    return till.dialog.get_by_role("radio", name=name)


def begin(till: Till) -> None:
    """The payment, open and ready."""
    if till.phone:
        till.page.locator(".paybar .pay").click()
    else:
        till.press("F9")
    expect(till.page.get_by_label("Cash given")).to_be_focused()


def balance(shop: Shop) -> object:
    return CreditAccount.objects.get(customer=shop.customer).balance


@pytest.mark.parametrize("width", [1280, 390])
def test_credit_pays_its_part_and_cash_the_rest(
    open_till: OpenTill, bound: Shop, width: int
) -> None:
    grant(bound, "12.50", until=date(2099, 1, 31))
    till = open_till(width=width)
    till.scan("3*" + MUG)
    expect(till.total).to_have_text("€15.00")
    choose_carla(till)
    till.shot("credit-ticket")
    begin(till)
    if till.phone:
        method(till, "Customer credit").check()
    else:
        till.press("F7")
    expect(amount(till)).to_have_value("12.50")
    expect(amount(till)).to_be_focused()
    expect(till.dialog).to_contain_text("Carla of acme has €12.50 to spend")
    expect(till.dialog).to_contain_text("31 Jan 2099")
    till.shot("credit-pay")
    till.press("Enter")
    expect(till.page.locator("[data-due]")).to_have_text("€2.50")
    expect(method(till, "Cash")).to_be_checked()
    expect(till.page.get_by_label("Cash given")).to_have_value("2.50")
    till.shot("credit-rest")
    till.page.keyboard.type("5")
    till.press("Enter")
    expect(till.change).to_have_text("€2.50")
    sale = Sale.objects.get()
    assert [(p.method, p.amount) for p in Payment.objects.order_by("line")] == [
        ("credit", 12.5),
        ("cash", 2.5),
    ]
    assert sale.customer == bound.customer
    assert balance(bound) == 0


def test_without_a_customer_it_says_what_is_missing(open_till: OpenTill, bound: Shop) -> None:
    grant(bound, "12.50")
    till = open_till()
    till.scan(MUG)
    expect(till.total).to_have_text("€5.00")
    begin(till)
    till.press("F7")
    expect(till.dialog).to_contain_text("Choose the customer first")
    expect(amount(till)).to_have_value("0.00")
    till.shot("credit-nobody")
    till.page.keyboard.type("5")
    till.press("Enter")
    expect(till.dialog.locator(".field-error")).to_contain_text("Choose the customer first")
    assert not Sale.objects.exists()


def test_who_has_none_and_who_types_too_much(open_till: OpenTill, bound: Shop) -> None:
    till = open_till()
    till.scan(MUG)
    choose_carla(till)
    begin(till)
    till.press("F7")
    expect(till.dialog).to_contain_text("Carla of acme has no credit to spend.")
    till.press("Escape")
    grant(bound, "3")
    begin(till)
    till.press("F7")
    expect(amount(till)).to_have_value("3.00")
    till.page.keyboard.type("4")
    till.press("Enter")
    expect(till.dialog.locator(".field-error")).to_have_text("There is only €3.00 of credit.")
    till.page.keyboard.type("2")
    till.press("Enter")
    expect(till.page.locator("[data-due]")).to_have_text("€3.00")
    # What was taken of it is not there a second time.
    till.press("F7")
    expect(amount(till)).to_have_value("1.00")
    till.press("Enter", "Enter")
    expect(till.page.get_by_text("Receipt ACM1")).to_be_visible()
    assert sorted(p.amount for p in Payment.objects.filter(method="credit")) == [1, 2]
    assert balance(bound) == 0


def test_what_another_till_spent_meanwhile_is_said(open_till: OpenTill, bound: Shop) -> None:
    grant(bound, "5")
    till = open_till()
    till.scan(MUG)
    choose_carla(till)
    begin(till)
    till.press("F7")
    expect(amount(till)).to_have_value("5.00")
    CreditAccount.objects.update(balance=4)
    CreditEntry.objects.update(amount=4, balance=4)
    till.press("Enter")
    expect(till.alert).to_contain_text("There is not enough credit: €4.00 is there.")
    assert not Sale.objects.exists()
    expect(till.lines).to_have_count(1)
    begin(till)
    till.press("F7")
    expect(amount(till)).to_have_value("4.00")


def test_credit_is_bought_by_somebody(open_till: OpenTill, bound: Shop) -> None:
    voucher(bound, "25.00")
    till = open_till()
    till.scan("CREDIT")
    expect(till.total).to_have_text("€25.00")
    till.press("F9")
    expect(till.alert).to_contain_text("this sale adds to their credit")
    expect(till.dialog).to_have_count(0)
    choose_carla(till)
    till.pay_exact()
    expect(till.page.get_by_text("Receipt ACM1")).to_be_visible()
    assert balance(bound) == 25


def test_who_may_not_see_credit_is_not_offered_it(open_till: OpenTill, bound: Shop) -> None:
    role = bound.roles["Cashier"]
    role.permissions = [p for p in role.permissions if p != Permission.CUSTOMER_CREDIT_VIEW]
    role.save()
    grant(bound, "5")
    till = open_till()
    till.scan(MUG)
    choose_carla(till)
    begin(till)
    expect(method(till, "Card")).to_be_visible()
    expect(method(till, "Customer credit")).to_have_count(0)
    till.press("F7")
    expect(method(till, "Cash")).to_be_checked()


def test_credit_needs_the_server(open_till: OpenTill, bound: Shop, server: Server) -> None:
    grant(bound, "5")
    till = open_till()
    till.scan("2*" + MUG)
    choose_carla(till)
    begin(till)
    till.press("F7")
    expect(amount(till)).to_have_value("5.00")
    till.press("Enter")
    expect(till.page.locator("[data-due]")).to_have_text("€5.00")
    server.stop()
    try:
        expect(till.page.get_by_text("No connection")).to_have_count(0)
        till.page.route(CUSTOMER, lambda route: route.abort())
        till.page.evaluate("() => globalThis.dispatchEvent(new Event('online'))")
        expect(till.page.get_by_text("No connection")).to_have_count(1)
        # Taken before the server went away: it cannot be completed, and nothing waits.
        till.press("Enter")
        expect(till.dialog).to_contain_text("Credit cannot be taken while the server")
        till.shot("credit-away")
        expect(till.outbox()).to_have_count(0)
        till.press("Escape")
        begin(till)
        expect(method(till, "Customer credit")).to_have_count(0)
    finally:
        server.start()
    till.press("Escape")
    expect(till.page.get_by_text("Online")).to_be_visible()
    assert not Sale.objects.exists()
    assert balance(bound) == 5


def test_a_lost_answer_spends_once(open_till: OpenTill, bound: Shop) -> None:
    grant(bound, "12")
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
    choose_carla(till)
    begin(till)
    till.press("F7")
    expect(amount(till)).to_have_value("5.00")
    till.press("Enter")
    expect(till.page.get_by_text("Receipt ACM1-000001")).to_be_visible()
    assert lost == [201]
    assert Sale.objects.count() == 1
    expect(till.outbox()).to_have_count(0)
    assert balance(bound) == 7
