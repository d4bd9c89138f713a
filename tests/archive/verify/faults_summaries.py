"""Faults in the sums that reports read; see `faults.py`."""

from __future__ import annotations

from tests.archive.verify.faults import Fault

OURS = "business_id = {acme}"
DAYS = "day_summaries_are_the_sum_of_their_documents"
LINES = "product_days_are_the_sum_of_their_lines"
YEARS = "product_years_are_the_sum_of_their_months"
MONTHS = "product_months_are_the_sum_of_their_days"


def _sum(what: str, rule: str, table: str, change: str, column: str) -> Fault:
    """One row of the table, changed."""
    one = f"SELECT MIN(id) FROM {table} WHERE {OURS}"
    return Fault(
        what, rule, table, one, f"UPDATE {table} SET {change} WHERE id = ({one})", (), column
    )


FAULTS = (
    _sum("a day with a cent more", DAYS, "reports_daysum", "total = total + 100", "total"),
    _sum("a day with a sale less", DAYS, "reports_daysum", "sales = sales - 1", "sales"),
    _sum("a day that is another", DAYS, "reports_daysum", "business_date = '2001-02-03'",
         "documents"),
    _sum("a product's day with a piece more", LINES, "reports_productdaysum",
         "quantity = quantity + 10000", "quantity"),
    _sum("a product's day with another cost", LINES, "reports_productdaysum",
         "cost = cost + 0.0001", "cost"),
    _sum("a product's month with a cent less", MONTHS, "reports_productmonthsum",
         "revenue = revenue - 100", "revenue"),
    _sum("a product's year with a line less", YEARS, "reports_productyearsum", "lines = lines - 1",
         "lines"),
    _sum("a mark beyond the chain", "marks_are_within_their_chains", "reports_mark",
         "upto = upto + 100000", "upto"),
    Fault(
        "documents that are folded and not in the sums", DAYS, "reports_daysum",
        f"SELECT MAX(d.id) FROM reports_daysum d WHERE d.{OURS} AND d.total <> 0",
        f"UPDATE sales_sale SET total = total + 1, net = net + 1 WHERE {OURS}", (), "total",
    ),
    Fault(
        "a folded line that was changed", LINES, "reports_productdaysum",
        f"SELECT id FROM reports_productdaysum WHERE {OURS} AND variation_id = {{mug}}",
        f"UPDATE sales_saleline SET total = total + 1, net = net + 1"
        f" WHERE {OURS} AND variation_id = {{mug}} AND quantity > 0", (), "revenue",
    ),
)  # fmt: skip
