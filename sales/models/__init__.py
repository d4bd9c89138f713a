"""The tables of selling: where (`till.py`), to whom (`customer.py`, `credit.py`), and what
(`document.py`)."""

from sales.models.credit import CreditAccount, CreditEntry
from sales.models.customer import Customer, CustomerNameHash
from sales.models.document import Payment, Sale, SaleLine
from sales.models.review import ReviewItem
from sales.models.till import NumberSeries, Register, Shift

__all__ = [
    "CreditAccount",
    "CreditEntry",
    "Customer",
    "CustomerNameHash",
    "NumberSeries",
    "Payment",
    "Register",
    "ReviewItem",
    "Sale",
    "SaleLine",
    "Shift",
]
