"""A function of ours in PostgreSQL with a fault in it, for controls: what it keeps must be missed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tenants.functions import ROOT

LEDGER = "inventory/sql/inventory_post_v1.sql"


@contextmanager
def altered(owner: Any, file: str, *changes: tuple[str, str]) -> Iterator[None]:
    """For the block, each first text of `changes` is the second; `owner` owns the functions."""
    text = (ROOT / file).read_text(encoding="utf-8")
    text = text.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    broken = text
    for old, new in changes:
        assert old in broken
        broken = broken.replace(old, new)
    owner.execute(broken)
    try:
        yield
    finally:
        owner.execute(text)
