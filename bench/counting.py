"""How many statements and round trips an operation takes, as PostgreSQL and the pooler saw it."""

from __future__ import annotations

import time
from collections.abc import Mapping

from bench.cluster import forget_statements, round_trips, statements
from bench.load import Line, Refused, Work
from scripts.cluster import DATABASE, Cluster

TIMES = 20
_CHECK = "SELECT 1 FROM ONLY "
_FRAME = ("BEGIN", "COMMIT", "ROLLBACK")


def counted(
    cluster: Cluster, port: int, work: Work, *, database: str = DATABASE, times: int = TIMES
) -> dict[str, int]:
    """Of one operation, the median of many by how often each statement ran. Raises Refused."""
    line = Line(port)
    try:
        # What is done once by a process or a connection belongs to no operation.
        for _ in range(2 * times):
            line.ask(work())
        time.sleep(0.2)
        forget_statements(cluster)
        before = round_trips(cluster, database)
        for _ in range(times):
            status, body = line.ask(work())
            if status not in {200, 201}:
                raise Refused(f"{status} {body[:300]!r}")
        after = round_trips(cluster, database)
        return summed(statements(cluster, database), after - before, times=times)
    finally:
        line.close()


def summed(calls: Mapping[str, int], trips: int, *, times: int) -> dict[str, int]:
    """Besides BEGIN and COMMIT, which are counted by themselves. `walls` are those of the statements
    that say which business is meant (SET LOCAL), `messages` all that wait for an answer. What ran
    beside the operations, now and then, rounds away."""
    # References that are checked by COMMIT look as if somebody had asked for that.
    asked = {text: n for text, n in calls.items() if not text.startswith(_CHECK)}
    each = {text: round(number / times) for text, number in asked.items()}
    frame = sum(n for text, n in each.items() if text.strip("; ").upper() in _FRAME)
    walls = sum(n for text, n in each.items() if text.upper().startswith("SET "))
    return {
        "statements": sum(each.values()) - frame,
        "walls": walls,
        # A message of nothing but BEGIN or COMMIT; whatever rides along with one is counted there.
        "round trips": max(round(trips / times) - frame, 1),
        "messages": round(trips / times),
        "begin and commit": frame,
    }
