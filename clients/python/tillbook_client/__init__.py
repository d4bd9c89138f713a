"""Sell through a Tillbook server, with a line and without; README.md begins."""

from .catalogue import Catalogue, Item
from .client import VERSION, Client
from .errors import (
    ApiError,
    BadAnswer,
    Conflict,
    Forbidden,
    IdTaken,
    Invalid,
    NoAnswer,
    NoOpenShift,
    NotFound,
    OperatorSignedOut,
    OtherAmount,
    OtherTotal,
    OutOfStock,
    PinLocked,
    Revoked,
    ServerTrouble,
    TillbookError,
    TooLarge,
    TooManyRequests,
    UnknownCode,
    WrongPin,
)
from .ids import uuid7
from .office import Office
from .outbox import Entry, Outbox
from .pricing import Discount
from .sending import Flushed, Pauses, Sender
from .terminal import Sold, Terminal
from .ticket import Line
from .wire import Http, Request, Response, Transport

__all__ = [
    "VERSION",
    "ApiError",
    "BadAnswer",
    "Catalogue",
    "Client",
    "Conflict",
    "Discount",
    "Entry",
    "Flushed",
    "Forbidden",
    "Http",
    "IdTaken",
    "Invalid",
    "Item",
    "Line",
    "NoAnswer",
    "NoOpenShift",
    "NotFound",
    "Office",
    "OperatorSignedOut",
    "OtherAmount",
    "OtherTotal",
    "OutOfStock",
    "Outbox",
    "Pauses",
    "PinLocked",
    "Request",
    "Response",
    "Revoked",
    "Sender",
    "ServerTrouble",
    "Sold",
    "Terminal",
    "TillbookError",
    "TooLarge",
    "TooManyRequests",
    "Transport",
    "UnknownCode",
    "WrongPin",
    "uuid7",
]
