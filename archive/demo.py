"""The demo: two shops with people, products and some weeks of sales, the same for the same seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.models import Membership, Role, User
from accounts.permissions import DEFAULT_ROLES
from archive.demo_catalogue import Item, dearer, make_catalogue, stock
from archive.demo_history import History, Till, date_audit_entries
from purchasing.models import Supplier
from sales.models import Customer, Register
from sales.models.customer import write_name_hashes
from tenants import context
from tenants.models import Business, Location

SEED: Final = 2026
PASSWORD: Final = "tillbook-demo"  # noqa: S105 - for show; production makes one up


@dataclass(frozen=True)
class Person:
    """Somebody at work in a demo shop; without locations they work at all of them."""

    username: str
    name: str
    role: str
    locations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Place:
    code: str
    name: str
    address: str
    registers: tuple[str, ...]
    carries: float
    sales_a_day: float


@dataclass(frozen=True)
class Shop:
    slug: str
    name: str
    currency: str
    time_zone: str
    locale: str
    cash_step: str
    tax_number: str
    catalogue: str
    hours: tuple[int, int]
    places: tuple[Place, ...]
    people: tuple[Person, ...]
    suppliers: tuple[str, ...]


#: Works for both shops, to show how one person changes between businesses.
BOTH: Final = Person("robin", "Robin Ledger", "Accountant")

SHOPS: Final = (
    Shop(
        "hedgerow", "Hedgerow & Co", "GBP", "Europe/London", "en_GB", "0", "GB 999 9999 73",
        "gifts.json.gz", (9, 18),
        (
            Place("HIGH", "High Street", "12 High Street\nYork", ("HS1", "HS2"), 1.0, 4.0),
            Place("STN", "Station Kiosk", "Platform 1\nLeeds", ("ST1",), 0.5, 4.0),
        ),
        (
            Person("olive", "Olive Hedge", "Owner"),
            Person("max", "Max Manager", "Manager"),
            Person("casey", "Casey Till", "Cashier", ("HIGH",)),
            Person("kim", "Kim Kiosk", "Cashier", ("STN",)),
            Person("sam", "Sam Shelf", "Stock keeper"),
            Person("vera", "Vera View", "Viewer"),
            BOTH,
        ),
        ("Northern Giftware", "Paper & Ribbon Ltd", "Potteries Direct"),
    ),
    Shop(
        "corner", "The Corner Shop", "EUR", "Europe/Dublin", "en_IE", "0.05", "IE 9999999T",
        "groceries.json.gz", (8, 21),
        (
            Place("MAIN", "Main Street", "3 Main Street\nDublin", ("MS1",), 1.0, 5.5),
            Place("RIVER", "Riverside", "40 Quay Road\nDublin", ("RV1",), 0.7, 4.0),
            Place("PORT", "Airport", "Terminal 1\nDublin", ("AP1",), 0.35, 3.5),
        ),
        (
            Person("nora", "Nora Corner", "Owner"),
            Person("finn", "Finn Floor", "Manager"),
            Person("alex", "Alex Till", "Cashier", ("MAIN", "RIVER")),
            Person("pat", "Pat Gate", "Cashier", ("PORT",)),
            Person("toni", "Toni Pallet", "Stock keeper"),
            Person("ida", "Ida Look", "Viewer"),
            BOTH,
        ),
        ("Liffey Wholesale", "Green Fields Produce", "Atlantic Dairy"),
    ),
)  # fmt: skip

CUSTOMERS: Final = (
    "Amelia Finch", "Brian O'Dowd", "Chloe Marsh", "Deirdre Walsh", "Eddie Park", "Fatima Noor",
    "George Hill", "Hannah Byrne", "Ivan Petrov", "Jun Tanaka", "Katie Doyle", "Liam Nolan",
)  # fmt: skip


@dataclass(slots=True)
class Made:
    """How much was made for one shop."""

    shop: Shop
    variations: int
    sales: int


def is_here() -> bool:
    """Whether any of the demo's shops exists."""
    return Business.objects.filter(slug__in=[shop.slug for shop in SHOPS]).exists()


def make_demo(
    *, seed: int = SEED, days: int = 30, password: str = PASSWORD, now: datetime | None = None
) -> list[Made]:
    """Build both shops, completely or not at all. None of their slugs may exist.

    The figures depend on the seed, the number of days and today's date; ids and hashes do not.
    """
    moment = now or timezone.now()
    with transaction.atomic():
        return [_make_shop(shop, seed, days, password, moment) for shop in SHOPS]


def _make_shop(shop: Shop, seed: int, days: int, password: str, now: datetime) -> Made:
    rng = Random(f"{seed} {shop.slug}")  # noqa: S311 - chance for show, not for secrets
    business = Business.objects.create(
        slug=shop.slug,
        name=shop.name,
        currency=shop.currency,
        time_zone=shop.time_zone,
        locale=shop.locale,
        cash_step=Decimal(shop.cash_step),
        tax_number=shop.tax_number,
    )
    with context.business(business):
        places = {place.code: make_place(place) for place in shop.places}
        staff = {p.username: make_person(p, places, password) for p in shop.people}
        customers = _make_customers(rng)
        Supplier.objects.bulk_create(
            [Supplier(name=name, payment_days=30) for name in shop.suppliers]
        )
        items = make_catalogue(shop.catalogue, rng)
        history_begins = now - timedelta(days=days + 1)
        for place in shop.places:
            _fill(
                shop,
                place,
                places[place.code],
                staff,
                items,
                customers,
                rng,
                days,
                now,
                history_begins,
            )
        date_audit_entries()
        sales = sum(Register.objects.values_list("sale_counter", flat=True))
        return Made(shop, len(items), sales)


def _fill(
    shop: Shop,
    place: Place,
    location: Location,
    staff: dict[str, Membership],
    items: list[Item],
    customers: list[Customer],
    rng: Random,
    days: int,
    now: datetime,
    begins: datetime,
) -> None:
    roles = {p.role: staff[p.username] for p in shop.people}
    owner, manager = roles["Owner"], roles["Manager"]
    if place is shop.places[-1]:
        dearer(location, items, rng)
    left = stock(location, items, place.carries, actor=owner.user, at=begins, rng=rng)
    cashiers = [
        staff[p.username] for p in shop.people if p.role == "Cashier" and place.code in p.locations
    ]
    tills = [
        Till(register, [*cashiers, *cashiers, manager], manager, *shop.hours, place.sales_a_day)
        for register in Register.objects.filter(location=location).select_related("location")
    ]
    History(items, left, customers, tills, rng).write(days, now)


def make_place(place: Place) -> Location:
    """A location of the bound business, with its registers."""
    location: Location = Location.objects.create(
        code=place.code,
        name=place.name,
        address=place.address,
        receipt_footer="Thank you. Goods can be returned within 28 days.",
    )
    for number, prefix in enumerate(place.registers, start=1):
        Register.objects.create(name=f"Till {number}", location=location, prefix=prefix)
    return location


def make_person(person: Person, places: dict[str, Location], password: str) -> Membership:
    """Somebody in their role in the bound business, which is made where it is not there yet."""
    role, _ = Role.objects.get_or_create(
        name=person.role, defaults={"permissions": sorted(DEFAULT_ROLES[person.role])}
    )
    email = f"{person.username}@example.com"
    try:
        user = User.objects.get_by_natural_key(email)
    except User.DoesNotExist:
        user = User.objects.create_user(person.username, password, email=email, name=person.name)
    member: Membership = Membership.objects.create(
        user=user,
        role=role,
        is_owner=person.role == "Owner",
        all_locations=not person.locations,
    )
    for code in person.locations:
        member.location_links.create(location=places[code])
    return member


def _make_customers(rng: Random) -> list[Customer]:
    customers = []
    for name in CUSTOMERS:
        first = name.split()[0].lower()
        customer = Customer(
            name=name, email=f"{first}@example.com", phone=f"01632 960{rng.randrange(1000):03d}"
        )
        customer.index_contacts()
        customers.append(customer)
    Customer.objects.bulk_create(customers)
    write_name_hashes(customers, fresh=True)
    return customers
