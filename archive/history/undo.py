"""Taking an import of sales back: the tables are as before it, or nothing happens.

Its documents are the end of the chain of each history register that it wrote to. Refused once a later
import is chained to them, stock that they moved has moved again, or a product or customer that came
in with them was used or edited.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from archive.made_customers import lock_customers, refuse_customers, remove_customers
from archive.models import BatchPart, ImportBatch
from archive.products.journal import Notes
from archive.products.undo import TakeBack
from archive.turns import no_record, taking_back
from inventory.ledger_history import take_back_history as take_back_stock
from reports.folding import unfold
from sales.history import HEAD, head_of, remove_history_register, take_back_history
from sales.models import Register, Sale
from tenants.errors import Refused

Progress = Callable[[int, int], None]


def undo_sales(batch: ImportBatch, *, actor: User | None, progress: Progress | None = None) -> None:
    """Take an import of sales history back: documents, stock that they moved, and what they made.

    Raises Refused, with the reason and examples; nothing is changed then. `progress` hears of the
    documents. Another import or taking back in the business waits.
    """
    if batch.kind != ImportBatch.Kind.SALES:
        raise Refused("not_applied", _("Only an import that was made can be taken back."))
    with taking_back(batch, actor=actor) as row:
        _Undo(row, actor, progress or (lambda done, total: None)).run()


class _Undo:
    def __init__(self, batch: ImportBatch, actor: User | None, progress: Progress) -> None:
        self.batch, self.actor, self.progress = batch, actor, progress
        self.notes = Notes(batch)
        self.made = {key for _table, rows in self.notes.created("register") for key in rows}

    def run(self) -> None:
        heads = self._heads()
        sales = self._sales(heads)
        goods = TakeBack(self.batch, self.actor, sales=sales)
        # Levels first, as tills lock them, then what tills only refer to.
        take_back_stock(sales, made=self.notes.numbers("stock_level"))
        goods.lock()
        lock_customers(self.notes)
        goods.refuse()
        refuse_customers(self.notes, sales=sales)
        self._remove(heads)
        goods.remove()
        remove_customers(self.notes)

    def _heads(self) -> list[tuple[Register, dict[str, Any], dict[str, Any]]]:
        """Each register with how far it had come before the import and after it. Raises Refused."""
        noted = self.notes.changed("register")
        if not noted and self.batch.report.get("new", {}).get("documents"):
            raise no_record()
        registers = Register.objects.select_related("location").in_bulk(map(uuid.UUID, noted))
        found = []
        for key in sorted(noted):
            register = registers.get(uuid.UUID(key))
            before, after = (_head(noted[key], place) for place in (0, 1))
            if register is None or head_of(register) != after:
                raise self._went_on(key, register)
            found.append((register, before, after))
        return found

    def _went_on(self, key: str, register: Register | None) -> Refused:
        """Why the register is not where the import left it: the latest import is named."""
        later = ImportBatch.objects.filter(
            kind=self.batch.kind, state=ImportBatch.State.APPLIED, parts__table="register",
            parts__action=BatchPart.Action.CHANGED, applied_at__gt=self.batch.applied_at,
        )  # fmt: skip
        for one in later.distinct().order_by("-applied_at", "-pk"):
            if key in Notes(one).changed("register"):
                told = {"file": one.file_name, "location": register.location if register else ""}
                sentence = _(
                    "“%(file)s” was imported after it for %(location)s, and comes behind it in the"
                    " books. Take that import back first."
                )
                return Refused("history_went_on", sentence % told)
        return Refused(
            "history_went_on",
            _(
                "More history came in after it at the same location: it cannot be taken back any more."
            ),
        )

    @staticmethod
    def _sales(heads: list[tuple[Register, dict[str, Any], dict[str, Any]]]) -> Any:
        """The ids of its documents, as a query."""
        if not heads:
            return Sale.objects.none().values("pk")
        ends = (
            Q(register=register, chain_index__gt=before["chain_length"])
            for register, before, _after in heads
        )
        return Sale.objects.filter(reduce(or_, ends)).order_by().values("pk")

    def _remove(self, heads: list[tuple[Register, dict[str, Any], dict[str, Any]]]) -> None:
        total = sum(after["chain_length"] - before["chain_length"] for _r, before, after in heads)
        done = 0

        def removed(documents: int) -> None:
            nonlocal done
            done += documents
            self.progress(done, total)

        for register, before, after in heads:
            unfold(register, upto=before["chain_length"])
            take_back_history(register=register, since=before, until=after, removed=removed)
            if register.pk in self.made:
                remove_history_register(register)


def _head(noted: dict[str, list[str | None]], place: int) -> dict[str, Any]:
    fields: dict[str, Any] = {name: Register._meta.get_field(name) for name in HEAD}
    return {name: field.to_python(noted[name][place]) for name, field in fields.items()}
