"""The series of receipt numbers that devices give by themselves, while the server is away.

A number reads `<prefix>-<code><counter>`: the register's prefix, two letters or more that no other
device of the business has, and a counter that the device begins at 1. One letter alone is a kind of
document (`posting.SERIES`).
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, Greatest, Length
from django.utils.translation import gettext as _

from accounts.models import Device
from sales.errors import OtherRequest
from sales.models import NumberSeries, Register, ReviewItem, Sale
from tenants.errors import Refused, is_unique_violation
from tenants.ids import uuid7

# Without those that are read as digits.
LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"
SHORTEST, LONGEST = 2, 4
_TRIES: Final = 20
_NUMBER: Final = re.compile(r"([A-Z0-9]{1,12})-([A-Z]{2,4})([0-9]{6,15})")


@dataclass(frozen=True, slots=True)
class OwnNumber:
    """A number that a device gave, in its parts."""

    prefix: str
    series: str
    counter: int


def own_number(text: str) -> OwnNumber | None:
    """The parts of a number as a device gives them; None where it is none."""
    found = _NUMBER.fullmatch(text)
    if found is None or int(found[3]) == 0 or found[3] != f"{int(found[3]):06d}":
        return None
    return OwnNumber(found[1], found[2], int(found[3]))


def series_for(
    device: Device, register: Register | None = None, *, anew: bool = False
) -> NumberSeries | None:
    """The series in which this device numbers at `register`, made at the first call.

    Without `register`: the one that it stands at, or None where it stands at none. `anew` makes
    another one, for a device that was reset: it has forgotten how far it had come.
    """
    register = register or Register.objects.filter(device=device, is_history=False).first()
    if register is None:
        return None
    if not anew:
        known = NumberSeries.objects.filter(device=device, register=register)
        latest: NumberSeries | None = known.order_by("-created_at", "-pk").first()
        if latest is not None:
            return latest
    return make_series(register=register, device=device)


def make_series(
    *, register: Register, device: Device | None = None, series_id: uuid.UUID | None = None
) -> NumberSeries:
    """A new series at the register; the same `series_id` again is the same series.

    Raises OtherRequest where the id is taken by another register or device, Refused where the
    business has no codes left.
    """
    series_id = series_id or uuid7()
    for _try in range(_TRIES):
        earlier: NumberSeries | None = NumberSeries.objects.filter(pk=series_id).first()
        if earlier is not None:
            if (earlier.register_id, earlier.device_id) != (register.pk, device and device.pk):
                raise OtherRequest
            return earlier
        try:
            with transaction.atomic():
                made: NumberSeries = NumberSeries.objects.create(
                    pk=series_id, register=register, device=device, code=_next_code()
                )
                return made
        except IntegrityError as error:
            # Another device was given the code meanwhile, or the same request is here twice; or
            # the id is a row of another business, which comes to the end of the tries.
            if not is_unique_violation(error):
                raise
    raise OtherRequest


def _next_code() -> str:
    sized = NumberSeries.objects.annotate(size=Length("code"))
    last = sized.order_by("-size", "-code").values_list("code", flat=True).first()
    if last is None:
        return LETTERS[0] * SHORTEST
    rest = last.rstrip(LETTERS[-1])
    if rest:
        following = LETTERS[LETTERS.index(rest[-1]) + 1]
        return str(rest[:-1] + following + LETTERS[0] * (len(last) - len(rest)))
    if len(last) == LONGEST:
        raise Refused("no_series_left", _("This business has no series of numbers left."))
    return LETTERS[0] * (len(last) + 1)


def counted(series: QuerySet[NumberSeries]) -> QuerySet[NumberSeries]:
    """With `last`: the highest number of each that has come in, into the books or for review."""
    sold = Sale.objects.filter(series=OuterRef("code")).order_by("-counter")
    seen = ReviewItem.objects.filter(series=OuterRef("code"), counter__isnull=False)
    return series.annotate(
        last=Greatest(
            Coalesce(Subquery(sold.values("counter")[:1]), 0),
            Coalesce(Subquery(seen.order_by("-counter").values("counter")[:1]), 0),
        )
    )


def series_of(device: Device) -> dict[uuid.UUID, NumberSeries]:
    """{register: the latest series of the device there}, with `last`; in one statement."""
    rows = counted(NumberSeries.objects.filter(device=device)).order_by("created_at", "pk")
    return {one.register_id: one for one in rows}
