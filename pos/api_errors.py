"""What the operations of the API can refuse, by code: for their description.

`tests/contract` and `tests/api` hold every answer to a device against this: a code that is missing
fails there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

MEANINGS: Final[dict[tuple[int, str], str]] = {
    (400, "invalid"): "Some fields are not right: `fields` says which.",
    (400, "parse_error"): "The body is not what its content type says: JSON, mostly.",
    (400, "cannot_sell"): "This product cannot be sold here, or not in this quantity.",
    (400, "credit_for_credit"): "Credit cannot be bought with credit.",
    (400, "needs_customer"): "Credit is a customer's: name one.",
    (400, "unknown_customer"): "This customer does not exist.",
    (400, "no_location"): "Name the location.",
    (400, "no_lines"): "At least one line is needed.",
    (400, "too_many_lines"): "There are too many lines.",
    (400, "no_reason"): "Say why.",
    (400, "not_a_number"): "This is not a number.",
    (400, "too_large"): "This number is implausible.",
    (400, "too_precise"): "There are too many decimal places.",
    (400, "not_positive"): "This must be more than zero.",
    (400, "negative"): "This must not be negative.",
    (400, "percent_range"): "Percent are between 0 and 100.",
    (400, "discount_too_large"): "The discount is more than what it applies to.",
    (400, "nothing_to_spread"): "There is nothing to spread this amount over.",
    (400, "underpaid"): "Something is still to be paid.",
    (400, "overpaid"): "Only cash can be more than what is due.",
    (400, "cash_step"): "Cash is counted in steps of the smallest coin.",
    (400, "bad_amount"): "Not an amount that can be given or taken.",
    (400, "bad_date"): "This day has passed.",
    (400, "unknown_reference"): "A reference leads to nothing.",
    (
        401,
        "not_authenticated",
    ): "The token is wrong, expired or revoked, or its place is switched off.",
    (401, "operator_signed_out"): "Sign in with the PIN again.",
    (403, "permission_denied"): "The person, or the key, may not do this.",
    (403, "address_refused"): "This key may not be used from this address.",
    (403, "approval_over"): "This approval is used, too old or another's.",
    (403, "cannot_approve"): "This person may not approve that.",
    (403, "wrong_pin"): "The PIN is wrong; `fields` say how many tries are `left`.",
    (403, "pin_locked"): "Too many wrong PINs; `fields` say for how many seconds to `wait`.",
    (403, "terminals_only"): "This is for terminals.",
    (403, "devices_only"): "This is for terminals and programs.",
    (403, "needs_approval"): "So much cash needs an approval: `fields` say of what.",
    (404, "not_found"): "There is no such thing here.",
    (404, "unknown_code"): "The code is wrong, used or too old.",
    (406, "not_acceptable"): "Answers are JSON.",
    (409, "no_open_shift"): "Open a shift on this register first.",
    (409, "register_inactive"): "This register is switched off.",
    (409, "shift_open"): "A shift is open on this register already.",
    (409, "shift_closed"): "This shift is closed already.",
    (409, "already_corrected"): "This movement is corrected already.",
    (409, "cannot_correct"): "This movement cannot be corrected: enter another one.",
    (409, "nothing_to_close"): "No shift was closed since the last Z reading.",
    (409, "out_of_stock"): "`fields` say how much is there, by variation.",
    (409, "not_enough_credit"): "`fields` say how much `credit` is there.",
    (409, "credit_spent"): "The credit that this sale brought is spent.",
    (409, "credit_only"): "What was paid with credit goes back as credit.",
    (409, "too_much_by_method"): "Not so much was paid this way.",
    (409, "refund_too_large"): "Less is left of this line.",
    (409, "already_voided"): "This sale is voided already.",
    (409, "has_refunds"): "Something of this sale came back already.",
    (409, "not_a_sale"): "This document cannot be reversed.",
    (409, "is_history"): "This came in with the history of an older system.",
    (409, "settled_already"): "Somebody else has settled this.",
    (409, "is_held"): "This is in no book yet: record it, or close it.",
    (409, "is_recorded"): "This is in the books: void it there if it is wrong.",
    (409, "unreadable"): "There is nothing here that could be recorded.",
    (409, "unknown_variation"): "A line is of a product that does not exist here.",
    (409, "other_total"): "The lines do not come to the total.",
    (409, "other_register"): "The device may not use this register.",
    (409, "not_allowed"): "Who sent this may not sell.",
    (409, "unknown_series"): "The number is of no series of this register.",
    (409, "number_taken"): "The number is that of another sale.",
    (409, "underpaid"): "The payments are less than the total.",
    (409, "overpaid"): "The payments are more than the total.",
    (409, "needs_customer"): "Credit is a customer's: name one.",
    (409, "unexpected"): "Something went wrong with it; the log says what.",
    (412, "changed_meanwhile"): "This is another version now: read it again.",
    (409, "id_taken"): "Another request was recorded under this id.",
    (409, "conflict"): "Something with the same name or code exists already.",
    (413, "too_large"): "The request is too large.",
    (415, "unsupported_media_type"): "Send JSON, and where a picture is asked for, a picture.",
    (422, "other_total"): "`fields` hold the right `total` and the `difference`.",
    (422, "other_amount"): "`fields` hold what is `to_pay`.",
    (422, "implausible"): "These values are unusual: send `confirm` if they are right.",
    (422, "inactive"): "This register is not in use.",
    (422, "import_at_work"): "An import is at work: send the same request again when it is done.",
    (422, "no_series_left"): "This business has no series of numbers left.",
    (429, "too_many"): "Come back after `Retry-After` seconds.",
    (429, "rate_limited"): "The key asks too often in this minute; come back after `Retry-After`.",
    (429, "day_limit"): "The key is at its limit for today (UTC).",
    (429, "month_limit"): "The key is at its limit for this month (UTC).",
    (429, "no_credits"): "The business has no API credits left.",
    (503, "busy"): "Nothing was recorded: send the same request again.",
}

Codes = tuple[str, ...]
_PRICES: Final[Codes] = (
    *("400 cannot_sell", "400 no_lines", "400 too_many_lines", "400 not_a_number"),
    *("400 too_large", "400 too_precise", "400 not_positive", "400 negative"),
    *("400 percent_range", "400 discount_too_large", "400 nothing_to_spread"),
)
_PAID: Final[Codes] = (
    *("400 underpaid", "400 overpaid", "400 cash_step", "400 credit_for_credit"),
    *("400 needs_customer", "400 unknown_customer", "409 not_enough_credit"),
)
_RECORDED: Final[Codes] = (
    *("409 no_open_shift", "409 register_inactive", "409 id_taken", "422 import_at_work"),
)
_BACK: Final[Codes] = (
    *("400 no_lines", "400 too_many_lines", "400 not_positive", "400 negative"),
    *("400 too_precise", "400 too_large", "400 needs_customer", "400 unknown_customer"),
    *("404 not_found", "409 refund_too_large", "409 too_much_by_method", "409 credit_only"),
    *("409 credit_spent", "409 already_voided", "409 not_a_sale", "409 is_history"),
    *("422 other_total", "422 other_amount", "400 cash_step"),
)

#: Beside what `usual` says of any operation.
OF_OPERATIONS: Final[dict[str, Codes]] = {
    "pair": ("404 unknown_code", "422 inactive", "429 too_many"),
    "token_roll": ("403 devices_only",),
    "operators": ("403 terminals_only", "404 not_found"),
    "operator_sign_in": (
        *("403 terminals_only", "403 wrong_pin", "403 pin_locked", "404 not_found"),
    ),
    "operator_sign_out": ("403 terminals_only",),
    "approval": (
        *("403 terminals_only", "403 wrong_pin", "403 pin_locked", "403 cannot_approve"),
        "404 not_found",
    ),
    "items": ("404 not_found", "409 register_inactive"),
    "item_lookup": ("404 not_found", "409 register_inactive"),
    "sync": ("400 no_location", "404 not_found"),
    "sync_checksums": ("400 no_location", "404 not_found"),
    "sync_bucket": ("400 no_location",),
    "products": ("404 not_found",),
    "product_create": ("409 id_taken", "422 implausible"),
    "product_change": ("409 conflict", "412 changed_meanwhile", "422 implausible"),
    "product_remove": ("412 changed_meanwhile",),
    "product_prices": ("412 changed_meanwhile", "422 implausible"),
    "product_picture_put": ("412 changed_meanwhile",),
    "product_picture_remove": ("412 changed_meanwhile",),
    "category_create": ("409 id_taken",),
    "brand_create": ("409 id_taken",),
    "unit_create": ("409 id_taken",),
    "tax_rate_create": ("409 id_taken",),
    "supplier_create": ("409 id_taken",),
    "supplier_change": ("412 changed_meanwhile",),
    "registers": ("404 not_found",),
    "register_create": ("404 not_found", "409 id_taken"),
    "register_change": ("409 conflict", "412 changed_meanwhile"),
    "stock": ("404 not_found",),
    "stock_movements": ("404 not_found",),
    "stock_corrections": ("404 not_found",),
    "stock_correct": ("404 not_found", "409 id_taken", "409 out_of_stock"),
    "review_settle": (
        *("400 no_reason", "400 unknown_customer", "409 settled_already", "409 is_held"),
        *("409 is_recorded", "409 unreadable", "409 id_taken", "409 not_enough_credit"),
        *("409 unknown_variation", "409 other_total", "409 other_register", "409 not_allowed"),
        *("409 unknown_series", "409 number_taken", "409 underpaid", "409 overpaid"),
        *("409 needs_customer", "409 unexpected"),
    ),
    "customer_create": ("409 id_taken",),
    "customer_change": ("409 conflict", "412 changed_meanwhile"),
    "customer_credit_grant": ("400 bad_amount", "400 bad_date", "409 id_taken"),
    "customer_credit_correct": ("400 bad_amount", "409 id_taken", "409 not_enough_credit"),
    "shift_open": (*("400 negative", "404 not_found", "409 register_inactive", "409 shift_open"),),
    "shift_close": ("400 negative", "409 shift_closed"),
    "cash_movement_create": (
        *("403 needs_approval", "409 shift_closed", "409 register_inactive", "409 id_taken"),
    ),
    "cash_movement_correct": (
        *("403 needs_approval", "409 shift_closed", "409 register_inactive", "409 id_taken"),
        *("409 already_corrected", "409 cannot_correct"),
    ),
    "z_readings": ("404 not_found",),
    "z_reading_create": (
        *("404 not_found", "409 shift_open", "409 nothing_to_close", "409 id_taken"),
    ),
    "day": ("404 not_found",),
    "series_create": ("404 not_found", "409 id_taken", "422 no_series_left"),
    "sales": ("404 not_found",),
    "sale_create": (
        *_PRICES,
        *_PAID,
        *_RECORDED,
        *("404 not_found", "409 out_of_stock", "422 other_total"),
    ),
    "sale_void": (
        *("400 no_reason", "409 already_voided", "409 has_refunds", "409 not_a_sale"),
        *("409 is_history", "409 credit_spent", *_RECORDED),
    ),
    "sale_refund": ("400 no_reason", *_BACK, *_RECORDED),
    "sale_refund_quote": _BACK,
    "sale_exchange": ("400 no_reason", *_PRICES, *_PAID, *_BACK, *_RECORDED, "409 out_of_stock"),
    "sale_exchange_quote": (*_PRICES, *_PAID, *_BACK, "409 register_inactive"),
}


def usual(
    *, is_public: bool, needs: bool, has_body: bool, has_query: bool, has_path: bool
) -> Codes:
    """What an operation of this kind can refuse, whatever it does."""
    found = ["406 not_acceptable", "503 busy"]
    if not is_public:
        found += ["401 not_authenticated", "401 operator_signed_out"]
        found += ["403 address_refused", "403 approval_over"]
        found += ["429 too_many", "429 rate_limited", "429 day_limit", "429 month_limit"]
        found += ["429 no_credits"]
    if needs:
        found += ["403 permission_denied"]
    if has_body:
        found += ["400 parse_error", "413 too_large", "415 unsupported_media_type"]
    if has_body or has_query:
        found += ["400 invalid"]
    if has_path:
        found += ["404 not_found"]
    return tuple(found)


def by_status(codes: Iterable[str]) -> dict[int, dict[str, str]]:
    """Codes with their meanings by status, in order. Raises KeyError for one without a meaning."""
    found: dict[int, dict[str, str]] = {}
    for status, code in sorted({(int(one[:3]), one[4:]) for one in codes}):
        found.setdefault(status, {})[code] = MEANINGS[status, code]
    return found
