"""Customers that an import makes: how they are known again, and how they go when it is taken back.

They go only while nobody has used or changed them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.utils.translation import gettext as _

from archive.products.journal import PRINTED, Journal, Notes, fingerprint
from archive.remembered import known_customers, reference
from sales.models import CreditAccount, Customer, CustomerNameHash, Sale
from sales.models.customer import write_name_hashes
from tenants.bulk import update_rows
from tenants.errors import Refused
from tenants.models import ExternalReference

TABLE: Final = "customer"
BATCH: Final = 1000
#: So many examples stand in a refusal.
EXAMPLES: Final = 3


def lock_customers(notes: Notes) -> None:
    """Nobody sells to them until the transaction ends. Raises OperationalError where somebody does
    at this moment: who waited for them could meet them in a circle."""
    for _table, rows in notes.created(TABLE):
        found = Customer.objects.filter(pk__in=list(rows)).order_by("pk")
        list(found.select_for_update(nowait=True).values_list("pk"))


def refuse_customers(notes: Notes, *, sales: Any = ()) -> None:
    """Raise Refused, with examples, where one of them was sold to, has credit, or was edited since.

    `sales` is a query of the ids of documents that go with the import. Credit that goes with it has
    to be gone already.
    """
    for _table, rows in notes.created(TABLE):
        keys = list(rows)
        sold = Sale.objects.filter(customer__in=keys).exclude(pk__in=sales).order_by()
        _refuse(
            "sold_since",
            _("Something was sold since to customers who came in: %(names)s."),
            sold.values_list("customer_id", flat=True).distinct()[:EXAMPLES],
        )
        credit = CreditAccount.objects.filter(customer__in=keys)
        _refuse(
            "credit_since",
            _("Customers who came in have got credit since: %(names)s."),
            credit.order_by("pk").values_list("customer_id", flat=True)[:EXAMPLES],
        )
        now = Customer.objects.filter(pk__in=keys).order_by("pk")
        edited = [
            pk
            for pk, *values in now.values_list("pk", *PRINTED[TABLE])
            if fingerprint(values) != rows[pk]
        ]
        _refuse("edited_since", _("Customers who came in were edited since: %(names)s."), edited)


def _refuse(code: str, sentence: str, found: Iterable[uuid.UUID]) -> None:
    keys = list(found)[:EXAMPLES]
    if not keys:
        return
    names = sorted(Customer.objects.filter(pk__in=keys).values_list("name", flat=True))
    raise Refused(code, sentence % {"names": ", ".join(names)}, {"examples": names})


def remove_customers(notes: Notes) -> None:
    for _table, rows in notes.created(TABLE):
        # Without asking what depends on each: the keys of the database know.
        for found in (
            CustomerNameHash.objects.filter(customer__in=list(rows)),
            Customer.objects.filter(pk__in=list(rows)),
        ):
            found._raw_delete(found.db)


def write_customers(customers: Sequence[Customer], journal: Journal) -> None:
    """Write new customers of an import, what they are found by, and the note of them."""
    for one in customers:
        one.index_contacts()
    Customer.objects.bulk_create(customers, batch_size=BATCH)
    write_name_hashes(customers, fresh=True)
    _note_customers(journal, customers)


def _note_customers(journal: Journal, customers: Iterable[Customer]) -> None:
    names = PRINTED[TABLE]
    journal.printed(TABLE, ((one.pk, [getattr(one, name) for name in names]) for one in customers))


def note_references(
    journal: Journal, source: str, here: Sequence[tuple[str, uuid.UUID, str]]
) -> None:
    """Remember which customers of `source` these are, as (key there, id here, fingerprint).

    A key whose customer was deleted here stands for the new one from now on. `journal` is the
    import's journal, which hears of both.
    """
    for start in range(0, len(here), BATCH):
        some = here[start : start + BATCH]
        known = known_customers(source, [key for key, _pk, _told in some])
        again = [
            (
                known[key].pk,
                {"object_id": known[key].object_id, "fingerprint": known[key].fingerprint},
                {"object_id": str(pk), "fingerprint": told},
            )
            for key, pk, told in some
            if key in known
        ]
        update_rows(
            ExternalReference,
            ("object_id", "fingerprint"),
            ((pk, new["object_id"], new["fingerprint"]) for pk, _old, new in again),
        )
        journal.changed("reference", again)
        made = [reference(source, key, pk, told) for key, pk, told in some if key not in known]
        ExternalReference.objects.bulk_create(made)
        journal.created("reference", [one.pk for one in made])
