"""Who asks and for which business, as far as what is answered at once needs to know them.

They look like the rows of Business, User, Membership, Device and OperatorSession, have no other
columns, and never change: what a function found of them is made into these once, and who comes with
the very same values is the same. Nothing is remembered by which somebody gets in: the values were
read for this request.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision
from django.db import connection

from accounts.models import User
from accounts.permissions import Permission, named_in

#: Tills and operators of this process; each takes a kilobyte or two.
MOST: Final = 2_000


@dataclass(frozen=True, slots=True)
class Company:
    """Like a Business."""

    pk: int
    slug: str
    currency: str
    digits: int
    time_zone: str
    locale: str
    cash_step: Decimal
    sends_webhooks: bool

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


@dataclass(frozen=True, slots=True)
class Person:
    """Like a User."""

    pk: int
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Member:
    """Like a Membership, with what it grants at this device."""

    pk: UUID
    business: Company
    user: Person
    granted: frozenset[Permission]

    def can(self, permission: Permission) -> bool:
        return permission in self.granted


@dataclass(frozen=True, slots=True)
class Terminal:
    """Like the Device of a till."""

    pk: UUID
    business_id: int
    location_id: UUID
    is_program: bool = False


@dataclass(frozen=True, slots=True)
class Session:
    """Like an OperatorSession."""

    pk: UUID


@dataclass(frozen=True, slots=True)
class Caller:
    member: Member
    device: Terminal
    session: Session | None


@lru_cache(maxsize=MOST)
def caller(
    business_id: int,
    *,
    device_id: str,
    location_id: str,
    member_id: str,
    person_id: int,
    name: str,
    session_id: str | None,
    role_permissions: str,
    device_permissions: str | None,
    slug: str,
    currency: str,
    time_zone: str,
    locale: str,
    cash_step: str,
    sends_webhooks: bool,
) -> Caller:
    """Whoever these columns are of, as functions such as `sales_open_v1` find them."""
    company = Company(
        business_id,
        slug,
        currency,
        get_currency_precision(currency),
        time_zone,
        locale,
        Decimal(cash_step),
        sends_webhooks,
    )
    sealed: Any = User._meta.get_field("name")
    person = Person(person_id, sealed.from_db_value(name, None, connection))
    granted = named_in(role_permissions)
    if device_permissions is not None:
        granted &= named_in(device_permissions)
    return Caller(
        Member(UUID(member_id), company, person, granted),
        Terminal(UUID(device_id), business_id, UUID(location_id)),
        None if session_id is None else Session(UUID(session_id)),
    )
