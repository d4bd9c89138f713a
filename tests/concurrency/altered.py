"""A function of ours in PostgreSQL with a fault in it, for controls: what it keeps must be missed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tenants.functions import ROOT

LEDGER = "inventory/sql/inventory_post_v1.sql"

# What an altered function may call. True as soon as another session waits for this one.
SOMEBODY_WAITS = """
CREATE OR REPLACE FUNCTION tests_somebody_waits() RETURNS boolean LANGUAGE plpgsql AS $function$
BEGIN
    WHILE NOT EXISTS (
        SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))
    ) LOOP
        PERFORM pg_sleep(0.01);
    END LOOP;
    RETURN true;
END
$function$
"""
# Zero, and the first time in a transaction only when another one has come here too.
MEET = """
CREATE OR REPLACE FUNCTION tests_meet() RETURNS integer LANGUAGE plpgsql AS $function$
BEGIN
    IF coalesce(current_setting('tests.met', true), '') = '' THEN
        PERFORM pg_advisory_xact_lock_shared(20261122);
        WHILE (SELECT count(*) FROM pg_locks
                WHERE locktype = 'advisory' AND objid = 20261122 AND granted
                  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
              ) < 2
        LOOP
            PERFORM pg_sleep(0.01);
        END LOOP;
        PERFORM set_config('tests.met', 'yes', true);
    END IF;
    RETURN 0;
END
$function$
"""


@contextmanager
def altered(owner: Any, file: str, *changes: tuple[str, str], calls: str = "") -> Iterator[None]:
    """For the block, each first text of `changes` is the second; `owner` owns the functions.

    `calls` makes what the altered one calls.
    """
    text = (ROOT / file).read_text(encoding="utf-8")
    text = text.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    broken = text
    for old, new in changes:
        assert old in broken
        broken = broken.replace(old, new)
    if calls:
        owner.execute(calls)
    owner.execute(broken)
    try:
        yield
    finally:
        owner.execute(text)
        owner.execute("DROP FUNCTION IF EXISTS tests_meet(), tests_somebody_waits()")
