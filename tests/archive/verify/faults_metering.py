"""Faults in API credits and in what keys asked for; see `faults.py`."""

from __future__ import annotations

from tests.archive.verify.faults import Fault

OURS = "business_id = {acme}"
ACCOUNT = f"SELECT id FROM metering_apiaccount WHERE {OURS}"
DAY = f"SELECT id FROM metering_keyday WHERE {OURS} AND folded > 0"


def _entry(what: str, rule: str, column: str, change: str, kind: str) -> Fault:
    where = f"kind = '{kind}' AND {OURS}"
    return Fault(
        what, rule, "metering_apientry", f"SELECT id FROM metering_apientry WHERE {where}",
        f"UPDATE metering_apientry SET {change} WHERE {where}", (), column,
    )  # fmt: skip


FAULTS = (
    Fault(
        "API credits out of nothing", "api_credits_are_the_sum_of_their_entries",
        "metering_apiaccount", ACCOUNT,
        f"UPDATE metering_apiaccount SET balance = balance + 1 WHERE {OURS}", (), "balance",
    ),
    _entry(
        "a changed entry of API credits", "api_credits_run_with_their_entries", "balance",
        "amount = amount + 1", "granted",
    ),
    Fault(
        "an entry of API credits that is gone", "api_entries_have_no_gaps", "metering_apientry",
        f"SELECT id FROM metering_apientry WHERE number = 2 AND {OURS}",
        f"DELETE FROM metering_apientry WHERE number = 1 AND {OURS}", (), "number",
    ),
    Fault(
        "the last entry of API credits is gone", "api_entries_have_no_gaps",
        "metering_apiaccount", ACCOUNT,
        f"DELETE FROM metering_apientry WHERE number = 3 AND {OURS}", (), "entries_made",
    ),
    _entry("a purchase that takes", "api_entry_has_its_sign", "amount", "amount = -5", "bought"),
    _entry("use of no key", "api_entry_has_its_sign", "amount", "device_id = NULL", "used"),
    Fault(
        "use that is not waiting", "api_pending_is_what_the_days_say", "metering_apiaccount",
        ACCOUNT, f"UPDATE metering_apiaccount SET pending = pending + 1 WHERE {OURS}", (),
        "pending",
    ),
    Fault(
        "use that is booked twice", "api_use_is_booked_once", "metering_keyday", DAY,
        f"UPDATE metering_keyday SET folded = folded - 1 WHERE folded > 0 AND {OURS}", (),
        "folded",
    ),
    Fault(
        "use of a day without requests", "api_use_is_booked_once", "metering_apientry",
        f"SELECT id FROM metering_apientry WHERE kind = 'used' AND {OURS}",
        f"UPDATE metering_apientry SET day = '2020-01-01' WHERE kind = 'used' AND {OURS}", (),
        "day",
    ),
)  # fmt: skip
