"""Faults in cash movements and Z readings; see `faults.py`."""

from __future__ import annotations

from tests.archive.verify.faults import Fault

OURS = "business_id = {acme}"
TABLE = "sales_cashmovement"
CORRECTION = f"corrects_id IS NOT NULL AND {OURS}"


def _moved(what: str, rule: str, column: str, change: str, where: str) -> Fault:
    return Fault(
        what, rule, TABLE, f"SELECT id FROM {TABLE} WHERE {where}",
        f"UPDATE {TABLE} SET {change} WHERE {where}", (TABLE,), column,
    )  # fmt: skip


def _reading(what: str, rule: str, column: str, change: str) -> Fault:
    return Fault(
        what, rule, "sales_zreading", f"SELECT id FROM sales_zreading WHERE {OURS}",
        f"UPDATE sales_zreading SET {change} WHERE {OURS}", ("sales_zreading",), column,
    )  # fmt: skip


FAULTS = (
    Fault(
        "cash that moved in a closed shift", "drawer_is_float_and_cash", "sales_shift",
        f"SELECT id FROM sales_shift WHERE closed_at IS NOT NULL AND {OURS}",
        f"UPDATE {TABLE} SET shift_id = (SELECT id FROM sales_shift WHERE closed_at IS NOT NULL"
        f" AND {OURS}) WHERE kind = 'in' AND {OURS}", (TABLE,), "expected_cash",
    ),
    _moved("half a correction", "correction_takes_its_movement_back", "amount", "amount = 1",
           CORRECTION),
    _moved("a correction of another kind", "correction_takes_its_movement_back", "amount",
           "kind = 'drop'", CORRECTION),
    _moved("cash that moved before the shift", "cash_moves_in_the_time_of_its_shift", "moved_at",
           "moved_at = '2020-05-05 10:00:00'", f"kind = 'in' AND {OURS}"),
    _reading("a reading's number", "z_readings_follow_each_other", "number", "number = 7"),
    _reading("a reading that leaves a shift out", "z_readings_follow_each_other", "first_shift",
             "first_shift = 2, last_shift = 2"),
    _reading("a grand total", "z_readings_follow_each_other", "grand_total",
             "grand_total = grand_total + 1"),
    _reading("a reading that was changed", "z_reading_is_the_sum_of_its_shifts", "content_hash",
             "grand_total = grand_total + 1"),
    _reading("the total of a reading", "z_reading_is_the_sum_of_its_shifts", "total",
             "total = total + 1"),
    _reading("a reading of an open shift", "z_reading_is_the_sum_of_its_shifts", "last_shift",
             "last_shift = 2"),
    Fault(
        "a payment that a reading counted", "z_reading_is_the_sum_of_its_shifts", "sales_zreading",
        f"SELECT id FROM sales_zreading WHERE {OURS}",
        f"UPDATE sales_payment SET method = 'other', change = 0, tendered = amount WHERE {OURS}"
        " AND method = 'cash'", (), "figures",
    ),
)  # fmt: skip
