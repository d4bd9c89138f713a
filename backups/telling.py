"""Sizes, times and manifests in words."""

from __future__ import annotations

from datetime import timedelta

from backups.manifest import Manifest


def size(count: int) -> str:
    """`12.3 MB`, of a million bytes each."""
    for unit, worth in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= worth:
            return f"{count / worth:.1f} {unit}"
    return f"{count} bytes"


def duration(span: timedelta) -> str:
    """`4.2 s`, `3 min 5 s`."""
    seconds = span.total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def manifest(taken: Manifest) -> list[str]:
    """What a person wants to know before restoring it, a line each."""
    tables = taken.tables
    rows = {name: table.rows for name, table in tables.items()}
    told = [
        f"Backup    {taken.name}, {size(taken.size)}",
        f"Taken at  {taken.taken_at:%Y-%m-%d %H:%M:%S} UTC",
        f"Release   {taken.release or 'unnamed'}",
        f"Database  {taken.engine} {taken.server_version}",
        f"Holds     {taken.rows} rows in {len(tables)} tables, {taken.pictures.files} pictures",
    ]
    known = {
        "businesses": "tenants_business",
        "people": "accounts_user",
        "products": "inventory_product",
        "sales": "sales_sale",
        "lines of sales": "sales_saleline",
    }
    counts = [f"{rows[table]} {name}" for name, table in known.items() if table in rows]
    return [*told, f"Of these  {', '.join(counts)}"] if counts else told
