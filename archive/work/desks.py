"""The kinds of import that pages offer, by the name of their kind."""

from __future__ import annotations

from archive.work.desk import Desk
from archive.work.products import ProductsDesk
from archive.work.sales import SalesDesk
from archive.work.store import StoreDesk
from archive.work.whole import WholeDesk

DESKS: dict[str, Desk] = {
    desk.kind: desk for desk in (ProductsDesk(), SalesDesk(), StoreDesk(), WholeDesk())
}


def desk_of(kind: str) -> Desk:
    """Raises LookupError for a kind that no page brings in."""
    return DESKS[kind]
