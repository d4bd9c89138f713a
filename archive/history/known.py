"""Documents that are in the books already: the same ones are left alone, others are refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from archive.history.documents import ZERO, OldDocument, amounts
from archive.history.report import exact
from archive.history.writing import Place
from sales.models import Sale, SaleLine


@dataclass(frozen=True, slots=True)
class Known:
    """A document of the business that has a number of the file."""

    pk: Any
    location: Any
    place: str
    register: str
    is_history: bool
    kind: str
    sold_at: Any
    total: Decimal
    print: str


def find_known(documents: Sequence[OldDocument]) -> dict[str, Known]:
    """{number: document} of those that are here, in one statement."""
    rows = Sale.objects.filter(number__in=[one.number for one in documents]).order_by()
    columns = (
        "number", "pk", "location", "location__name", "register__name", "register__is_history",
        "kind", "sold_at", "total", "request_hash",
    )  # fmt: skip
    return {number: Known(*rest) for number, *rest in rows.values_list(*columns)}


def difference(document: OldDocument, there: Known, place: Place, inclusive: bool) -> str:
    """Why the document of the file is not the one that is here; "" when it is."""
    if not there.is_history:
        return _("is the number of a receipt of %s") % there.register
    if there.location != place.location.pk:
        return _("came in before as a document of %s") % there.place
    if there.print == document.print(place.times):
        return ""
    pairs = [
        (_("kind"), there.kind, document.kind.value),
        (_("time"), f"{there.sold_at:%Y-%m-%d %H:%M}", _minute(document, place, there)),
        (_("lines"), str(_line_count(there)), str(len(document.lines))),
        (
            _("total"),
            exact(there.total),
            exact(sum((amounts(line, inclusive).total for line in document.lines), ZERO)),
        ),
    ]
    parts = [
        _("%(what)s %(here)s here and %(file)s in the file")
        % {"what": what, "here": here, "file": told}
        for what, here, told in pairs
        if here != told
    ]
    told = ", ".join(parts) or _("its lines or customer are others")
    return _("came in before and differs: %s; it stays as it is") % told


def _minute(document: OldDocument, place: Place, there: Known) -> str:
    return f"{document.moment(place.times).astimezone(there.sold_at.tzinfo):%Y-%m-%d %H:%M}"


def _line_count(there: Known) -> int:
    return int(SaleLine.objects.filter(sale=there.pk).count())
