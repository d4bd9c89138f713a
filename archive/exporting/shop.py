"""Businesses with their locations, people, roles and devices as rows of the file.

Every function here reads the bound business. Columns that the format has and Tillbook does not are
written with nothing in them; what the format lacks stands beside under names of our own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from babel import Locale
from babel.numbers import get_decimal_symbol, get_group_symbol
from django.db.models import Prefetch, QuerySet

from accounts.models import Device, Membership, MembershipLocation, Role, User
from accounts.permissions import ALL_LOCATIONS
from archive.exporting.form import amount, moment
from archive.exporting.reading import Numbers, in_order
from inventory.models import StockDocument, StockMovement
from sales.models import CashMovement, CreditEntry, Sale, Shift, ZReading
from tenants import context
from tenants.models import Business, Location

Row = dict[str, Any]

#: What an import or a departure notes in a business's settings, which is no part of the business.
NOTES: Final = frozenset({"origin", "fingerprint", "books", "leaves_on", "reviews"})

#: Says the same in every file: our rows do not know when they were made or changed.
UNDATED: Final[Row] = {"createdAt": None, "updatedAt": None}


def deleted_at(active: bool) -> str | None:
    """What marks a row as deleted for other programs, where the format has no other way to say
    that it is switched off: the time that the business came to be."""
    return None if active else moment(context.current().created_at)


# -- businesses and locations ---------------------------------------------------------------------


def business_row(numbers: Numbers, owner_id: int | None) -> Row:
    business = context.current()
    settings = {key: value for key, value in business.settings.items() if key not in NOTES}
    return {
        "id": numbers.of("businesses", business.pk),
        "name": business.name,
        "ownerId": owner_id,
        "currencyId": numbers.of("currencies", business.currency),
        "startDate": moment(business.created_at),
        "taxNumber1": business.tax_number,
        "taxLabel1": business.tax_label,
        "taxNumber2": None,
        "taxLabel2": None,
        "defaultProfitPercent": None,
        "timeZone": business.time_zone,
        "fyStartMonth": 1,
        "accountingMethod": None,
        "defaultSalesDiscount": None,
        "sellPriceTax": "includes" if business.prices_include_tax else "excludes",
        "logo": None,
        "skuPrefix": "",
        "skuFormat": None,
        "enableTooltip": True,
        "enableSubUnits": False,
        "enableSeniorPwdDiscount": False,
        "invoiceScheme": None,
        "zCounter": 0,
        "resetCounter": 0,
        "accumulatedSales": "0.0000",
        "slug": business.slug,
        "locale": business.locale,
        "cashStep": amount(business.cash_step),
        "isActive": business.is_active,
        "settings": settings,
        "currency": _currency(numbers, business),
        "locations": [_location(numbers, place) for place in Location.objects.order_by("pk")],
        "createdAt": moment(business.created_at),
        "updatedAt": None,
    }


def _currency(numbers: Numbers, business: Business) -> Row:
    english = Locale("en")
    code = business.currency
    return {
        "id": numbers.of("currencies", code),
        "code": code,
        "name": english.currencies.get(code, code),
        "symbol": english.currency_symbols.get(code, code),
        "thousandSeparator": get_group_symbol(english),
        "decimalSeparator": get_decimal_symbol(english),
        **UNDATED,
    }


def _location(numbers: Numbers, place: Location) -> Row:
    return {
        "id": numbers.of("locations", place.pk),
        "businessId": numbers.of("businesses", place.business_id),
        "name": place.name,
        "landmark": ", ".join(place.address.split("\n"))[:200] or None,
        "country": None,
        "state": None,
        "city": None,
        "zipCode": None,
        "mobile": place.phone or None,
        "alternateNumber": None,
        "email": None,
        "locationCode": place.code,
        "isActive": place.is_active,
        "zCounter": 0,
        "resetCounter": 0,
        "accumulatedSales": "0.0000",
        "address": place.address,
        "ownTimeZone": place.own_time_zone,
        "receiptHeader": place.receipt_header,
        "receiptFooter": place.receipt_footer,
        "belowZero": place.below_zero,
        "deletedAt": None,
        **UNDATED,
    }


# -- people ---------------------------------------------------------------------------------------


def outsiders() -> list[User]:
    """Who signed documents of the business and does not work in it, by user name."""
    members = set(Membership.objects.values_list("user_id", flat=True))
    signed: set[Any] = set()
    for model, column in (
        (Sale, "operator"), (Shift, "opened_by"), (Shift, "closed_by"), (StockDocument, "actor"),
        (StockMovement, "actor"), (CreditEntry, "actor"), (CashMovement, "operator"),
        (ZReading, "taken_by"),
    ):  # fmt: skip
        signed.update(model.objects.order_by().values_list(f"{column}_id", flat=True).distinct())
    people = User.objects.filter(pk__in=signed - members - {None})
    return sorted(people, key=lambda user: (user.username.casefold(), user.pk))


def number_people(numbers: Numbers) -> None:
    """One number for each person in the business: members by key, then outsiders."""
    business_id = context.require_id()
    members = Membership.objects.order_by("pk").values_list("user_id", flat=True)
    for user_id in [*members, *(user.pk for user in outsiders())]:
        number = numbers.give("users", (business_id, user_id))
        if numbers.known("people", user_id) is None:
            # A person who works in several businesses stands in the file once for each.
            numbers.give("people", user_id)
            numbers.give_same("first of person", user_id, number)


def person(numbers: Numbers, user_id: Any) -> int | None:
    """The number in the file of a person who signed something in the bound business."""
    return None if user_id is None else numbers.of("users", (context.require_id(), user_id))


def user_rows(numbers: Numbers, *, secrets: bool) -> Iterator[Row]:
    """Members by key, then outsiders; with `secrets` the hashes of the members' passwords."""
    members = (
        Membership.objects.select_related("user", "role")
        .prefetch_related(
            Prefetch("location_links", MembershipLocation.objects.order_by("location_id"))
        )
        .order_by("pk")
    )
    for member in members:
        password = _password(member.user) if secrets else None
        yield {**_user(numbers, member.user, member), "password": password}
    for user in outsiders():
        yield _user(numbers, user, None)


def _user(numbers: Numbers, user: User, member: Membership | None) -> Row:
    number = person(numbers, user.pk)
    links = list(member.location_links.all()) if member else []
    places = [numbers.of("locations", link.location_id) for link in links]
    named = [f"location.{place}" for place in places]
    if member is not None and member.all_locations:
        named = [ALL_LOCATIONS]
    return {
        "id": number,
        "surname": None,
        "firstName": user.name or None,
        "lastName": None,
        "username": user.username,
        "email": (user.email or None) if member else None,
        "password": None,
        "language": user.language or None,
        "businessId": numbers.of("businesses", context.require_id()),
        "contactNumber": None,
        "altNumber": None,
        "familyNumber": None,
        "allowLogin": user.is_active if member else False,
        "userType": "user",
        "selectedContacts": False,
        "maxSaleDiscount": None,
        "deletedAt": deleted_at(member is not None and member.is_active),
        "personId": numbers.of("first of person", user.pk),
        "isMember": member is not None,
        "isActive": member is not None and member.is_active,
        "isOwner": member is not None and member.is_owner,
        "allLocations": member is not None and member.all_locations,
        "locationIds": places,
        "mustChangePassword": user.must_change_password,
        "memberSince": moment(member.created_at) if member else None,
        "createdAt": moment(user.created_at),
        "updatedAt": None,
        "roles": [_role_link(numbers, number, member.role)] if member else [],
        "permissions": [
            {
                "userId": number,
                "permissionId": numbers.of("permissions", name),
                "permission": _permission(numbers, name),
            }
            for name in named
        ],
    }


def _password(user: User) -> str | None:
    """The hash: bcrypt as other programs write it, others as Django does; none where it is no
    password."""
    if not user.password or not user.has_usable_password():
        return None
    return user.password.removeprefix("bcrypt$")


def _role_link(numbers: Numbers, user_number: int | None, role: Role) -> Row:
    return {
        "userId": user_number,
        "roleId": numbers.of("roles", role.pk),
        "role": _role(numbers, role),
    }


def _role(numbers: Numbers, role: Role) -> Row:
    return {
        "id": numbers.of("roles", role.pk),
        "name": role.name,
        "guardName": "web",
        "businessId": numbers.of("businesses", role.business_id),
        "isDefault": False,
        "description": role.description,
        **UNDATED,
    }


def role_rows(numbers: Numbers) -> Iterator[Row]:
    for role in Role.objects.order_by("pk"):
        number = numbers.of("roles", role.pk)
        held = [
            {
                "roleId": number,
                "permissionId": numbers.of("permissions", name),
                "permission": _permission(numbers, name),
            }
            for name in sorted(set(role.permissions))
        ]
        yield {**_role(numbers, role), "permissions": held}


def permission_names(numbers: Numbers) -> set[str]:
    """Everything that the bound business's roles hold, and where its people work."""
    names = {name for held in Role.objects.values_list("permissions", flat=True) for name in held}
    if Membership.objects.filter(all_locations=True).exists():
        names.add(ALL_LOCATIONS)
    places = MembershipLocation.objects.filter(membership__all_locations=False)
    used = places.order_by().values_list("location_id", flat=True).distinct()
    return names | {f"location.{numbers.of('locations', place)}" for place in used}


def number_permissions(numbers: Numbers, names: Iterable[str]) -> None:
    for name in sorted(names):
        numbers.give("permissions", name)


def permission_rows(numbers: Numbers) -> Iterator[Row]:
    for name in numbers.all("permissions"):
        yield _permission(numbers, name)


def _permission(numbers: Numbers, name: str) -> Row:
    return {"id": numbers.of("permissions", name), "name": name, "guardName": "web", **UNDATED}


def owner_number(numbers: Numbers) -> int | None:
    owners = Membership.objects.filter(is_owner=True).order_by("-is_active", "pk")
    first = owners.values_list("user_id", flat=True).first()
    return person(numbers, first)


# -- devices --------------------------------------------------------------------------------------


def terminals() -> QuerySet[Device]:
    """The devices that travel: a program's key is nothing but its token, which does not."""
    rows: QuerySet[Device] = Device.objects.filter(kind=Device.Kind.TERMINAL)
    return rows


def device_rows(numbers: Numbers) -> Iterator[Row]:
    """Without their tokens: each needs a new one where it arrives."""
    for device in in_order(terminals().select_related("membership")):
        yield {
            "id": numbers.of("devices", device.pk),
            "businessId": numbers.of("businesses", device.business_id),
            "name": device.name,
            "locationId": numbers.of("locations", device.location_id),
            "userId": person(numbers, device.membership.user_id),
            "lastSeenAt": moment(device.last_seen_at),
            "revokedAt": moment(device.revoked_at),
            "createdAt": moment(device.created_at),
        }
