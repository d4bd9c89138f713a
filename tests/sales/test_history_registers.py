"""What holds imported history is no till, even where its row says that it is switched on."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import Membership
from sales.history import PastDocument, PastLine, history_register, post_history
from sales.models import Register, Sale
from sales.shifts import open_shift
from sales.terminals import connect
from sales.voids import void_sale
from tenants.errors import Refused
from tenants.ids import uuid7
from tests.admin.cast import url as admin_url
from tests.factories import Shop


@pytest.fixture
def past(inside: Shop) -> Register:
    """Switched on in the database, as nothing of ours would."""
    register, _shift = history_register(inside.high_street, by=inside.owner)
    Register.objects.filter(pk=register.pk).update(is_active=True)
    register.refresh_from_db()
    return register


def old_sale(shop: Shop, register: Register) -> Sale:
    shift = register.shifts.get()
    nothing = Decimal(0)
    line = PastLine(
        line=1, variation_id=shop.mug.pk, name="Mug", sku="MUG-1", quantity=Decimal(1),
        unit_price=nothing, gross=nothing, net=nothing, tax=nothing, total=nothing,
    )  # fmt: skip
    document = PastDocument(
        number="77", kind="sale", shift_id=shift.pk, operator_id=shop.owner.pk,
        sold_at=shift.opened_at, business_date=shift.opened_at.date(), currency="EUR",
        item_count=Decimal(1), subtotal=nothing, discount=nothing, net=nothing, tax=nothing,
        total=nothing, lines=[line],
    )  # fmt: skip
    assert post_history([document], register=register) == 1
    return Sale.objects.get(pk=document.id)


def test_no_drawer_is_opened(inside: Shop, past: Register) -> None:
    with pytest.raises(Refused) as refused:
        open_shift(actor=inside.owner, register=past, opening_float=Decimal(0))
    assert refused.value.code == "register_inactive"
    assert past.shifts.get().closed_at is not None


def test_no_terminal_is_connected(owner: Client, inside: Shop, past: Register) -> None:
    member = Membership.objects.get(user=inside.owner)
    with pytest.raises(Refused):
        connect(actor=member, register=past, membership=member, name="Tablet")
    page = owner.get(inside.url("devices/new/"))
    assert list(page.context["form"].fields["register"].queryset) == [inside.register]


def test_nothing_of_it_changes(owner: Client, inside: Shop, past: Register) -> None:
    sent = {"name": "Till 9", "location": past.location_id, "prefix": "T9", "is_active": "on"}
    page = inside.url(f"registers/{past.pk}/")
    assert owner.get(page).status_code == owner.post(page, sent).status_code == 404
    assert str(past.pk) not in owner.get(admin_url("sales/register/")).content.decode()
    owner.post(admin_url(f"sales/register/{past.pk}/change/"), sent)
    past.refresh_from_db()
    assert past.name == "History"


def test_its_sales_are_not_voided(owner: Client, inside: Shop, past: Register) -> None:
    sale = old_sale(inside, past)
    member = Membership.objects.get(user=inside.owner)
    with pytest.raises(Refused) as refused:
        void_sale(actor=member, sale=sale, void_id=uuid7(), reason="Mistake")
    assert refused.value.code == "is_history"
    page = owner.get(inside.url(f"sales/{sale.pk}/"))
    assert page.context["may_void"] is False
    body = {"id": str(uuid7()), "reason": "Mistake"}
    answer = owner.post(
        inside.url(f"api/v1/sales/{sale.pk}/void"), body, content_type="application/json"
    )
    assert answer.status_code == 409
    assert not sale.reversals.exists()
