"""The bench's own PostgreSQL: commits that survive a power cut, and a count of every statement.

The throw-away clusters of the tests run without fsync; nothing measured on them would hold.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from bench.machine import parent_of
from scripts import postgres
from scripts.cluster import DATABASE, OWNER, POOLER, SUPERUSER, Cluster

CORES = os.cpu_count() or 1
#: Three server connections a core, as docs/scaling.md advises.
POOL = 3 * CORES
SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "shared_buffers": "'512MB'",
    "max_wal_size": "'4GB'",
    "autovacuum_naptime": "'10min'",
    "shared_preload_libraries": "'pg_stat_statements'",
}
LIMIT = "bench_limit"
PEER = "bench_peer"


@contextmanager
def durable() -> Iterator[Cluster]:
    """A cluster of its own with SETTINGS, and empty databases for the limit and the peer."""
    with postgres.running(pool_size=POOL) as cluster:
        # One statement each: ALTER SYSTEM wants no transaction, and psql's input is one after another.
        for name, value in SETTINGS.items():
            cluster.sql(f"ALTER SYSTEM SET {name} = {value};", database="postgres")
        cluster.stop_server()
        cluster.start_server()
        # Not in the product's database: it refuses to serve beside views that are not its own.
        cluster.sql("CREATE EXTENSION pg_stat_statements;", database="postgres")
        for name in (LIMIT, PEER):
            cluster.sql(f"CREATE DATABASE {name} OWNER {OWNER};", database="postgres")
        yield cluster


def postmaster(cluster: Cluster) -> int:
    """The process number of this PostgreSQL: the parent of whoever answers."""
    # Asked while it is connected: a process that has ended has no parent.
    with psycopg.connect(cluster.superuser_url) as asking:
        return parent_of(asking.info.backend_pid)


def forget_statements(cluster: Cluster) -> None:
    cluster.sql("SELECT pg_stat_statements_reset();", database="postgres")


def statements(cluster: Cluster, database: str = DATABASE) -> dict[str, int]:
    """How often each statement of a database ran since `forget_statements`."""
    with psycopg.connect(cluster.url(SUPERUSER, database="postgres"), autocommit=True) as asking:
        found = asking.execute(
            "SELECT query, sum(calls)::bigint FROM pg_stat_statements JOIN pg_database d"
            " ON d.oid = dbid WHERE datname = %s AND toplevel GROUP BY query",
            (database,),
        )
        return {query: int(calls) for query, calls in found}


def round_trips(cluster: Cluster, database: str = DATABASE) -> int:
    """How many messages that wait for an answer the pooler has passed on for a database."""
    with psycopg.connect(
        cluster.url(POOLER, pooled=True, database="pgbouncer"), autocommit=True
    ) as asking:
        found = asking.execute("SHOW STATS")
        names = [one.name for one in found.description or ()]
        rows = [dict(zip(names, row, strict=True)) for row in found]
    return sum(int(row["total_query_count"]) for row in rows if row["database"] == database)
