"""The SQL of counting: one request that may be refused, many that may not, and what is left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from metering.models import ApiAccount, KeyDay, KeyLimit
from tenants.context import require_id

#: No limit, for the database: more than there will ever be.
ENDLESS: Final = 2**62
#: (business, key, day)
Key = tuple[int, UUID, date]


@dataclass(frozen=True, slots=True)
class Count:
    """What a key has asked for this day and this month, and how much it may."""

    day: int
    month: int
    per_day: int
    per_month: int

    def more(self, requests: int) -> Count:
        return replace(self, day=self.day + requests, month=self.month + requests)


# Limits and the days before today of this month, which do not change any more, read in the same
# statement. The row of today is the lock: ON CONFLICT looks at its newest version, so that of N
# requests at once exactly those get in that still fit.
_ADMIT = """
WITH bounds AS (
    SELECT coalesce((SELECT per_day FROM {limit} WHERE business_id = %s AND device_id = %s), %s)
        AS per_day,
    coalesce((SELECT per_month FROM {limit} WHERE business_id = %s AND device_id = %s), %s)
        AS per_month,
    coalesce((SELECT sum(count) FROM {table} WHERE business_id = %s AND device_id = %s
        AND day >= %s AND day < %s), 0) AS before
)
INSERT INTO {table} (business_id, device_id, day, count, charged, folded, refused)
SELECT %s, %s, %s, 1, %s, 0, 0 FROM bounds WHERE per_day > 0 AND before < per_month
ON CONFLICT (business_id, device_id, day) DO UPDATE
SET count = {table}.count + 1, charged = {table}.charged + excluded.charged
WHERE {table}.count < (SELECT per_day FROM bounds)
AND (SELECT before FROM bounds) + {table}.count < (SELECT per_month FROM bounds)
RETURNING count, (SELECT before FROM bounds), (SELECT per_day FROM bounds),
    (SELECT per_month FROM bounds)
"""

_ADD = """
INSERT INTO {table} (business_id, device_id, day, count, charged, folded, refused)
VALUES {places}
ON CONFLICT (business_id, device_id, day) DO UPDATE
SET count = {table}.count + excluded.count, charged = {table}.charged + excluded.charged,
    refused = {table}.refused + excluded.refused
RETURNING business_id, device_id, day, count,
    (SELECT coalesce(sum(other.count), 0) FROM {table} other
        WHERE other.business_id = {table}.business_id AND other.device_id = {table}.device_id
        AND other.day < {table}.day AND other.day >= {first}),
    (SELECT per_day FROM {limit} own WHERE own.business_id = {table}.business_id
        AND own.device_id = {table}.device_id),
    (SELECT per_month FROM {limit} own WHERE own.business_id = {table}.business_id
        AND own.device_id = {table}.device_id)
"""
_FIRST = {
    "postgresql": "date_trunc('month', {table}.day)::date",
    "sqlite": "date({table}.day, 'start of month')",
}

_CHARGE = """
INSERT INTO {account} (business_id, balance, pending, entries_made) VALUES {places}
ON CONFLICT (business_id) DO UPDATE SET pending = {account}.pending + excluded.pending
"""

_TAKE = """
UPDATE {account} SET pending = pending + 1
WHERE business_id = %s AND balance - pending > 0 RETURNING balance - pending
"""


def _sql(text: str, **fields: str) -> str:
    quote = connection.ops.quote_name
    return text.format(
        table=quote(KeyDay._meta.db_table),
        limit=quote(KeyLimit._meta.db_table),
        account=quote(ApiAccount._meta.db_table),
        **fields,
    )


def _written(device_id: UUID) -> Any:
    return KeyDay._meta.get_field("device").get_db_prep_save(device_id, connection)


def _on(day: date) -> Any:
    return connection.ops.adapt_datefield_value(day)


def usual(limit: int) -> int:
    """A limit of the settings, where 0 is none, as the database compares it."""
    return limit or ENDLESS


def admit(device_id: UUID, day: date, *, charged: bool) -> Count | None:
    """Count one more request of this key of the bound business, in one statement; None where it is
    over a limit of the key, and then nothing is counted."""
    key: list[Any] = [require_id(), _written(device_id)]
    metering = settings.METERING
    values = [*key, usual(metering.per_day), *key, usual(metering.per_month)]
    values += [*key, _on(day.replace(day=1)), _on(day), *key, _on(day), int(charged)]
    with connection.cursor() as cursor:
        cursor.execute(_sql(_ADMIT), values)
        row = cursor.fetchone()
    if row is None:
        return None
    count, before, per_day, per_month = (int(one) for one in row)
    return Count(count, before + count, per_day, per_month)


def take() -> int | None:
    """Take one credit of the bound business, in one statement: how many are left, or None where
    there was none."""
    with connection.cursor() as cursor:
        cursor.execute(_sql(_TAKE), [require_id()])
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def add(rows: Mapping[Key, list[int]]) -> dict[Key, Count]:
    """Add [requests, charged, refused] to the days of keys of any businesses; nothing is bound. What
    stands there then.

    In one short transaction: all of it is added or nothing. Rows go in the order of their keys, the
    days before the accounts, as everywhere: processes wait for each other and never in a circle.
    Raises django.db.Error; IntegrityError where a key or a business is there no more.
    """
    values: list[Any] = []
    charged: dict[int, int] = {}
    for key in sorted(rows, key=lambda one: (one[0], one[1].hex, one[2])):
        business_id, device_id, day = key
        requests, cost, refused = rows[key]
        values += [business_id, _written(device_id), _on(day), requests, cost, refused]
        if cost:
            charged[business_id] = charged.get(business_id, 0) + cost
    places = ", ".join(["(%s, %s, %s, %s, %s, 0, %s)"] * len(rows))
    first = _sql(_FIRST[connection.vendor])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_sql(_ADD, places=places, first=first), values)
        found = cursor.fetchall()
        if charged:
            _charge(cursor, charged)
    return dict(_counted(*row) for row in found)


def _charge(cursor: Any, charged: Mapping[int, int]) -> None:
    values = [one for business_id in sorted(charged) for one in (business_id, charged[business_id])]
    places = ", ".join(["(%s, 0, %s, 0)"] * len(charged))
    cursor.execute(_sql(_CHARGE, places=places), values)


def _counted(
    business_id: int, device_id: Any, day: Any, count: int, before: Any, *limits: int | None
) -> tuple[Key, Count]:
    """A row as SQLite or PostgreSQL gives it."""
    key = (
        business_id,
        device_id if isinstance(device_id, UUID) else UUID(device_id),
        day if isinstance(day, date) else date.fromisoformat(day),
    )
    return key, Count(count, int(before) + count, *bounds(*limits))


def bounds(per_day: int | None = None, per_month: int | None = None) -> tuple[int, int]:
    """The limits of a key that has these of its own; None is the usual one."""
    metering = settings.METERING
    return (
        usual(metering.per_day) if per_day is None else per_day,
        usual(metering.per_month) if per_month is None else per_month,
    )


def counts(device_ids: Iterable[UUID], day: date) -> dict[UUID, Count]:
    """What these keys of the bound business have asked for until this day of its month."""
    found: dict[UUID, list[int]] = {one: [0, 0] for one in device_ids}
    days = KeyDay.objects.filter(device__in=list(found), day__gte=day.replace(day=1), day__lte=day)
    for device_id, when, count in days.values_list("device_id", "day", "count"):
        found[device_id][1] += count
        if when == day:
            found[device_id][0] += count
    limits = {
        device_id: own
        for device_id, *own in KeyLimit.objects.filter(device__in=list(found)).values_list(
            "device_id", "per_day", "per_month"
        )
    }
    return {
        device_id: Count(today, month, *bounds(*limits.get(device_id, ())))
        for device_id, (today, month) in found.items()
    }


def next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
