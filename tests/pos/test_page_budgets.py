"""Every page of a business, found by its address: few statements, and no more for a larger shop."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client

from accounts.devices import create_device
from accounts.models import Membership
from archive.jobs import ask
from inventory.ledger import correct
from inventory.models import Brand, Category, StockDocument
from purchasing.models import Supplier
from sales.models import Customer, Register
from sales.shifts import open_shift
from tenants.context import business
from tenants.models import Location
from tests.factories import Shop, make_person, make_product, signed_in
from tests.isolation.furnished import Furnished, furnish
from tests.isolation.routes import pages
from tests.sales.selling import counted, sell
from webhooks.endpoints import create_endpoint

#: Beside BEGIN and COMMIT. Who asks, and what the menu shows, are five of them.
MOST = 12
MORE = 12


def add_more(shop: Shop) -> None:
    """Twelve more of all that lists show or forms let choose from, each with what hangs on it."""
    owner = Membership.objects.select_related("role", "user").get(user=shop.owner)
    for number in range(MORE):
        place = Location.objects.create(name=f"Place {number}", code=f"P{number:02d}")
        register = Register.objects.create(name="Till", location=place, prefix=f"Q{number:02d}")
        category = Category.objects.create(name=f"Kind {number}", parent=shop.category)
        thing = make_product(
            f"Thing {number}", sku=f"X{number}", tax_rate=shop.tax, category=category
        )
        Brand.objects.create(name=f"Brand {number}")
        Supplier.objects.create(name=f"Supplier {number}")
        Customer.objects.create(name=f"Customer {number}", email=f"c{number}@example.com")
        open_shift(actor=shop.owner, register=register, opening_float=Decimal(0))
        correct(
            actor=shop.owner, location=place, reason=StockDocument.Reason.FOUND,
            changes={thing.pk: Decimal(9), shop.mug.pk: Decimal(9)},
        )  # fmt: skip
        for _sale in range(2):
            sell(shop, (thing, "1"), (shop.mug, "1"), register=register, customer=True)
        make_person(f"more.{number}", shop.roles["Cashier"], locations=[place])
        create_device(actor=owner, membership=owner, location=place, name=f"Device {number}")
        create_endpoint(actor=owner, name=f"Hook {number}", url=f"http://127.0.0.1:9/{number}",
                        kinds=["sale.completed"])  # fmt: skip
        ask("export.data", by=owner, options={})


def statements(client: Client, furnished: Furnished) -> dict[str, int]:
    """How many each page takes that answers at all; the second time, when caches are filled."""
    found = {}
    for route in pages():
        path = furnished.url(route.path(furnished.rows))
        if client.get(path).status_code == 200:
            with counted() as queries:
                answer = client.get(path)
                b"".join(answer)
            # A savepoint stands for the transaction here.
            found[route.name] = len([one for one in queries if "SAVEPOINT" not in one])
    return found


@pytest.mark.slow
def test_every_page_takes_at_most_twelve_and_no_more_for_a_larger_shop(db: None) -> None:
    furnished = furnish("acme")
    client = signed_in(furnished.shop.owner)
    few = statements(client, furnished)
    with business(furnished.shop.business):
        add_more(furnished.shop)
    many = statements(client, furnished)
    assert len(many) > 60
    assert {name: count for name, count in many.items() if count > MOST} == {}
    assert {name: count for name, count in many.items() if count > few[name]} == {}
