"""Names of closed choices in the API's description, where several fields have one name.

Without them a generated client would know them by a hash of their values.
"""

from __future__ import annotations

from typing import Final

NAMES: Final[dict[str, str]] = {
    "CashKindEnum": "sales.models.CashMovement.Kind",
    "CashReasonEnum": "sales.models.CashMovement.Reason",
    "CustomerCreditKindEnum": "sales.models.CreditEntry.Kind",
    "DocumentKindEnum": "sales.models.Sale.Kind",
    "ProductKindEnum": "inventory.models.Product.Kind",
    "StockKindEnum": "inventory.models.StockMovement.Kind",
    "StockDocumentKindEnum": "inventory.models.StockDocument.Kind",
    "StockReasonEnum": "inventory.models.StockDocument.Reason",
    "ReviewKindEnum": "sales.models.ReviewItem.Kind",
}
