"""What customers were called in older systems: travels with them, so that an older file that is
imported after a move finds them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from archive.references import SOURCE, Move, insert
from tenants.models import ExternalReference

if TYPE_CHECKING:
    from archive.validation import Reading

TABLE: Final = "customers"


def names_of(keys: Iterable[Any]) -> dict[str, list[list[str]]]:
    """{customer: [[source, key there, fingerprint], …]} for these customers, as files have it.

    What our own imports noted of whole businesses stays behind.
    """
    rows = ExternalReference.objects.filter(table=TABLE, object_id__in=[str(key) for key in keys])
    found: dict[str, list[list[str]]] = defaultdict(list)
    wanted = rows.exclude(source=SOURCE).order_by("source", "external_id")
    for row in wanted:
        found[row.object_id].append([row.source, row.external_id, row.fingerprint])
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
    noted = ExternalReference.objects.filter(table=TABLE).exclude(source=SOURCE)
    known = set(noted.values_list("source", "external_id"))
    insert(
        ExternalReference,
        (
            ExternalReference(
                source=source,
                table=TABLE,
                external_id=name,
                object_id=str(move.ids[TABLE][row.id]),
                fingerprint=told,
            )
            for row in rows
            for source, name, told in row.references
            if (source, name) not in known
        ),
    )
