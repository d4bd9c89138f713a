"""The audit log: one row per act, in the act's own transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any

from django.apps import apps
from django.db import models, transaction

from accounts.models import AuditEntry, Device, Membership, User
from tenants.encryption import Sealed

# Stands for a value that the log must not keep in clear.
HIDDEN = "***"
# The last word of what an entry says of costs, which is for those who may see them.
COSTS = ("cost", "unit_cost")


def record(
    *,
    actor: User | None,
    action: str,
    target: models.Model | None = None,
    changes: dict[str, Any] | None = None,
    device: Device | None = None,
) -> AuditEntry:
    """Write that `actor` did `action` ("product.update") to `target`.

    `changes` maps field to [old, new], as text or numbers; see `changed()`.
    """
    return AuditEntry.objects.create(
        actor=actor,
        device=device,
        action=action,
        object_type=target._meta.model_name or "" if target is not None else "",
        object_id=str(target.pk) if target is not None else "",
        object_text=_text(target),
        changes=changes or {},
    )


def _text(target: models.Model | None) -> str:
    """What the log calls the row later, when it may be gone; of people only the id, because their
    names are encrypted wherever they stand."""
    is_person = isinstance(target, User | Membership) or getattr(target, "IS_PERSON", False)
    return "" if target is None or is_person else str(target)[:200]


def names_of_others(entries: Iterable[AuditEntry]) -> dict[str, str]:
    """{id: name} of the persons besides staff whom these entries are about, as far as they are there
    still: the log itself does not name them."""
    found: dict[str, str] = {}
    for model in apps.get_models():
        if getattr(model, "IS_PERSON", False):
            kind = model._meta.model_name
            keys = {entry.object_id for entry in entries if entry.object_type == kind}
            rows = model._default_manager.filter(pk__in=keys)
            found |= {str(row.pk): str(row) for row in rows}
    return found


def snapshot(obj: models.Model) -> dict[str, Any]:
    """The values of a row's editable columns, for `changed()`; encrypted ones only as set or not."""
    return {
        field.name: bool(getattr(obj, field.attname))
        if isinstance(field, Sealed)
        else _plain(getattr(obj, field.attname))
        for field in obj._meta.concrete_fields
        if field.editable and field.name != "password"
    }


def changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """{field: [old, new]} of what differs between two snapshots."""
    return {
        name: [before.get(name), value]
        for name, value in after.items()
        if before.get(name) != value
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        # 5 and 5.0000 are one price: what a form sends is no change of what the column holds.
        return f"{value.normalize():f}"
    return value if value is None or isinstance(value, bool | int | list | dict) else str(value)


def shown_changes(entry: AuditEntry, *, costs: bool) -> dict[str, Any]:
    """What an entry tells a reader, with `costs` or without."""
    changes: dict[str, Any] = entry.changes
    return {
        name: values
        for name, values in changes.items()
        if costs or not (name.split() and name.split()[-1] in COSTS)
    }


def save(
    *,
    actor: User,
    target: models.Model,
    fields: Collection[str] | None = None,
    device: Device | None = None,
) -> None:
    """Save a new row, or these `fields` of an old one, together with the entry that says so.

    Columns that are not named stay as the database has them: a counter that moved meanwhile is not
    set back. Encrypted values do not appear in the entry. Without a change nothing is written. A
    transaction that is open already is spoiled by a failure: who goes on has a savepoint.
    """
    name = target._meta.model_name
    if fields is None:
        with transaction.atomic(savepoint=False):
            target.save(force_insert=True)
            changes = changed({}, snapshot(target))
            record(
                actor=actor,
                action=f"{name}.create",
                target=target,
                changes=changes,
                device=device,
            )
        return
    if not fields:
        return
    with transaction.atomic(savepoint=False):
        stored = type(target)._default_manager.get(pk=target.pk)
        changes = changed(snapshot(stored), snapshot(target))
        for field in target._meta.concrete_fields:
            old, new = getattr(stored, field.attname), getattr(target, field.attname)
            if isinstance(field, Sealed) and field.name in fields and old != new:
                changes[field.name] = [HIDDEN if old else "", HIDDEN if new else ""]
        target.save(update_fields=list(fields))
        changes = {field: change for field, change in changes.items() if field in fields}
        record(actor=actor, action=f"{name}.update", target=target, changes=changes, device=device)
