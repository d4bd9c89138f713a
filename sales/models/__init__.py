"""The tables of selling: where (`till.py`), with which cash (`cash.py`), to whom (`customer.py`,
`credit.py`), and what (`document.py`); and how a terminal comes to a register (`pairing.py`)."""

from sales.models.cash import CashMovement, ZReading
from sales.models.credit import CreditAccount, CreditEntry
from sales.models.customer import Customer, CustomerNameHash
from sales.models.document import Payment, Sale, SaleLine
from sales.models.pairing import Pairing
from sales.models.review import ReviewItem
from sales.models.till import NumberSeries, Register, Shift

__all__ = [
    "CashMovement",
    "CreditAccount",
    "CreditEntry",
    "Customer",
    "CustomerNameHash",
    "NumberSeries",
    "Pairing",
    "Payment",
    "Register",
    "ReviewItem",
    "Sale",
    "SaleLine",
    "Shift",
    "ZReading",
]
