"""What an import remembers: which row over there became which row here, and what it looked like.

A row that was brought in before is written again only when it has changed in the file since; what
people changed here in the meantime stays.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from accounts.models import Membership
from archive.keys import Keys
from archive.rows import BusinessRow, own_fields
from tenants.bulk import insert_rows
from tenants.models import Business, ExternalReference, TenantModel

if TYPE_CHECKING:
    from archive.validation import Export

SOURCE: Final = "export"
BATCH: Final = 1000


@dataclass(slots=True)
class Counts:
    """What became, or would become, of the rows of one table."""

    created: int = 0
    changed: int = 0
    same: int = 0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file that an owner brings into their own business: the file is not to be trusted."""

    by: Membership
    dry_run: bool


@dataclass(slots=True)
class Move:
    """One business of the file on its way in; `business` is bound while this is at work."""

    export: Export
    row: BusinessRow
    business: Business
    #: Whether the business comes in for the first time: then its books come in too.
    is_new: bool = True
    #: None for the command.
    arrival: Arrival | None = None
    keys: Keys = field(default_factory=Keys)
    #: For our own files: the first row of a person → the user made for it in this import.
    persons: dict[int, Any] = field(default_factory=dict)
    counts: dict[str, Counts] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    #: For each table of the file: id over there → id here.
    ids: dict[str, dict[int, Any]] = field(default_factory=dict)
    #: Called with the number of rows written.
    wrote: Callable[[int], None] = lambda rows: None
    #: Called when everything else is written, while this is bound.
    at_last: Callable[[], None] = lambda: None

    def rows(self, table: str) -> list[Any]:
        """This business's rows of a table of the file, by id."""
        found = self.export.table(table)
        return [found[key] for key in sorted(found) if found[key].business_id == self.row.id]

    def id_of(self, table: str, row_id: int | None) -> Any:
        return None if row_id is None else self.ids[table][row_id]

    def bring(
        self,
        table: str,
        rows: Iterable[Any],
        model: type[TenantModel],
        values: Callable[[Any], dict[str, Any]],
        *,
        prepare: Callable[[Any], None] | None = None,
        made: Callable[[list[Any]], None] | None = None,
    ) -> list[uuid.UUID]:
        """Create or change the `model` rows that `rows` of the file stand for.

        `values` gives the columns of a row; it may look at `ids`, where this row's own stands when
        it was here before. `prepare` is called with each object before it is written, `made` with
        each batch of new ones afterwards. Returns the ids of the rows that were changed.
        """
        rows = list(rows)
        known = known_references(table)
        there = set(model.objects.values_list("pk", flat=True)) if known else set()
        ids = self.ids.setdefault(table, {})
        counts = self.counts.setdefault(table, Counts())
        all_changed: list[uuid.UUID] = []
        # In the order of the file, whatever order they are written in.
        new_ids = sorted(row.id for row in rows if known.get(str(row.id), (None,))[0] not in there)
        reserved = {row_id: self.keys.following() for row_id in new_ids}
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            new: list[Any] = []
            references: list[ExternalReference] = []
            changed: dict[uuid.UUID, tuple[dict[str, Any], str]] = {}
            for row in batch:
                print_ = fingerprint(row)
                reference = known.get(str(row.id))
                if reference is not None and reference[0] in there:
                    ids[row.id] = reference[0]
                    if reference[1] == print_:
                        counts.same += 1
                    else:
                        changed[reference[0]] = (values(row), print_)
                    continue
                obj = model(id=reserved[row.id], **values(row))
                if prepare is not None:
                    prepare(obj)
                ids[row.id] = obj.pk
                new.append(obj)
                references.append(reference_to(table, row.id, obj.pk, print_))
            insert(model, new)
            if made is not None:
                made(new)
            remember(references, known)
            counts.created += len(new)
            self._change(table, model, changed, prepare)
            counts.changed += len(changed)
            all_changed += changed
            self.wrote(len(batch))
        return all_changed

    def _change(
        self,
        table: str,
        model: type[TenantModel],
        changed: dict[uuid.UUID, tuple[dict[str, Any], str]],
        prepare: Callable[[Any], None] | None,
    ) -> None:
        if not changed:
            return
        objects = list(model.objects.filter(pk__in=changed))
        for obj in objects:
            for name, value in changed[obj.pk][0].items():
                setattr(obj, name, value)
            if prepare is not None:
                prepare(obj)
        columns = [f.name for f in model._meta.concrete_fields if not f.primary_key]
        columns = [name for name in columns if name not in {"business", "created_at"}]
        model.objects.bulk_update(objects, columns, batch_size=200)
        prints = {str(pk): told for pk, (_values, told) in changed.items()}
        update_prints(table, prints)


def insert(model: type[TenantModel], objects: Iterable[Any]) -> None:
    """Write new objects as they are, all columns given, times of change too; but those that the
    database alone fills."""
    fields = [f for f in model._meta.concrete_fields if f.has_default() or not f.has_db_default()]
    columns = [f.attname for f in fields if f.name != "business"]
    insert_rows(model, columns, ([getattr(one, name) for name in columns] for one in objects))


def fingerprint(row: Any) -> str:
    """The same for the same row of a file. Columns that it does not fill do not count, so that one
    which is added to our own format changes nothing for other files."""
    own = [
        (name, value)
        for name in own_fields(row.__class__)
        if (value := getattr(row, name)) is not None
    ]
    told = repr(row) + (repr(own) if own else "")
    return hashlib.blake2b(told.encode(), digest_size=12).hexdigest()


def known_references(table: str) -> dict[str, tuple[uuid.UUID, str]]:
    """{id over there: (id here, fingerprint)} of what was brought in before."""
    found = ExternalReference.objects.filter(source=SOURCE, table=table)
    rows = found.values_list("external_id", "object_id", "fingerprint")
    return {external: (uuid.UUID(here), told) for external, here, told in rows}


def reference_to(table: str, row_id: object, pk: object, told: str) -> ExternalReference:
    return ExternalReference(
        source=SOURCE, table=table, external_id=str(row_id), object_id=str(pk), fingerprint=told
    )


def remember(references: list[ExternalReference], known: dict[str, Any]) -> None:
    """Store new references; those of rows that were deleted here are replaced."""
    again = [r for r in references if r.external_id in known]
    if again:
        ExternalReference.objects.filter(
            source=SOURCE, table=again[0].table, external_id__in=[r.external_id for r in again]
        ).delete()
    insert(ExternalReference, references)


def update_prints(table: str, prints: dict[str, str]) -> None:
    rows = list(ExternalReference.objects.filter(source=SOURCE, table=table, object_id__in=prints))
    for row in rows:
        row.fingerprint = prints[row.object_id]
    ExternalReference.objects.bulk_update(rows, ["fingerprint"], batch_size=BATCH)
