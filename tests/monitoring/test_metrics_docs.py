"""docs/monitoring.md names every figure, every alert and every address, and none that is not."""

from __future__ import annotations

import re
from typing import Any

from django.urls import get_resolver

from monitoring.alerts import rules
from monitoring.metrics import exposition, pooler
from tests.conftest import ROOT

DOCS = (ROOT / "docs/monitoring.md").read_text("utf-8")


def rows(heading: str) -> list[str]:
    """The first cells of the table under a heading."""
    section = DOCS.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)


def names(cells: list[str]) -> set[str]:
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_every_figure_and_no_other(db: None, settings: Any) -> None:
    settings.POOLER_STATS_URL = "postgresql://stats@127.0.0.1:1/pgbouncer"
    given = {family.name for family in exposition.everything()}
    given |= {f"tillbook_pooler_{name}" for name, _meaning in pooler.COLUMNS.values()}
    given.add("tillbook_pooler_wait_seconds")
    assert names(rows("Metrics")) == given


def test_every_alert_and_no_other() -> None:
    assert names(rows("Alerts")) == set(rules.KINDS) == set(rules.RULES)


def test_every_address_leads_somewhere() -> None:
    addresses = names(rows("Addresses"))
    assert len(addresses) >= 7
    for address in addresses:
        assert get_resolver("pos.urls").resolve(address)
