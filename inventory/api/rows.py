"""Rows that one form makes and changes: over the API by the form of their page.

A row that is made under an `id` is made once; what is not sent with a change stays as it is.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import models

from accounts import audit
from accounts.bodies import refuse
from accounts.rest import BusinessRequest, body_of
from accounts.versions import plain, version_of
from inventory.api.reading import (
    id_taken,
    posted,
    problems_of,
    read_fields,
    speaks_of_links,
    stored_fields,
    twice,
    with_free_id,
)
from tenants.ids import uuid7


def saved_with_audit(request: Any, form: Any) -> None:
    """As `accounts.views.saving` does it for the pages."""
    row = form.instance
    fields = None if row._state.adding else form.changed_data
    audit.save(actor=request.user, target=row, fields=fields, device=request.device)


def as_sent(_request: Any, values: dict[str, Any]) -> dict[str, Any]:
    return values


@dataclass(frozen=True, slots=True)
class Kind:
    """What the rows of one table are made with.

    `form` makes the form of the page out of what it would be sent, `save` writes what the form has
    judged, and `read` may refuse a value, or put it as it is stored. A new row is active.
    """

    model: Any
    names: Sequence[str]
    form: Callable[[Any, Mapping[str, str], Any], Any]
    save: Callable[[Any, Any], None] = saved_with_audit
    read: Callable[[Any, dict[str, Any]], dict[str, Any]] = as_sent

    def version(self, row: Any) -> str:
        values = [plain(one) for one in stored_fields(row, self.names).values()]
        return version_of([self.model._meta.label, str(row.pk), *values])


def add(request: BusinessRequest, kind: Kind) -> tuple[uuid.UUID, int]:
    """Make the row that the request's body describes, or find it made by this request before.

    Returns its id, with 201 or 200. Raises Refused.
    """
    body = body_of(request)
    key = body.optional_uuid("id")
    names = [name for name in kind.names if name != "is_active"]
    values = read_fields(body, kind.model, names)
    body.finish()
    values = kind.read(request, values)
    made = key or uuid7()

    def work() -> int:
        earlier = kind.model.objects.filter(pk=key).first() if key else None
        if earlier is not None:
            stored = stored_fields(earlier, names)
            if {**stored, **values} != stored:
                raise id_taken()
            return 200
        save(request, kind, kind.model(pk=made), {**values, "is_active": True})
        return 201

    return made, with_free_id(work)


def change(request: BusinessRequest, kind: Kind, locked: Callable[[], models.Model]) -> None:
    """Change what was sent of the row that `locked` finds. Raises Refused and what `locked` does."""
    body = body_of(request)
    values = read_fields(body, kind.model, kind.names)
    body.finish()
    values = kind.read(request, values)

    def work() -> None:
        row = locked()
        save(request, kind, row, {**stored_fields(row, kind.names), **values})

    twice(work)


def save(request: Any, kind: Kind, row: models.Model, values: dict[str, Any]) -> None:
    """Make the row, or change it, by its form, which is sent all of `values`. Raises Refused."""
    stored = stored_fields(row, kind.names)
    form = kind.form(request, posted(values), row)
    speaks_of_links(form)
    problems = {
        # A page shows such a field and does not let anybody at it.
        name: [str(field.help_text)]
        for name, field in form.fields.items()
        if field.disabled and values.get(name) != stored.get(name)
    }
    form.is_valid()
    refuse(problems_of(form) | problems)
    kind.save(request, form)
