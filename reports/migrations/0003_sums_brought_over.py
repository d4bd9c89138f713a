"""Brings what was folded so far over into the new tables, as it stood at one moment.

One statement on PostgreSQL, so it sees one moment without a lock: whoever folds or sells goes on.
The marks come last, because a reference to a register waits for the till that sells at it, and no till
should wait for the rest. What was folded in the meantime is beyond these marks and is folded again,
into the new tables. Without this migration all of it would be, and reports read the sales until then.
"""

from django.db import migrations


DAYS = """
INSERT INTO reports_daysum (business_id, location_id, business_date, documents, sales, voids, refunds,
                            exchanges, total)
SELECT business_id, location_id, business_date, documents, sales, voids, refunds, exchanges,
       CAST(ROUND(total * 10000) AS bigint)
FROM reports_daysummary"""
OF_PRODUCTS = """
INSERT INTO reports_product{unit}sum (business_id, location_id, variation_id, begins, lines, quantity,
                                      revenue, net, cost)
SELECT business_id, location_id, variation_id, {begins}, SUM(lines),
       CAST(ROUND(SUM(quantity) * 10000) AS bigint), CAST(ROUND(SUM(revenue) * 10000) AS bigint),
       CAST(ROUND(SUM(net) * 10000) AS bigint), ROUND(SUM(cost), 8)
FROM reports_product{old} GROUP BY business_id, location_id, variation_id, {begins}"""
YEAR = {
    "postgresql": "date_trunc('year', month::timestamp)::date",
    "sqlite": "strftime('%Y-01-01', month)",
}
MARKS = """
INSERT INTO reports_mark (business_id, register_id, upto)
SELECT business_id, register_id, upto FROM reports_registermark"""


def bring_over(apps, schema_editor):
    vendor = schema_editor.connection.vendor
    sums = [
        DAYS,
        OF_PRODUCTS.format(unit="day", begins="business_date", old="day"),
        OF_PRODUCTS.format(unit="month", begins="month", old="month"),
        OF_PRODUCTS.format(unit="year", begins=YEAR[vendor], old="month"),
    ]
    if vendor == "postgresql":
        named = ", ".join(f"sums_{n} AS ({one} RETURNING 1)" for n, one in enumerate(sums))
        rows = " UNION ALL ".join(f"TABLE sums_{n}" for n in range(len(sums)))
        after = f"(SELECT COUNT(*) FROM ({rows}) AS written) >= 0"  # noqa: S608
        schema_editor.execute(f"WITH {named} {MARKS} WHERE {after}")
    else:
        for statement in [*sums, MARKS]:
            schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("reports", "0002_whole_numbers_and_years")]

    operations = [migrations.RunPython(bring_over, migrations.RunPython.noop)]
