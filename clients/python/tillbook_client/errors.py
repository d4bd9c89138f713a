"""What goes wrong between a terminal and its server, one class for each thing to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any


class TillbookError(Exception):
    """Anything that this package raises on purpose."""

    #: Whether the same request, under the same id, is to be sent again.
    may_repeat = False
    #: Seconds that the server asks to wait before that; None where it does not say.
    retry_after: int | None = None


class NoAnswer(TillbookError):
    """No answer, or not all of one: the request may have arrived or not. Send the same again."""

    may_repeat = True


class BadAnswer(NoAnswer):
    """What answered was not Tillbook: a page of a hotel's network, a proxy, half a text."""


class ApiError(TillbookError):
    """The server has understood and says no; nothing was recorded.

    `code` is for programs, `str(error)` for a person, `fields` say what is wrong where.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        fields: Mapping[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.fields = status, code, dict(fields or {})
        self.retry_after = retry_after

    def amount(self, name: str) -> Decimal | None:
        """A figure out of `fields`, which come alone or as a list of one; None without it."""
        value = self.fields.get(name)
        value = value[0] if isinstance(value, list) and value else value
        try:
            return None if value is None else Decimal(str(value))
        except InvalidOperation:
            return None


class Invalid(ApiError):
    """400: a field is wrong; `fields` say which."""


class Revoked(ApiError):
    """401: the token is wrong, ended or switched off. Pair again; unsent sales stay."""


class OperatorSignedOut(Revoked):
    """401: whoever was signed in is no more. Ask for the PIN."""


class Forbidden(ApiError):
    """403: this person may not do it; a supervisor may approve it."""


class WrongPin(Forbidden):
    """403: `left` says how many tries are left."""

    @property
    def left(self) -> int:
        return int(self.amount("left") or 0)


class PinLocked(Forbidden):
    """403: `retry_after` says for how many seconds; None means until a manager unlocks it."""


class NotFound(ApiError):
    """404: there is no such thing, or none that one may see."""


class UnknownCode(NotFound):
    """404: the pairing code is wrong, used or too old."""


class Conflict(ApiError):
    """409: it does not fit what is there."""


class IdTaken(Conflict):
    """409: this id belongs to a request with another body."""


class NoOpenShift(Conflict):
    """409: open a shift on the register first."""


class OutOfStock(Conflict):
    """409: `fields` say how much is there, by variation."""


class TooLarge(ApiError):
    """413: send less at once."""


class OtherTotal(ApiError):
    """422: the server comes to another total than the customer was shown."""

    @property
    def total(self) -> Decimal | None:
        """What it comes to."""
        return self.amount("total")

    @property
    def difference(self) -> Decimal | None:
        """The server's total less the one that was sent."""
        return self.amount("difference")


class OtherAmount(ApiError):
    """422: a refund does not give back what is due."""

    @property
    def to_pay(self) -> Decimal | None:
        return self.amount("to_pay")


class TooManyRequests(ApiError):
    """429: come back after `retry_after` seconds. Nothing was recorded."""

    may_repeat = True


class ServerTrouble(ApiError):
    """5xx: the outcome is unknown unless the code says otherwise. Send the same again."""

    may_repeat = True


_BY_CODE: dict[str, type[ApiError]] = {
    "operator_signed_out": OperatorSignedOut,
    "wrong_pin": WrongPin,
    "pin_locked": PinLocked,
    "unknown_code": UnknownCode,
    "id_taken": IdTaken,
    "no_open_shift": NoOpenShift,
    "out_of_stock": OutOfStock,
    "other_total": OtherTotal,
    "other_amount": OtherAmount,
}
_BY_STATUS: dict[int, type[ApiError]] = {
    400: Invalid,
    401: Revoked,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    429: TooManyRequests,
}


def error_of(
    status: int,
    code: str,
    message: str,
    fields: Mapping[str, Any] | None = None,
    retry_after: int | None = None,
) -> ApiError:
    """The error that an answer stands for, in its own class where it has one."""
    kind = ServerTrouble if status >= 500 else _BY_CODE.get(code) or _BY_STATUS.get(status)
    return (kind or ApiError)(status, code, message, fields, retry_after)
