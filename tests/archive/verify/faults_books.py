"""Faults in stock, documents, shifts, numbers and credit; see `faults.py`."""

from __future__ import annotations

from tests.archive.verify.faults import Fault

OURS = "business_id = {acme}"
FIRST = (
    "(SELECT id FROM sales_sale WHERE counter = 1 AND kind = 'sale' AND series = '' AND "
    + OURS
    + ")"
)
# Three sales later stand at 5.00 (paid by credit) and 10.00 (the voucher); the second is voided.
SECOND = (
    "(SELECT id FROM sales_sale WHERE counter = 2 AND kind = 'sale' AND series = '' AND "
    + OURS
    + ")"
)
VOUCHER = (
    "(SELECT id FROM sales_sale WHERE counter = 3 AND kind = 'sale' AND series = '' AND "
    + OURS
    + ")"
)
CREDIT = (
    "(SELECT id FROM sales_sale WHERE counter = 4 AND kind = 'sale' AND series = '' AND "
    + OURS
    + ")"
)
VOID = "(SELECT id FROM sales_sale WHERE kind = 'void' AND " + OURS + ")"
LINE = f"sales_saleline WHERE line = 1 AND sale_id = {FIRST}"
MOVED = f"inventory_stockmovement WHERE kind = 'sale' AND line = 1 AND document_id = {FIRST}"
CORRECTION = "inventory_stockmovement WHERE kind = 'correction' AND " + OURS
LAST = f"id = (SELECT max(id) FROM inventory_stockmovement WHERE {OURS})"


def _line(what: str, rule: str, column: str, change: str) -> Fault:
    return Fault(
        what, rule, "sales_saleline", f"SELECT id FROM {LINE}",
        f"UPDATE sales_saleline SET {change} WHERE line = 1 AND sale_id = {FIRST}",
        ("sales_saleline",), column,
    )  # fmt: skip


def _sale(what: str, rule: str, column: str, change: str, sale: str = FIRST) -> Fault:
    return Fault(
        what, rule, "sales_sale", f"SELECT id FROM sales_sale WHERE id = {sale}",
        f"UPDATE sales_sale SET {change} WHERE id = {sale}", ("sales_sale",), column,
    )  # fmt: skip


STOCK = (
    Fault(
        "a level", "level_is_the_sum_of_its_movements", "inventory_stocklevel",
        "SELECT id FROM inventory_stocklevel WHERE variation_id = {tea}",
        "UPDATE inventory_stocklevel SET quantity = quantity + 1 WHERE variation_id = {tea}",
    ),
    Fault(
        "a balance", "balance_runs_with_the_movements", "inventory_stockmovement",
        f"SELECT id FROM inventory_stockmovement WHERE {LAST}",
        f"UPDATE inventory_stockmovement SET balance = balance + 1 WHERE {LAST}",
    ),
    Fault(
        "level and ledger, both wrong alike", "stock_moved_as_sold", "sales_saleline",
        f"SELECT id FROM {LINE}",
        (
            f"DELETE FROM {MOVED}",
            "UPDATE inventory_stocklevel SET quantity = quantity + 2 WHERE variation_id = {mug}",
        ), (), "movement",
    ),
    Fault(
        "another product that moved", "stock_moved_as_sold", "sales_saleline",
        f"SELECT id FROM {LINE}",
        f"UPDATE sales_saleline SET variation_id = {{tea}} WHERE line = 1 AND sale_id = {FIRST}",
    ),
    Fault(
        "a flag that skipped the deduction", "stocked_product_was_sold_as_such", "sales_saleline",
        f"SELECT id FROM {LINE}",
        (
            f"UPDATE sales_saleline SET is_stocked = false WHERE line = 1 AND sale_id = {FIRST}",
            f"DELETE FROM {MOVED}",
        ),
    ),
    Fault(
        "a movement for no line", "movement_has_its_document", "inventory_stockmovement",
        "SELECT id FROM inventory_stockmovement WHERE line = 77",
        f"UPDATE inventory_stockmovement SET line = 77 WHERE {LAST}",
    ),
    Fault(
        "a correction that is gone", "movement_has_its_document", "inventory_stockmovement",
        f"SELECT id FROM {CORRECTION}",
        f"DELETE FROM inventory_stockdocument WHERE kind = 'correction' AND {OURS}",
    ),
    Fault(
        "a movement of an unknown kind", "movement_has_its_document", "inventory_stockmovement",
        "SELECT id FROM inventory_stockmovement WHERE kind = 'transfer_in'",
        f"UPDATE inventory_stockmovement SET kind = 'transfer_in' WHERE kind = 'correction' AND {OURS}",
    ),
    Fault(
        "a correction of another location", "movement_is_where_its_document_is",
        "inventory_stockmovement", f"SELECT id FROM {CORRECTION}",
        "UPDATE inventory_stockdocument SET location_id ="
        f" (SELECT id FROM tenants_location WHERE code = 'MK' AND {OURS})"
        f" WHERE kind = 'correction' AND {OURS}",
    ),
    Fault(
        "a correction that moved nothing", "document_moved_stock", "inventory_stockdocument",
        f"SELECT id FROM inventory_stockdocument WHERE kind = 'correction' AND {OURS}",
        (
            f"DELETE FROM {CORRECTION}",
            "UPDATE inventory_stocklevel SET quantity = quantity - 3 WHERE variation_id = {mug}",
        ),
    ),
    Fault(
        "a movement twice", "movement_is_recorded_once", "inventory_stockmovement",
        "SELECT id FROM inventory_stockmovement WHERE id = 999999",
        "INSERT INTO inventory_stockmovement (id, business_id, level_id, kind, quantity, balance,"
        " unit_cost, document_id, document_number, line, actor_id, created_at)"
        " SELECT 999999, business_id, level_id, kind, quantity, balance, unit_cost, document_id,"
        f" document_number, line, actor_id, created_at FROM {CORRECTION}",
        ("inventory_stockmovement",),
    ),
    Fault(
        "two levels of one product", "level_is_one_for_product_and_place", "inventory_stocklevel",
        "SELECT id FROM inventory_stocklevel WHERE id = 999999",
        "INSERT INTO inventory_stocklevel (id, business_id, variation_id, location_id, quantity)"
        " SELECT 999999, business_id, variation_id, location_id, 0 FROM inventory_stocklevel"
        " WHERE variation_id = {mug}",
        ("inventory_stocklevel",),
    ),
    Fault(
        "a service with stock", "service_has_no_stock", "inventory_stocklevel",
        "SELECT id FROM inventory_stocklevel WHERE variation_id = {tea}",
        "UPDATE inventory_product SET is_stocked = false WHERE name = 'Green tea' AND " + OURS,
    ),
)  # fmt: skip

DOCUMENTS = (
    Fault(
        "a sale without lines", "sale_has_lines", "sales_sale",
        f"SELECT id FROM sales_sale WHERE id = {VOUCHER}",
        f"DELETE FROM sales_saleline WHERE sale_id = {VOUCHER}",
    ),
    _line("the gross of a line", "line_adds_up", "gross", "gross = gross + 1"),
    _line("the total of a line", "line_adds_up", "total", "total = total + 1"),
    _line("the quantity of a line", "line_is_quantity_times_price", "gross", "quantity = 3"),
    _line("a cent of tax", "tax_is_that_of_its_rate", "tax", "tax = tax - 0.01, net = net + 0.01"),
    _line("a discount", "line_discount_is_as_agreed", "discount", "discount_value = 5"),
    _line("a discount nobody gave", "line_discount_is_as_agreed", "discount", "discount_kind = ''"),
    _sale("the sale's discount", "sale_discount_is_as_agreed", "discount",
          "discount_kind = 'fixed', discount_value = 2"),
    _sale("the tax of a sale", "sale_is_the_sum_of_its_lines", "tax", "tax = tax + 1"),
    _sale("the total of a sale", "sale_adds_up", "total", "total = total + 1"),
    _sale("the rounding", "payments_pay_the_sale", "total", "rounding = 0.01"),
    Fault(
        "change that is not accounted for", "tendered_is_paid_and_change", "sales_payment",
        f"SELECT id FROM sales_payment WHERE method = 'cash' AND sale_id = {FIRST}",
        f"UPDATE sales_payment SET change = change + 1 WHERE method = 'cash' AND sale_id = {FIRST}",
        ("sales_payment",), "tendered",
    ),
    Fault(
        "change of a card", "tendered_is_paid_and_change", "sales_payment",
        f"SELECT id FROM sales_payment WHERE method = 'card' AND sale_id = {FIRST}",
        "UPDATE sales_payment SET change = 1, tendered = tendered + 1"
        f" WHERE method = 'card' AND sale_id = {FIRST}",
        ("sales_payment",), "change",
    ),
    _sale("another currency", "sale_is_in_the_currency", "currency", "currency = 'USD'"),
    _sale("a return at the till", "document_is_of_its_kind", "kind", "kind = 'return'"),
    _sale("a void of nothing", "document_is_of_its_kind", "kind", "reverses_id = NULL", VOID),
    _sale("the tax of a void", "void_nets_to_zero", "tax", "tax = tax + 1, net = net - 1", VOID),
    Fault(
        "a line that a void left out", "void_nets_to_zero", "sales_saleline",
        f"SELECT id FROM sales_saleline WHERE line = 2 AND sale_id = {SECOND}",
        f"DELETE FROM sales_saleline WHERE line = 2 AND sale_id = {VOID}",
    ),
    _sale("a sale voided twice", "sale_is_voided_once", "reverses",
          f"kind = 'void', reverses_id = {SECOND}"),
)  # fmt: skip

REFUND = "(SELECT id FROM sales_sale WHERE kind = 'refund' AND " + OURS + ")"
EXCHANGE = "(SELECT id FROM sales_sale WHERE kind = 'exchange' AND " + OURS + ")"
BACK = f"sales_saleline WHERE sale_id = {REFUND}"


def _back(what: str, rule: str, found: str, change: str, column: str = "") -> Fault:
    """Something about the line that came back; `found` says which line is told."""
    return Fault(
        what, rule, "sales_saleline", f"SELECT id FROM {found}",
        f"UPDATE sales_saleline SET {change} WHERE sale_id = {REFUND}", ("sales_saleline",), column,
    )  # fmt: skip


REFUNDS = (
    _back("more back than was sold", "nothing_comes_back_that_was_not_sold", LINE,
          "quantity = -3", "quantity"),
    _back("more money than its share", "refunds_are_shares_of_the_line", LINE,
          "total = total - 0.01, net = net - 0.01", "total"),
    _back("more tax than its share", "refunds_are_shares_of_the_line", LINE,
          "tax = tax - 0.01, net = net + 0.01", "tax"),
    _back("a discount that is not given back", "refunds_are_shares_of_the_line", LINE,
          "discount = 0", "discount"),
    _back("a refund of nothing", "refund_takes_from_its_sale", BACK,
          "refunds_id = NULL, refunds_line = NULL"),
    _back("a refund of another line", "refund_takes_from_its_sale", BACK, "refunds_line = 2"),
    _back("a refund of another sale", "refund_takes_from_its_sale", BACK, f"refunds_id = {SECOND}"),
    _back("a cost that came back with what is broken", "refund_takes_from_its_sale", BACK,
          "unit_cost = 2", "unit_cost"),
    _sale("a refund of a voided sale", "voided_sale_is_not_refunded", "reverses",
          f"reverses_id = {SECOND}", REFUND),
    Fault(
        "a refund that takes money", "money_of_a_refund_goes_back", "sales_payment",
        f"SELECT id FROM sales_payment WHERE sale_id = {REFUND}",
        f"UPDATE sales_payment SET amount = 1, tendered = 1 WHERE sale_id = {REFUND}",
        (), "amount",
    ),
    Fault(
        "an exchange that gives money it should take", "money_of_a_refund_goes_back",
        "sales_payment", f"SELECT id FROM sales_payment WHERE sale_id = {EXCHANGE}",
        f"UPDATE sales_payment SET amount = -1, tendered = -1 WHERE sale_id = {EXCHANGE}",
        (), "amount",
    ),
    Fault(
        "more back by card than was paid by it", "card_gets_back_what_it_paid", "sales_sale",
        f"SELECT id FROM sales_sale WHERE id = {FIRST}",
        f"UPDATE sales_payment SET method = 'card', amount = -5.01, tendered = -5.01"
        f" WHERE sale_id = {REFUND}",
        (), "payments",
    ),
    _sale("a refund without its sale", "document_is_of_its_kind", "kind", "reverses_id = NULL",
          REFUND),
    _sale("a refund that costs something", "document_is_of_its_kind", "kind", "total = 1", REFUND),
)  # fmt: skip

CLOSED = "sales_shift WHERE closed_at IS NOT NULL AND " + OURS
REGISTER = "SELECT id FROM sales_register WHERE name = 'Till 1' AND " + OURS


def _shift(what: str, rule: str, column: str, change: str) -> Fault:
    where = "closed_at IS NOT NULL AND " + OURS
    return Fault(
        what, rule, "sales_shift", f"SELECT id FROM sales_shift WHERE note = 'x' AND {OURS}",
        f"UPDATE sales_shift SET {change}, note = 'x' WHERE {where}", ("sales_shift",), column,
    )  # fmt: skip


SHIFTS = (
    _shift("the cash expected", "drawer_is_float_and_cash", "expected_cash", "expected_cash = 1"),
    _shift("the difference", "drawer_is_float_and_cash", "difference", "difference = 0"),
    _shift("a shift half closed", "shift_is_open_or_closed", "closed_at", "counted_cash = NULL"),
    _shift("two open shifts", "one_shift_is_open", "register",
           "closed_at = NULL, counted_cash = NULL, expected_cash = NULL, difference = NULL"),
    _shift("a shift that ends first", "shifts_follow_each_other", "closed_at",
           "opened_at = '2035-01-01 00:00:00'"),
    Fault(
        "a shift's number", "shifts_are_numbered", "sales_register", REGISTER,
        f"UPDATE sales_shift SET number = 7 WHERE closed_at IS NOT NULL AND {OURS}",
    ),
    _sale("a sale of last year", "sale_is_in_the_time_of_its_shift", "sold_at",
          "sold_at = '2020-05-05 10:00:00'"),
    _sale("a sale at another place", "sale_stands_where_it_was_made", "register_id",
          f"location_id = (SELECT id FROM tenants_location WHERE code = 'MK' AND {OURS})"),
    _sale("the date of a sale", "business_date_is_the_local_date", "business_date",
          "business_date = '2020-05-05'"),
    Fault(
        "a history that is sold on", "history_is_closed", "sales_register", REGISTER,
        f"UPDATE sales_register SET is_history = true WHERE name = 'Till 1' AND {OURS}",
    ),
)  # fmt: skip

NUMBERS = (
    _sale("a number twice", "number_is_unique", "number",
          f"number = (SELECT number FROM sales_sale WHERE id = {SECOND})"),
    Fault(
        "a receipt that is gone", "numbers_have_no_gaps", "sales_register", REGISTER,
        f"DELETE FROM sales_sale WHERE id = {VOUCHER}", ("sales_sale",), "sale numbers",
    ),
    Fault(
        "a counter", "numbers_have_no_gaps", "sales_register", REGISTER,
        f"UPDATE sales_register SET void_counter = 2 WHERE name = 'Till 1' AND {OURS}",
        (), "void_counter",
    ),
    Fault(
        "a counter of no document", "numbers_have_no_gaps", "sales_register",
        f"SELECT id FROM sales_register WHERE name = 'Till 2' AND {OURS}",
        f"UPDATE sales_register SET sale_counter = 2 WHERE name = 'Till 2' AND {OURS}",
        (), "sale_counter",
    ),
    _sale("a made-up number", "number_is_prefix_and_counter", "number", "number = 'X-1'"),
    _sale("a reason", "chain_is_whole", "content_hash", "reason = 'Nothing'", VOID),
    _sale("a hash", "chain_is_whole", "content_hash", "content_hash = 'x'"),
    Fault(
        "the end of the chain", "chain_is_whole", "sales_register", REGISTER,
        f"UPDATE sales_register SET chain_hash = 'x' WHERE name = 'Till 1' AND {OURS}",
        (), "chain_hash",
    ),
    Fault(
        "the last document, with its counters", "chain_is_whole", "sales_register", REGISTER,
        (
            f"DELETE FROM sales_sale WHERE id = {CREDIT}",
            f"UPDATE sales_register SET sale_counter = 3 WHERE name = 'Till 1' AND {OURS}",
        ),
        ("sales_sale",), "chain_length",
    ),
    _sale("a document beyond the chain", "chain_is_whole", "chain_index", "chain_index = 99"),
)  # fmt: skip


def _entry(what: str, rule: str, column: str, change: str, kind: str) -> Fault:
    where = f"kind = '{kind}' AND {OURS}"
    return Fault(
        what, rule, "sales_creditentry", f"SELECT id FROM sales_creditentry WHERE {where}",
        f"UPDATE sales_creditentry SET {change} WHERE {where}", (), column,
    )  # fmt: skip


ACCOUNT = f"SELECT id FROM sales_creditaccount WHERE {OURS}"
CREDITS = (
    Fault(
        "a customer's credit", "credit_is_the_sum_of_its_entries", "sales_creditaccount", ACCOUNT,
        f"UPDATE sales_creditaccount SET balance = balance + 1 WHERE {OURS}", (), "balance",
    ),
    _entry("a balance of credit", "credit_runs_with_its_entries", "balance", "balance = 9", "spent"),
    Fault(
        "credit below zero", "credit_is_never_negative", "sales_creditaccount", ACCOUNT,
        f"UPDATE sales_creditaccount SET balance = -1 WHERE {OURS}",
        ("sales_creditaccount",), "balance",
    ),
    _entry("credit that is spent upwards", "credit_entry_has_its_sign", "amount",
           "amount = -amount", "spent"),
    Fault(
        "a day of expiry that no entry has", "credit_expires_as_its_entries_say",
        "sales_creditaccount", ACCOUNT,
        f"UPDATE sales_creditaccount SET next_expiry = '2031-01-01' WHERE {OURS}", (),
        "next_expiry",
    ),
    Fault(
        "an entry whose day the account does not know", "credit_expires_as_its_entries_say",
        "sales_creditaccount", ACCOUNT,
        f"UPDATE sales_creditentry SET expires_on = '2031-01-01' WHERE kind = 'bought' AND {OURS}",
        (), "next_expiry",
    ),
    Fault(
        "two accounts", "credit_account_is_one", "sales_creditaccount",
        f"SELECT id FROM sales_creditaccount WHERE id = 999999 AND {OURS}",
        "INSERT INTO sales_creditaccount (id, business_id, customer_id, balance)"
        f" SELECT 999999, business_id, customer_id, 0 FROM sales_creditaccount WHERE {OURS}",
        ("sales_creditaccount",), "customer_id",
    ),
    Fault(
        "a payment that nobody spent", "credit_payment_was_spent", "sales_payment",
        f"SELECT id FROM sales_payment WHERE method = 'credit' AND {OURS}",
        f"DELETE FROM sales_creditentry WHERE kind = 'spent' AND {OURS}",
    ),
    _entry("credit spent on nothing", "credit_entry_has_its_document", "document_id",
           "document_id = {new}", "spent"),
    _entry("more credit than was bought", "credit_entry_has_its_document", "amount",
           "amount = amount + 1", "bought"),
)  # fmt: skip

NUMBERED = "(SELECT id FROM sales_sale WHERE series <> '' AND counter = 1 AND " + OURS + ")"
REMARK = "sales_reviewitem WHERE kind = 'remark' AND " + OURS
HELD = "sales_reviewitem WHERE kind = 'held' AND " + OURS


def _review(what: str, rule: str, column: str, change: str, item: str) -> Fault:
    return Fault(
        what, rule, "sales_reviewitem", f"SELECT id FROM {item}",
        f"UPDATE sales_reviewitem SET {change} WHERE {item.partition(' WHERE ')[2]}",
        ("sales_reviewitem",), column,
    )  # fmt: skip


OFFLINE = (
    _sale("a series of nobody", "series_is_of_its_register", "series", "series = 'ZZ'", NUMBERED),
    _sale("a series with a line", "series_is_of_its_register", "series", "is_offline = false",
          NUMBERED),
    Fault(
        "a number that never came", "series_has_no_gaps", "sales_numberseries",
        f"SELECT id FROM sales_numberseries WHERE {OURS}",
        f"UPDATE sales_reviewitem SET counter = 5 WHERE kind = 'held' AND {OURS}",
        (), "numbers",
    ),
    _sale("a sale of tomorrow", "offline_sale_was_made_before_it_came", "sold_at",
          "sold_at = '2035-01-01 10:00:00'", NUMBERED),
    _review("a remark beside nothing", "review_is_in_the_books_or_kept", "kind",
            "sale_id = NULL", REMARK),
    _review("what was held is gone", "review_is_in_the_books_or_kept", "kind", "body = NULL", HELD),
    _review("held, and in the books", "review_is_in_the_books_or_kept", "request_id",
            f"request_id = {NUMBERED}", HELD),
    _review("settled by nobody", "review_is_open_or_settled", "settlement",
            "settlement = 'accepted', settled_at = created_at", REMARK),
    _review("recorded as nothing", "review_is_open_or_settled", "settlement",
            "settlement = 'posted', settled_at = created_at, settled_by_id = {cashier}", HELD),
)  # fmt: skip

FAULTS = (*STOCK, *DOCUMENTS, *REFUNDS, *SHIFTS, *NUMBERS, *CREDITS, *OFFLINE)
