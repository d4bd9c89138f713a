"""`make bench` and `make bench-quick`: the product against its database's limit and django-oscar.

    python -m bench [--quick] [--tiny] [--without-peer]

Needs PostgreSQL and PgBouncer, which it installs where that is allowed, and starts its own. Prints
tables; writes bench/results/bench.json and chart.svg and the tables into docs/performance.md, or with
--quick bench/results/quick.json alone. Status 1 where an operation takes more statements than
bench/budget.json allows.
"""

from __future__ import annotations

import argparse
import json
import sys

from bench.chart import chart
from bench.report import budget, over_budget, put_into, text
from bench.run import FULL, QUICK, TINY, measured
from scripts import postgres
from scripts.system import ROOT, Missing, say

RESULTS = ROOT / "bench" / "results"
PAGE = ROOT / "docs" / "performance.md"


def main() -> int:
    reading = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    reading.formatter_class = argparse.RawDescriptionHelpFormatter
    reading.add_argument("--quick", action="store_true", help="two minutes; counts, not times")
    reading.add_argument("--tiny", action="store_true", help="to try the bench itself")
    reading.add_argument("--without-peer", action="store_true", help="leave django-oscar out")
    asked = reading.parse_args()
    postgres.stop_on_signals()
    size = TINY if asked.tiny else QUICK if asked.quick else FULL
    try:
        result = measured(size, with_peer=not asked.without_peer)
    except (Missing, postgres.ClusterError) as error:
        say(str(error))
        return 1
    RESULTS.mkdir(exist_ok=True)
    name = "bench" if size is FULL else "quick"
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
    if size is FULL:
        (RESULTS / "chart.svg").write_text(chart(result))
        PAGE.write_text(put_into(PAGE.read_text(), result))
    print(text(result))
    complaints = over_budget(result, budget())
    for complaint in complaints:
        say(f"Over the budget: {complaint}")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
