"""What selling refuses, said so that a cashier can act upon it."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext as _

from sales.pricing import MESSAGES, PricingError
from tenants.errors import Refused


class NoOpenShift(Refused):
    status = 409

    def __init__(self) -> None:
        super().__init__("no_open_shift", _("Open a shift on this register first."))


class OtherRequest(Refused):
    """The id of a document that exists, with another content."""

    status = 409

    def __init__(self) -> None:
        super().__init__(
            "id_taken", _("Another document was recorded under this id."), {"id": ["taken"]}
        )


class OtherTotal(Refused):
    """The till showed another total than the server computes. Nothing was recorded."""

    def __init__(self, *, shown: str, computed: str, difference: str) -> None:
        super().__init__(
            "other_total",
            _("The total is %(computed)s and not %(shown)s; a price has changed. Check the ticket.")
            % {"computed": computed, "shown": shown},
            {"total": computed, "difference": difference},
        )


class OtherValue(Refused):
    """What comes back was said to be worth something else than it is. Nothing was recorded."""

    def __init__(self, *, shown: Decimal, computed: Decimal) -> None:
        super().__init__(
            "other_total",
            _("What comes back is worth %(computed)s and not %(shown)s. Look at it again.")
            % {"computed": computed, "shown": shown},
            {"total": f"{computed}", "difference": f"{computed - shown}"},
        )


class OtherAmount(Refused):
    """The money to be given back does not come to what is due. Nothing was recorded."""

    def __init__(self, *, expected: Decimal, asked: Decimal) -> None:
        super().__init__(
            "other_amount",
            _("%(expected)s is to be given back, not %(asked)s.")
            % {"expected": expected, "asked": asked},
            {"to_pay": f"{expected}"},
        )


class CannotPrice(Refused):
    """The pricing engine refused an input; `fields` names it by path."""

    status = 400

    def __init__(self, error: PricingError) -> None:
        sentence = _(MESSAGES[error.code]) % error.params
        # The engine calls tenders what a request calls payments.
        field = error.field.replace("tenders", "payments", 1)
        super().__init__(error.code.value, sentence, {field: [sentence]})
