"""The kinds of import that pages offer, by the name of their kind."""

from __future__ import annotations

from functools import cache

from archive.work.desk import Desk


@cache
def desks() -> dict[str, Desk]:
    """Imported when the first page of import asks: no other page and no till needs them."""
    from archive.work.products import ProductsDesk
    from archive.work.sales import SalesDesk
    from archive.work.store import StoreDesk
    from archive.work.whole import WholeDesk

    return {desk.kind: desk for desk in (ProductsDesk(), SalesDesk(), StoreDesk(), WholeDesk())}


def desk_of(kind: str) -> Desk:
    """Raises LookupError for a kind that no page brings in."""
    return desks()[kind]
