"""What tests are made of: a whole small shop, and one of each thing."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts.devices import create_device
from accounts.models import Device, Membership, Role, User
from accounts.permissions import DEFAULT_ROLES
from inventory.catalogue import refresh_search
from inventory.ledger import set_opening
from inventory.models import Barcode, Category, Product, TaxRate, Unit, Variation
from sales.models import Customer, Register, Shift
from sales.shifts import open_shift
from tenants.context import business
from tenants.encryption import index_columns
from tenants.models import Business, Location

PASSWORD = "correct horse battery"


@dataclass
class Shop:
    """A business with two locations, one person in every role, and a few products."""

    business: Business
    high_street: Location
    market: Location
    roles: dict[str, Role]
    owner: User
    manager: User
    cashier: User
    register: Register
    tax: TaxRate
    piece: Unit
    kilo: Unit
    category: Category
    customer: Customer
    # In stock at the high street: 10 mugs at 5.00, 4.5 kg of tea at 12.99; wrapping is a service.
    mug: Variation
    tea: Variation
    wrapping: Variation
    people: dict[str, User] = field(default_factory=dict)

    def url(self, path: str = "") -> str:
        return f"/b/{self.business.slug}/{path}"


def make_business(slug: str, **fields: Any) -> Business:
    values = {"name": slug.title(), "currency": "EUR", "time_zone": "Europe/Amsterdam", **fields}
    return Business.objects.create(slug=slug, **values)


def make_person(
    username: str, role: Role, *, locations: list[Location] | None = None, **fields: Any
) -> User:
    """A user with this role in the bound business; with `locations`, confined to them."""
    user = _user(username)
    user.save()
    membership = Membership.objects.create(
        user=user, role=role, all_locations=locations is None, **fields
    )
    for location in locations or []:
        membership.location_links.create(location=location)
    return user


def _user(username: str) -> User:
    user = User(
        username=username, email=f"{username}@example.com", name=f"{username.title()} Person"
    )
    user.set_password(PASSWORD)
    # Rows made in bulk do not pass through save(), which fills these.
    index_columns(user)
    return user


def make_roles() -> dict[str, Role]:
    roles = [
        Role(name=name, permissions=sorted(granted)) for name, granted in DEFAULT_ROLES.items()
    ]
    return {role.name: role for role in Role.objects.bulk_create(roles)}


def make_people(slug: str, roles: dict[str, Role]) -> dict[str, User]:
    """A user in each role; the one in the role of owners owns the bound business."""
    users = User.objects.bulk_create(
        [_user(f"{slug}.{name.lower().replace(' ', '')}") for name in roles]
    )
    people = dict(zip(roles, users, strict=True))
    Membership.objects.bulk_create(
        [
            Membership(user=people[name], role=role, all_locations=True, is_owner=name == "Owner")
            for name, role in roles.items()
        ]
    )
    return people


def make_product(name: str, *, sku: str, **fields: Any) -> Variation:
    """A product as of `_product`, which can be searched for too."""
    variation = _product(name, sku=sku, **fields)
    refresh_search([variation.product_id])
    return variation


def _product(
    name: str,
    *,
    sku: str,
    price: str = "5.00",
    cost: str = "2.00",
    barcode: str = "",
    **fields: Any,
) -> Variation:
    """A product with one variation, which is returned."""
    product = Product.objects.create(name=name, **fields)
    variation = Variation.objects.create(
        product=product, sku=sku, price=Decimal(price), cost=Decimal(cost)
    )
    if barcode:
        Barcode.objects.create(variation=variation, code=barcode)
    return variation


def make_shop(slug: str) -> Shop:
    """A `Shop` with the given address; nothing is bound afterwards."""
    company = make_business(slug)
    with business(company):
        high_street, market = Location.objects.bulk_create(
            [Location(code="HS", name="High Street"), Location(code="MK", name="Market")]
        )
        roles = make_roles()
        people = make_people(slug, roles)
        tax = TaxRate.objects.create(name="VAT 20%", rate=Decimal(20), is_default=True)
        piece, kilo = Unit.objects.bulk_create(
            [
                Unit(name="Pieces", short_name="pc"),
                Unit(name="Kilograms", short_name="kg", allow_decimal=True),
            ]
        )
        category = Category.objects.create(name="Kitchen")
        common: dict[str, Any] = {"tax_rate": tax, "category": category}
        mug = _product("Blue mug", sku="MUG-1", barcode="5901234123457", unit=piece, **common)
        tea = _product("Green tea", sku="TEA", price="12.99", unit=kilo, **common)
        wrapping = _product(
            "Gift wrapping", sku="WRAP", price="1.50", is_stocked=False, unit=piece, **common
        )
        refresh_search([one.product_id for one in (mug, tea, wrapping)])
        set_opening(
            actor=people["Owner"],
            location=high_street,
            quantities={mug.pk: Decimal(10), tea.pk: Decimal("4.5")},
        )
        return Shop(
            business=company,
            high_street=high_street,
            market=market,
            roles=roles,
            owner=people["Owner"],
            manager=people["Manager"],
            cashier=people["Cashier"],
            register=Register.objects.create(
                name="Till 1", location=high_street, prefix=f"{slug[:3].upper()}1"
            ),
            tax=tax,
            piece=piece,
            kilo=kilo,
            category=category,
            customer=Customer.objects.create(
                name=f"Carla of {slug}", email=f"carla@{slug}.example", phone="+31 6 1234 5678"
            ),
            mug=mug,
            tea=tea,
            wrapping=wrapping,
            people=people,
        )


def make_shift(shop: Shop, *, opening_float: str = "50.00") -> Shift:
    """An open shift of the cashier on the shop's register; the business must be bound."""
    return open_shift(
        actor=shop.cashier, register=shop.register, opening_float=Decimal(opening_float)
    )


def make_device(
    shop: Shop, *, user: User | None = None, location: Location | None = None, name: str = "Counter"
) -> tuple[Device, str]:
    """A terminal in the cashier's name at the high street, and its token; seen just now."""
    # PostgreSQL knows the business from the transaction.
    with business(shop.business), transaction.atomic():
        device, token = create_device(
            actor=Membership.objects.get(user=shop.owner),
            membership=Membership.objects.get(user=user or shop.cashier),
            location=location or shop.high_street,
            name=name,
        )
        device.last_seen_at = timezone.now()
        device.save(update_fields=["last_seen_at"])
    return device, token


def with_token(token: str) -> Client:
    """A terminal: it has a token and neither a cookie nor a page."""
    return Client(headers={"Authorization": f"Bearer {token}"})


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def customers_named(name: str) -> list[Customer]:
    """Customers of the bound business with this name, which the database cannot compare."""
    return [one for one in Customer.objects.order_by("pk") if one.name == name]


def customer_named(name: str) -> Customer:
    (found,) = customers_named(name)
    return found
