"""PgBouncer's own figures, from its console, where POOLER_STATS_URL says how to reach it."""

from __future__ import annotations

import logging
from typing import Any, Final

from django.conf import settings

logger = logging.getLogger(__name__)

PATIENCE: Final = 2  # Seconds to reach the console; a scrape must not hang.

# Column of SHOW POOLS: name of the figure, meaning. Summed over the pools of all databases.
COLUMNS: Final = {
    "cl_active": ("clients_active", "Clients of PgBouncer that have a server connection."),
    "cl_waiting": ("clients_waiting", "Clients of PgBouncer that wait for a server connection."),
    "sv_active": ("servers_active", "Server connections of PgBouncer that are in use."),
    "sv_idle": ("servers_idle", "Server connections of PgBouncer that are free."),
}


def figures() -> dict[str, tuple[str, int]]:
    """Name to meaning and value; `up` alone, as 0, when the console does not answer.

    Empty where no console is configured.
    """
    if not settings.POOLER_STATS_URL:
        return {}
    import psycopg

    up = "1 when the console of PgBouncer answers."
    try:
        pools = _pools()
    except (psycopg.Error, KeyError, ValueError) as error:
        # The message may hold the URL with its password.
        logger.warning("The console of PgBouncer does not answer: %s", type(error).__name__)
        return {"up": (up, 0)}
    found = {"up": (up, 1)}
    for column, (name, meaning) in COLUMNS.items():
        found[name] = (meaning, sum(int(pool[column]) for pool in pools))
    found["wait_seconds"] = (
        "For how long the client that waits longest has waited.",
        max((int(pool["maxwait"]) for pool in pools), default=0),
    )
    return found


def _pools() -> list[dict[str, Any]]:
    import psycopg
    from psycopg.rows import dict_row

    # The console knows no transactions and no parameters.
    with psycopg.connect(
        settings.POOLER_STATS_URL, autocommit=True, connect_timeout=PATIENCE, row_factory=dict_row
    ) as console:
        rows = console.execute("SHOW POOLS").fetchall()
    return [row for row in rows if row["database"] != "pgbouncer"]
