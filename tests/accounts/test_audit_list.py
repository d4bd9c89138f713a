"""The audit log: what it shows, to whom, and that it can be narrowed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
import time_machine

from accounts import audit
from accounts.forms.audit import KINDS
from accounts.models import AuditEntry, Membership
from accounts.permissions import Permission
from inventory.ledger import correct
from inventory.models import StockDocument
from tenants.context import business
from tests.factories import Shop, make_person, make_shift, signed_in
from tests.sales.selling import sell, void


def write(shop: Shop, action: str, actor=None, **fields) -> AuditEntry:
    with business(shop.business):
        return audit.record(actor=actor or shop.owner, action=action, **fields)


def test_newest_first_with_names_and_changes(shop, other_shop, owner):
    with business(shop.business):
        member = Membership.objects.get(user=shop.cashier)
    write(shop, "product.update", target=shop.mug.product, changes={"name": ["Mug", "Blue mug"]})
    write(shop, "user.update", actor=shop.manager, target=member)
    write(other_shop, "role.create", target=other_shop.roles["Viewer"])
    page = owner.get("/b/acme/audit/").content.decode()
    assert page.index("user.update") < page.index("product.update")
    assert "Mug → Blue mug" in page
    assert "Acme.Cashier Person" in page and "Acme.Manager Person" in page
    assert "role.create" not in page and "Rival" not in page


def test_filters(shop, owner):
    with time_machine.travel(datetime.fromisoformat("2026-03-01T23:30:00+00:00"), tick=False):
        write(shop, "role.create")  # 2 March in Amsterdam
    write(shop, "user.create", actor=shop.manager)

    def found(query: str) -> set[str]:
        page = owner.get(f"/b/acme/audit/?{query}").content.decode()
        return {word for word in ("role.create", "user.create") if f"<code>{word}" in page}

    assert found("kind=role.") == {"role.create"}
    assert found(f"person={shop.manager.pk}") == {"user.create"}
    assert found("since=2026-03-02&until=2026-03-02") == {"role.create"}
    assert found("until=2026-03-01") == set()
    assert found("since=9999-99-99&until=nonsense") == {"role.create", "user.create"}
    assert found("until=9999-12-31&person=0") == {"role.create", "user.create"}


def test_pages_and_statements(shop, owner, django_assert_max_num_queries):
    entries = [write(shop, f"test.number{n}") for n in range(60)]
    with django_assert_max_num_queries(12):
        page = owner.get("/b/acme/audit/").content.decode()
    assert "test.number59" in page and "test.number9<" not in page
    rest = owner.get(f"/b/acme/audit/?cursor={entries[10].pk}").content.decode()
    assert "test.number9<" in rest and "test.number10<" not in rest
    assert f"cursor={entries[10].pk}" in page
    for odd in ("x", "-1", "9" * 30):
        assert owner.get(f"/b/acme/audit/?cursor={odd}").status_code == 200


def test_costs_are_for_those_who_may_see_them(shop, owner):
    # No time of day has so many seconds.
    changes = {"MUG-1 cost": ["2.0000", "62.7731"], "cost": [None, "63.7731"], "name": ["A", "B"]}
    write(shop, "product.update", target=shop.mug.product, changes=changes)
    page = owner.get("/b/acme/audit/").content.decode()
    assert "62.7731" in page and "63.7731" in page
    with business(shop.business):
        role = shop.roles["Viewer"]
        role.permissions = [Permission.AUDIT_LOG_VIEW]
        role.save()
    page = signed_in(shop.people["Viewer"]).get("/b/acme/audit/").content.decode()
    assert "A → B" in page
    assert "62.7731" not in page and "63.7731" not in page


def test_somebody_at_one_location_sees_their_own_acts(shop):
    with business(shop.business):
        lead = make_person("market.lead", shop.roles["Owner"], locations=[shop.market])
    write(shop, "sell.void")
    write(shop, "role.update", actor=lead)
    page = signed_in(lead).get("/b/acme/audit/").content.decode()
    assert "role.update" in page and "<code>sell.void" not in page


def test_a_stranger_is_not_let_in(shop, stranger):
    assert stranger.get("/b/acme/audit/").status_code == 404


@pytest.mark.parametrize("verb", ["post", "put", "delete"])
def test_nothing_can_be_written(owner, verb):
    assert getattr(owner, verb)("/b/acme/audit/").status_code == 405


def test_each_kind_finds_what_the_product_writes(shop, owner):
    """The filter's words are the beginnings of actions that exist."""
    with business(shop.business):
        make_shift(shop)
        void(shop, sell(shop))
        correct(
            actor=shop.owner,
            location=shop.high_street,
            reason=StockDocument.Reason.FOUND,
            changes={shop.mug.pk: Decimal(1)},
        )
    for kind, action in {
        "sale.": "sale.void",
        "stock.": "stock.correct",
        "shift.": "shift.open",
    }.items():
        assert kind in dict(KINDS)
        page = owner.get(f"/b/acme/audit/?kind={kind}").content.decode()
        assert f"<code>{action}" in page
