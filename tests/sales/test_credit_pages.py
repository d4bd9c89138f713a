"""Credit in the back office: what is shown to whom, giving and correcting it, and who may."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import AuditEntry
from accounts.permissions import Permission
from inventory.models import Product
from sales.models import CreditEntry, Customer
from tenants.ids import uuid7
from tests.factories import Shop, make_shift, signed_in
from tests.inventory.product_forms import errors, single
from tests.sales.crediting import Method, asking, do, grant, ledger, voucher
from tests.sales.selling import counted, void


def page(shop: Shop, rest: str = "") -> str:
    return shop.url(f"customers/{shop.customer.pk}/{rest}")


@pytest.fixture
def used(inside: Shop) -> Shop:
    """Given 20 until 2099, 25 bought, 5 spent and given back, 5 spent: 40 are left."""
    make_shift(inside)
    grant(inside, "20", until=date(2099, 3, 31), reason="Apology")
    do(inside, asking(inside, (voucher(inside), "1"), pay=[(Method.CASH, "25")]))
    void(inside, do(inside, asking(inside, (inside.mug, "1"), pay=[(Method.CREDIT, "5")])))
    do(inside, asking(inside, (inside.mug, "1"), pay=[(Method.CREDIT, "5")]))
    return inside


def test_the_customers_page_shows_credit_and_the_latest_of_it(owner: Client, used: Shop) -> None:
    response = owner.get(page(used))
    assert response.context["credit"].balance == 40
    assert [one.kind for one in response.context["entries"]] == [
        "spent", "refunded", "spent", "bought", "granted"
    ]  # fmt: skip
    text = response.content.decode()
    assert "€40.00" in text
    assert "31 Mar 2099" in text
    assert "Apology" in text


def test_all_of_it_with_running_balances(owner: Client, used: Shop) -> None:
    response = owner.get(page(used, "credit/"))
    text = response.content.decode()
    for said in ("+€25.00", "-€5.00", "€45.00", "ACM1-V000001", "Granted", "Refunded"):
        assert said in text, said
    assert [one.balance for one in response.context["page"]] == [40, 45, 40, 45, 20]
    sale = CreditEntry.objects.get(kind="bought")
    # An id begins with the time.
    assert used.url("sales/0") in text
    assert used.url(f"sales/{sale.document_id}/") in text


def test_pages_of_fifty_in_few_statements(owner: Client, used: Shop) -> None:
    counts = []
    for number in range(60):
        grant(used, "1", reason=f"Grant {number}")
        if number in (20, 59):
            for address in ("", "credit/"):
                with counted() as queries:
                    response = owner.get(page(used, address))
                counts.append(len(queries))
    assert len(response.context["page"]) == 50
    assert counts[:2] == counts[2:]
    assert max(counts) <= 12
    second = owner.get(page(used, "credit/"), {"page": 2})
    assert [one.kind for one in second.context["page"]][-1] == "granted"
    assert len(second.context["page"]) == 15


def test_the_list_of_customers_has_their_credit(owner: Client, used: Shop) -> None:
    Customer.objects.create(name="Poor")
    response = owner.get(used.url("customers/"))
    known = {customer.name: credit.balance for customer, credit in response.context["rows"]}
    assert known == {"Carla of acme": 40, "Poor": 0}
    assert "€40.00" in response.content.decode()


def test_credit_that_expired_is_not_shown_as_there(owner: Client, inside: Shop) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    grant(inside, "7", until=date(2026, 1, 2), at=at)
    grant(inside, "3", at=at)
    text = owner.get(page(inside, "credit/")).content.decode()
    assert "€3.00" in text
    assert "€7.00 of it has expired" in text
    assert owner.get(page(inside)).context["credit"].balance == 3


# -- by hand --------------------------------------------------------------------------------------


def send(client: Client, shop: Shop, what: str, **data: str):
    values = {"id": str(uuid7()), "amount": "5", "reason": "Apology", **data}
    return client.post(page(shop, f"credit/{what}/"), values)


def test_credit_is_given(owner: Client, inside: Shop) -> None:
    form = owner.get(page(inside, "credit/give/"))
    assert form.status_code == 200
    assert "€0.00" in form.content.decode()
    response = send(owner, inside, "give", amount="7.50", expires_on="2099-12-31")
    assert response["Location"] == page(inside)
    entry = CreditEntry.objects.get()
    assert (entry.kind, entry.amount, entry.reason) == ("granted", Decimal("7.5"), "Apology")
    assert (entry.expires_on, entry.actor) == (date(2099, 12, 31), inside.owner)
    assert "Carla of acme now has €7.50 to spend." in owner.get(page(inside)).content.decode()


def test_the_same_page_sent_twice_gives_once(owner: Client, inside: Shop) -> None:
    key = str(uuid7())
    for _time in range(2):
        assert send(owner, inside, "give", id=key).status_code == 302
    assert ledger(inside) == [("granted", 5, 5)]
    other = send(owner, inside, "give", id=key, amount="6")
    assert "Another document" in other.content.decode()


def test_credit_is_corrected_both_ways(owner: Client, inside: Shop) -> None:
    assert send(owner, inside, "correct", way="add", amount="4").status_code == 302
    assert send(owner, inside, "correct", way="take", amount="1.50").status_code == 302
    assert ledger(inside)[-1] == ("corrected", Decimal("-1.5"), Decimal("2.5"))
    response = send(owner, inside, "correct", way="take", amount="2.51")
    assert response.context["form"].errors == {
        "amount": ["There is not enough credit: €2.50 is there."]
    }
    assert AuditEntry.objects.filter(action="credit.correct").count() == 2
    # Nothing of the refused one is kept.
    assert ledger(inside)[-1][2] == Decimal("2.5")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", "0"),
        ("amount", "-5"),
        ("amount", "1.001"),
        ("amount", "much"),
        ("amount", "999999999999"),
        ("reason", ""),
        ("reason", "Card 4111 1111 1111 1111"),
        ("expires_on", "2020-01-01"),
        ("expires_on", "never"),
        ("id", ""),
    ],
)
def test_what_cannot_be(owner: Client, inside: Shop, field: str, value: str) -> None:
    response = send(owner, inside, "give", **{field: value})
    assert field in response.context["form"].errors
    assert ledger(inside) == []


def test_who_may(manager: Client, cashier: Client, used: Shop) -> None:
    assert send(manager, used, "give").status_code == 302
    assert send(manager, used, "correct", way="take").status_code == 302
    for what in ("give", "correct"):
        assert cashier.get(page(used, f"credit/{what}/")).status_code == 403
        assert send(cashier, used, what, way="add").status_code == 403
    assert cashier.get(page(used, "credit/")).status_code == 200
    text = cashier.get(page(used)).content.decode()
    assert "€40.00" in text
    assert "credit/give" not in text
    # Sales are linked for those only who may see every sale.
    assert used.url("sales/0") not in cashier.get(page(used, "credit/")).content.decode()


def test_without_the_right_to_see_credit_there_is_none(used: Shop) -> None:
    role = used.roles["Viewer"]
    role.permissions = [Permission.CUSTOMER_VIEW, Permission.CUSTOMER_CREDIT_GRANT]
    role.save()
    client = signed_in(used.people["Viewer"])
    assert "€40.00" not in client.get(page(used)).content.decode()
    assert "€40.00" not in client.get(used.url("customers/")).content.decode()
    assert client.get(page(used, "credit/")).status_code == 403
    assert client.get(page(used, "credit/give/")).status_code == 403


def test_a_stranger_is_told_nothing(stranger: Client, shop: Shop, other_shop: Shop) -> None:
    for rest in ("credit/", "credit/give/", "credit/correct/"):
        assert stranger.get(page(shop, rest)).status_code == 404
        theirs = other_shop.url(f"customers/{shop.customer.pk}/{rest}")
        assert stranger.get(theirs).status_code == 404
    assert stranger.post(theirs, {"amount": "5"}).status_code == 404


# -- the product ----------------------------------------------------------------------------------


def test_a_product_that_adds_credit_has_neither_stock_nor_tax(owner: Client, inside: Shop) -> None:
    values = single(name="Gift card", adds_credit="on", tax_rate=str(inside.tax.pk))
    assert owner.post(inside.url("products/new/"), values).status_code == 302
    product = Product.objects.get(name="Gift card")
    assert (product.adds_credit, product.is_stocked, product.tax_rate) == (True, False, None)
    text = owner.get(inside.url(f"products/{product.pk}/")).content.decode()
    assert "Adds credit" in text


def test_opening_stock_of_credit_is_refused(owner: Client, inside: Shop) -> None:
    opening = {f"row-0-opening_{inside.high_street.pk.hex}": "7"}
    answer = owner.post(inside.url("products/new/"), single(adds_credit="on", **opening))
    assert list(errors(answer)) == [f"row-0-opening_{inside.high_street.pk.hex}"]


def test_what_a_product_is_is_decided_once(owner: Client, inside: Shop) -> None:
    product = inside.wrapping.product
    values = single(
        name="Gift wrapping", adds_credit="on", is_active="on", **{
            "row-0-id": str(inside.wrapping.pk), "row-0-price": "1.50", "row-0-cost": "2.00",
            "row-0-sku": "WRAP", "row-0-barcodes": "",
        }
    )  # fmt: skip
    owner.post(inside.url(f"products/{product.pk}/edit/"), values)
    product.refresh_from_db()
    assert not product.adds_credit
