"""Versions of what the API tells, so that nobody changes what somebody else has changed meanwhile."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from tenants.errors import Refused
from tenants.spelling import plain_number


def version_of(told: Any) -> str:
    """Of values that JSON can say: another one as soon as any of them is another.

    Keyed, for it may cover what the reader is not told, which whoever knows the rest could
    otherwise find by trying.
    """
    text = json.dumps(told, cls=DjangoJSONEncoder)
    return salted_hmac("inventory.api.version", text, algorithm="sha256").hexdigest()[:16]


def plain(value: Any) -> Any:
    """A column's value as `version_of` takes it: 5 and 5.0000 are one price."""
    if isinstance(value, Decimal):
        return plain_number(value)
    return value if value is None or isinstance(value, bool | int) else str(value)


def tag(version: str) -> dict[str, str]:
    """The header of an answer that tells this version."""
    return {"ETag": f'"{version}"'}


def wants_version(request: Any) -> bool:
    """Whether the request is about one version of the thing, whichever it is."""
    return request.headers.get("If-Match", "").strip() not in ("", "*")


def demand_version(request: Any, version: str) -> None:
    """Raises Refused (412) where the request is about another version of the thing than this."""
    wanted = request.headers.get("If-Match", "")
    tags = [one.strip().removeprefix("W/").strip('"') for one in wanted.split(",")]
    if wants_version(request) and version not in tags:
        said = _("This was changed meanwhile. Read it again, and decide anew.")
        raise Refused("changed_meanwhile", said, status=412)
