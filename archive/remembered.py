"""What customers were called in older systems: travels with them, so that an older file that is
imported after a move finds them.

Other systems call a customer by their e-mail or their name as often as by a number. So the name is
kept encrypted, and found by a keyed hash in its place. Rows of an earlier release hold it in clear
until `manage.py rotate_encryption_key` has gone through them; they are found too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django.db.models import ExpressionWrapper, F, QuerySet, TextField

from archive.references import SOURCE, Move, insert
from tenants.bulk import update_rows
from tenants.context import require_id
from tenants.encryption import blind_numbers
from tenants.models import ExternalReference

if TYPE_CHECKING:
    from archive.validation import Reading

TABLE: Final = "customers"
BATCH: Final = 1000


@dataclass(frozen=True, slots=True)
class Known:
    """A reference that is here: its own key, the customer's, and what the customer looked like."""

    pk: Any
    object_id: str
    fingerprint: str


def hashes(business_id: int, source: str, name: str) -> list[str]:
    """What stands for a name of this system, by every key, the newest first. No system has names that
    look like it."""
    numbers = blind_numbers(name, f"customer-of-{business_id}-{source}")
    return [f"#{number % 2**64:016x}" for number in numbers]


def reference(source: str, name: str, pk: Any, told: str) -> ExternalReference:
    """The row, not saved, that says that `source` calls this customer so."""
    return ExternalReference(
        source=source,
        table=TABLE,
        external_id=hashes(require_id(), source, name)[0],
        sealed_id=name,
        object_id=str(pk),
        fingerprint=told,
    )


def known_customers(source: str, names: Collection[str]) -> dict[str, Known]:
    """{name there: its reference} of those that are here, in one statement for a thousand names."""
    found: dict[str, Known] = {}
    business_id, wanted = require_id(), list(names)
    for start in range(0, len(wanted), BATCH):
        some = wanted[start : start + BATCH]
        kept = {one: name for name in some for one in (name, *hashes(business_id, source, name))}
        rows = ExternalReference.objects.filter(source=source, table=TABLE, external_id__in=kept)
        for pk, external, *told in rows.values_list(
            "pk", "external_id", "object_id", "fingerprint"
        ):
            found[kept[external]] = Known(pk, *told)
    return found


def of_customers() -> QuerySet[ExternalReference]:
    """The references that hold a name: not those that our own imports note, which are numbers."""
    rows: QuerySet[ExternalReference] = ExternalReference.objects.filter(table=TABLE)
    return rows.exclude(source=SOURCE)


def in_clear() -> QuerySet[ExternalReference]:
    """Those of an earlier release."""
    stored = ExpressionWrapper(F("sealed_id"), output_field=TextField())
    return of_customers().annotate(stored=stored).filter(stored="")


def wrongly_kept(keys: Sequence[Any]) -> list[Any]:
    """Which of these references are not kept as the newest key would."""
    rows = of_customers().filter(pk__in=list(keys))
    return [row.pk for row, right in _as_kept(rows) if row.external_id != right]


def keep(rows: Iterable[ExternalReference]) -> None:
    """Write these references as the newest key does; those that hold no name stay as they are."""
    ours = (row for row in rows if row.table == TABLE and row.source != SOURCE)
    update_rows(
        ExternalReference,
        ("external_id", "sealed_id"),
        ((row.pk, right, _name(row)) for row, right in _as_kept(ours)),
    )


def _as_kept(rows: Iterable[ExternalReference]) -> Iterator[tuple[ExternalReference, str]]:
    business_id = require_id()
    for row in rows:
        yield row, hashes(business_id, row.source, _name(row))[0]


def _name(row: ExternalReference) -> str:
    return str(row.sealed_id or row.external_id)


def names_of(keys: Iterable[Any]) -> dict[str, list[list[str]]]:
    """{customer: [[source, key there, fingerprint], …]} for these customers, as files have it.

    What our own imports noted of whole businesses stays behind.
    """
    found: dict[str, list[list[str]]] = defaultdict(list)
    for row in of_customers().filter(object_id__in=[str(key) for key in keys]):
        found[row.object_id].append([row.source, _name(row), row.fingerprint])
    # By code points, whatever the database sorts text by.
    return {key: sorted(names) for key, names in found.items()}


def check_names(reading: Reading) -> None:
    """No two customers of a business bear the same name of one system."""
    first: dict[tuple[int, str, str], int] = {}
    for row in reading.export.customers.values():
        for source, name, _told in row.references or ():
            if source == SOURCE:
                reason = "names a source that only our own imports note"
                reading.fault(TABLE, row.id, "references", reason, source)
            place = (row.business_id, source, name)
            if place in first:
                reason = f"is also that of customer {first[place]}"
                reading.fault(TABLE, row.id, "references", reason, name)
            first.setdefault(place, row.id)


def bring_names(move: Move) -> None:
    """Note what is not known here yet."""
    rows = [row for row in move.rows(TABLE) if row.references]
    if not rows:
        return
    by_source: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        for source, name, _told in row.references:
            by_source[source].append(name)
    known = {source: known_customers(source, names) for source, names in by_source.items()}
    insert(
        ExternalReference,
        (
            reference(source, name, move.ids[TABLE][row.id], told)
            for row in rows
            for source, name, told in row.references
            if name not in known[source]
        ),
    )
