"""Products that are sold to add credit: they have neither stock nor tax, as at their page."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from archive.products.drafts import Problem, ProductDraft
from tenants.spelling import plain_number


def faults_of_credit(
    draft: ProductDraft, column: Callable[[str], str], *, stocked: bool
) -> list[Problem]:
    """What a draft of such a product says of stock and tax.

    `column` is what the file calls a field. Quantities count where the product is `stocked`; else
    they are left alone, like those of services.
    """
    found = []
    no_stock = _("Credit is not kept in stock.")
    if draft.is_stocked:
        found.append(Problem(draft.row, column("is_stocked"), "", no_stock))
    if draft.tax_rate:
        reason = _("Credit is taxed when it is spent, not now.")
        found.append(Problem(draft.row, column("tax_rate"), draft.tax_rate, reason))
    if stocked and draft.is_stocked is not False:
        found += [
            Problem(one.row, column("stock"), plain_number(quantity), no_stock)
            for one in draft.variations
            for quantity in one.stock.values()
            if quantity
        ]
    return found
