"""A supervisor's PIN lets somebody do one thing that they may not do alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client

from accounts.approvals import approved_by
from accounts.models import Approval, AuditEntry, Membership
from sales.models import Sale
from tenants.context import business
from tenants.ids import uuid7
from tests.api.calls import line, post, said, sale_body
from tests.api.operating import PIN, approving, counter, give_pin, member, working
from tests.factories import Shop, make_device, make_person, make_shift, signed_in, with_token
from tests.sales.selling import sell

VOID = "sell.void"
DISCOUNT = "sell.discount"


@pytest.fixture
def at_work(shop: Shop) -> Client:
    """The cashier at a terminal with an open shift; the manager has a PIN."""
    _device, terminal = counter(shop)
    with business(shop.business):
        make_shift(shop)
        # A cashier who may give no discount.
        shop.roles["Cashier"].permissions = [
            one for one in shop.roles["Cashier"].permissions if one != DISCOUNT
        ]
        shop.roles["Cashier"].save()
    give_pin(shop, "Manager")
    return working(terminal, give_pin(shop, "Cashier", "86420"), "86420")


def ask(
    client: Client, approver: Membership, *permissions: str, root: str = "/api/v1/", **more: Any
) -> Any:
    body = {"person": str(approver.pk), "pin": PIN, "permissions": list(permissions), **more}
    return post(client, f"{root}approvals", body)


def approval(client: Client, shop: Shop, *permissions: str) -> str:
    answer = ask(client, member(shop, "Manager"), *permissions)
    assert answer.status_code == 201, answer.content
    token: str = answer.json()["approval"]
    return token


def sold(shop: Shop) -> Sale:
    with business(shop.business):
        sale: Sale = sell(shop)
        return sale


def void_of(sale: Sale) -> tuple[str, dict[str, str]]:
    return f"/api/v1/sales/{sale.pk}/void", {"id": str(uuid7()), "reason": "wrong"}


def discounted(shop: Shop) -> dict[str, Any]:
    tenth = {"kind": "percent", "value": "10"}
    return sale_body(shop, line(shop.mug, discount=tenth), total="4.50")


def test_a_void_is_approved_once(shop: Shop, at_work: Client) -> None:
    first, second = sold(shop), sold(shop)
    url, body = void_of(first)
    said(post(at_work, url, body), 403, "permission_denied")
    token = approval(at_work, shop, VOID)
    approved = approving(at_work, token)
    assert post(approved, url, body).status_code == 201
    # The same request again, after a lost answer, is the same use; another is another.
    assert post(approved, url, body).status_code == 200
    said(post(approved, *void_of(second)), 403, "approval_over")
    said(post(approved, url, {**body, "reason": "else"}), 403, "approval_over")
    said(post(at_work, *void_of(second)), 403, "permission_denied")
    with business(shop.business):
        void = Sale.objects.get(pk=body["id"])
        assert void.operator == shop.cashier
        (one,) = approved_by(void.pk)
        assert one.approver.user == shop.manager and one.used_at is not None
        entry = AuditEntry.objects.get(action="approval.use")
        assert entry.actor == shop.manager and entry.device == void.device
        assert entry.changes["permissions"] == [None, [VOID]]
        assert entry.changes["document"] == [None, body["id"]]


def test_a_discount_is_approved(shop: Shop, at_work: Client) -> None:
    body = discounted(shop)
    said(post(at_work, "/api/v1/sales", body), 403, "permission_denied")
    approved = approving(at_work, approval(at_work, shop, DISCOUNT))
    assert post(approved, "/api/v1/sales", body).status_code == 201
    # Sent again without it: the sale is there.
    assert post(at_work, "/api/v1/sales", body).status_code == 200
    page = signed_in(shop.owner).get(shop.url(f"sales/{body['id']}/")).content.decode()
    assert "Approved by" in page and "Acme.Manager Person" in page


def test_what_fails_uses_nothing_up_and_what_needs_none_either(shop: Shop, at_work: Client) -> None:
    approved = approving(at_work, approval(at_work, shop, DISCOUNT))
    tenth = {"kind": "percent", "value": "10"}
    much = sale_body(shop, line(shop.mug, "99", discount=tenth), total="445.50")
    said(post(approved, "/api/v1/sales", much), 409, "out_of_stock")
    plain = sale_body(shop, line(shop.mug), total="5.00")
    assert post(approved, "/api/v1/sales", plain).status_code == 201
    assert post(approved, "/api/v1/sales", discounted(shop)).status_code == 201
    said(post(approved, "/api/v1/sales", discounted(shop)), 403, "approval_over")


def test_an_approval_is_for_what_was_asked(shop: Shop, at_work: Client) -> None:
    approved = approving(at_work, approval(at_work, shop, DISCOUNT))
    said(post(approved, *void_of(sold(shop))), 403, "permission_denied")
    with business(shop.business):
        assert Approval.objects.get().used_at is None


def test_an_approval_lasts_two_minutes(shop: Shop) -> None:
    with time_machine.travel(dt.datetime(2030, 1, 1, 8, tzinfo=dt.UTC), tick=False) as clock:
        _device, terminal = counter(shop)
        with business(shop.business):
            make_shift(shop)
        give_pin(shop, "Manager")
        client = working(terminal, give_pin(shop, "Cashier", "86420"), "86420")
        sale = sold(shop)
        early = approving(client, approval(client, shop, VOID))
        clock.shift(120)
        said(post(early, *void_of(sale)), 403, "approval_over")
        late = approving(client, approval(client, shop, VOID))
        clock.shift(119)
        assert post(late, *void_of(sale)).status_code == 201


def test_an_approval_is_for_one_device_and_one_person(shop: Shop, at_work: Client) -> None:
    token = approval(at_work, shop, VOID)
    path, body = void_of(sold(shop))
    other = with_token(make_device(shop, name="Other")[1])
    said(post(approving(other, token), path, body), 403, "approval_over")
    browser = signed_in(shop.cashier)
    said(post(approving(browser, token), shop.url(path[1:]), body), 403, "approval_over")
    give_pin(shop, "Viewer", "97531")
    terminal = Client(headers={"Authorization": at_work.defaults["HTTP_AUTHORIZATION"]})
    answer = post(
        terminal,
        "/api/v1/operators/sign-in",
        {"person": str(member(shop, "Viewer").pk), "pin": "97531"},
    )
    viewer = Client(
        headers={
            "Authorization": at_work.defaults["HTTP_AUTHORIZATION"],
            "X-Operator": answer.json()["operator_token"],
        }
    )
    said(post(approving(viewer, token), path, body), 403, "approval_over")


def test_another_business_s_approval_is_none(shop: Shop, other_shop: Shop, at_work: Client) -> None:
    give_pin(other_shop, "Manager")
    foreign = with_token(make_device(other_shop)[1])
    answer = ask(foreign, member(other_shop, "Manager"), VOID)
    assert answer.status_code == 201
    refused = post(approving(at_work, answer.json()["approval"]), *void_of(sold(shop)))
    said(refused, 403, "approval_over")
    said(ask(at_work, member(other_shop, "Manager"), VOID), 404, "not_found")


def test_only_who_may_approves(shop: Shop, at_work: Client) -> None:
    said(ask(at_work, member(shop, "Cashier"), VOID, pin="86420"), 403, "cannot_approve")
    said(ask(at_work, member(shop, "Owner"), VOID), 404, "not_found")
    with business(shop.business):
        shop.people["Elsa"] = make_person("elsa", shop.roles["Manager"], locations=[shop.market])
    said(ask(at_work, give_pin(shop, "Elsa"), VOID), 404, "not_found")
    manager = member(shop, "Manager")
    for bad in ([], ["user.create"], ["no.such"], "sell.void", [7]):
        answer = ask(at_work, manager, permissions=bad)
        assert answer.json()["code"] in {"invalid", "cannot_approve"}, bad


def test_guessing_a_supervisor_s_pin_is_locked_too(shop: Shop, at_work: Client) -> None:
    manager = member(shop, "Manager")
    for left in (4, 3, 2, 1):
        assert said(ask(at_work, manager, VOID, pin="9999"), 403, "wrong_pin") == {"left": left}
    said(ask(at_work, manager, VOID, pin="9999"), 403, "pin_locked")
    said(ask(at_work, manager, VOID), 403, "pin_locked")
    with business(shop.business):
        assert not Approval.objects.exists()


@pytest.mark.parametrize("how", ["demoted", "gone"])
def test_an_approval_ends_with_its_supervisor(shop: Shop, at_work: Client, how: str) -> None:
    approved = approving(at_work, approval(at_work, shop, VOID))
    with business(shop.business):
        manager = Membership.objects.filter(user=shop.manager)
        if how == "gone":
            manager.update(is_active=False)
        else:
            manager.update(role=shop.roles["Viewer"])
    answer = post(approved, *void_of(sold(shop)))
    said(answer, 403, "approval_over" if how == "gone" else "permission_denied")


def test_in_a_browser(shop: Shop, cashier: Client) -> None:
    with business(shop.business):
        make_shift(shop)
    give_pin(shop, "Manager")
    sale, root = sold(shop), shop.url("api/v1/")
    manager = member(shop, "Manager")
    assert set(said(ask(cashier, manager, VOID, root=root), 400, "invalid")) == {"location"}
    away = ask(cashier, manager, VOID, root=root, location=str(shop.market.pk))
    path, body = void_of(sale)
    url = shop.url(path[1:])
    # Approved at the market, the sale of the high street does not exist.
    assert post(approving(cashier, away.json()["approval"]), url, body).status_code == 404
    here = ask(cashier, manager, VOID, root=root, location=str(shop.high_street.pk))
    assert post(approving(cashier, here.json()["approval"]), url, body).status_code == 201
