"""JSON for the forms of the catalogue: read strictly, then judged by the same rules as the pages."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from accounts.bodies import Body
from tenants.errors import Refused, is_unique_violation

Result = TypeVar("Result")

MOST_TEXT = 20_000


def read_fields(body: Body, model: type[models.Model], names: Iterable[str]) -> dict[str, Any]:
    """The fields that were sent; null stands for none where a field may be empty."""
    found: dict[str, Any] = {}
    for name in names:
        if body.sent(name):
            found[name] = _read(body, name, model._meta.get_field(name))
    return found


def _read(body: Body, name: str, field: Any) -> Any:
    if isinstance(field, models.ForeignKey):
        return body.optional_uuid(name)
    if isinstance(field, models.BooleanField):
        return body.flag(name, required=True)
    if isinstance(field, models.DecimalField):
        return body.optional_amount(name) if field.null else body.amount(name)
    if isinstance(field, models.IntegerField):
        return body.optional_whole(name)
    return body.text(name, most=field.max_length or MOST_TEXT, required=not field.blank)


def stored_fields(row: models.Model, names: Iterable[str]) -> dict[str, Any]:
    """The same of a row as it is."""
    return {name: getattr(row, row._meta.get_field(name).attname) for name in names}  # type: ignore[union-attr]


def posted(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Values as a form reads them."""
    data = {}
    for name, value in values.items():
        if value is True:
            data[f"{prefix}{name}"] = "on"
        elif value is not None and value is not False:
            data[f"{prefix}{name}"] = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return data


def speaks_of_links(form: Any) -> None:
    """Say of a row that is not there what a program can do about it."""
    for field in form.fields.values():
        if hasattr(field, "queryset"):
            field.error_messages["invalid_choice"] = _(
                "There is no such row here, or it is switched off."
            )


def problems_of(form: Any, path: Callable[[str], str] = lambda name: name) -> dict[str, list[str]]:
    """The sentences of a form's errors by the paths of the request's fields."""
    found: dict[str, list[str]] = {}
    for name, errors in form.errors.items():
        found.setdefault(path(name), []).extend(str(one) for one in errors)
    return found


def confirmed(doubts: list[str], *, confirm: bool) -> None:
    """Raises Refused for values that are more often a slip than meant, unless they are confirmed."""
    if doubts and not confirm:
        said = _("These values are unusual. Send “confirm” as true if they are right.")
        raise Refused("implausible", said, {"confirm": doubts})


def fingerprint(data: Any) -> str:
    """Of the JSON that was sent, whatever the order of its fields."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def made_id(*parts: object) -> uuid.UUID:
    """An id that the same parts make again: version 8 of RFC 9562, with the time of the first."""
    first = parts[0]
    head = first.bytes[:6] if isinstance(first, uuid.UUID) else b"\0" * 6
    rest = hashlib.sha256("\n".join(map(str, parts)).encode()).digest()[:10]
    value = int.from_bytes(head + rest, "big")
    value = value & ~(0xF << 76) | 0x8 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return uuid.UUID(int=value)


def id_taken() -> Refused:
    said = _("Something else was made under this id, or this was changed since.")
    return Refused("id_taken", said, {"id": ["taken"]}, status=409)


def twice(work: Callable[[], Result]) -> Result:
    """Do it; where somebody else was quicker with the same code or id, look again, and say which.

    What `work` writes, it writes in the transaction that is opened here. Raises what the second
    time raises, and Refused where even that meets a row that it did not see.
    """
    for _time in range(2):
        try:
            with transaction.atomic():
                return work()
        except IntegrityError as error:
            if not is_unique_violation(error):
                raise
    said = _("Somebody else writes the same at this moment. Send it again.")
    raise Refused("conflict", said, status=409)


def with_free_id(work: Callable[[], Result]) -> Result:
    """`twice`, where the id of the request may be one of another business, which nobody is told."""
    try:
        return twice(work)
    except Refused as refused:
        if refused.code == "conflict":
            raise id_taken() from refused
        raise
