"""What can be told, and which rights somebody needs to have it sent elsewhere."""

from __future__ import annotations

from typing import Final

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from accounts.permissions import Permission

P = Permission


class Kind(TextChoices):
    """The `type` of an event; its name never changes, others' programs look for it."""

    SALE_COMPLETED = "sale.completed", _("A sale is completed")
    SALE_REFUNDED = "sale.refunded", _("A sale is refunded, in part or as a whole")
    SALE_EXCHANGED = "sale.exchanged", _("Goods are exchanged")
    SALE_VOIDED = "sale.voided", _("A sale is voided")
    STOCK_LOW = "stock.low", _("A product falls below the quantity to warn at")
    PRODUCT_CHANGED = "product.changed", _("A product is added, changed or removed")
    SHIFT_CLOSED = "shift.closed", _("A shift is closed")
    TEST = "webhook.test", _("A test")


#: Noted for what may follow from it, and never sent: stock moved by what is no sale.
STOCK_MOVED: Final = "stock.moved"

#: Who chooses what an address is told must be able to see all of that.
NEEDS: Final[dict[str, tuple[Permission, ...]]] = {
    Kind.SALE_COMPLETED: (P.SELL_VIEW,),
    Kind.SALE_REFUNDED: (P.SELL_VIEW,),
    Kind.SALE_EXCHANGED: (P.SELL_VIEW,),
    Kind.SALE_VOIDED: (P.SELL_VIEW,),
    Kind.STOCK_LOW: (P.STOCK_VIEW,),
    Kind.PRODUCT_CHANGED: (P.PRODUCT_VIEW,),
    Kind.SHIFT_CLOSED: (P.SHIFT_VIEW_ALL, P.CASH_VIEW_EXPECTED),
}

#: What a document is called when it is recorded, by its kind.
OF_DOCUMENT: Final[dict[str, Kind]] = {
    "sale": Kind.SALE_COMPLETED,
    "refund": Kind.SALE_REFUNDED,
    "exchange": Kind.SALE_EXCHANGED,
    "void": Kind.SALE_VOIDED,
}
