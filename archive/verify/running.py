"""Asking the rules, one after the other, without a chance to write."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext

from django.db import connection

from archive.verify import (
    cash,
    catalogue,
    credit,
    documents,
    files,
    installation,
    metering,
    numbers,
    offline,
    people,
    refunds,
    shifts,
    stock,
    summaries,
    walls,
)
from archive.verify.database import read_only
from archive.verify.report import Finding, Level, Outcome, Report
from archive.verify.rules import Look, Rule
from tenants.context import current

Progress = Callable[[int, int], None]

# Findings that are listed of each rule; the others are counted.
LIMIT = 100
_STEPS = 100

# What happens every day: sales, stock, drawers, numbers, credit.
BOOKS: tuple[Rule, ...] = (
    *stock.RULES,
    *documents.RULES,
    *refunds.RULES,
    *shifts.RULES,
    *cash.RULES,
    *numbers.RULES,
    *offline.RULES,
    *credit.RULES,
    *metering.RULES,
    *summaries.RULES,
)
RULES: tuple[Rule, ...] = (
    *people.RULES,
    *walls.RULES,
    *catalogue.RULES,
    *BOOKS,
    *files.RULES,
)


def verify(
    progress: Progress | None = None,
    *,
    rules: Sequence[Rule] = RULES,
    limit: int = LIMIT,
) -> Report:
    """Ask these rules about the bound business. Writes nothing: the database would refuse it.

    Outside a transaction everything is seen at one moment (PostgreSQL). Memory does not grow with
    the books: of each rule the first `limit` findings are kept. `progress` is called between rules
    and, outside a transaction, within long ones. Raises DatabaseError where the books cannot be
    read.
    """
    business = current()
    named = {"id": business.pk, "name": business.name, "slug": business.slug}
    return Report(named, _ask(rules, limit, progress))


def verify_installation(
    *, rules: Sequence[Rule] = installation.RULES, limit: int = LIMIT
) -> Report:
    """Ask what holds of the installation as a whole; nothing needs to be bound."""
    return Report(None, _ask(rules, limit, None))


def check_books(rules: Iterable[Rule] = BOOKS) -> list[Finding]:
    """Every fault in the books of the bound business, for tests; empty when they are right.

    Warnings are left out, and so is what `verify()` asks beyond the books.
    """
    asked = [one for one in rules if one.level is Level.FAULT]
    outcomes = verify(rules=asked, limit=10**6).outcomes
    return [finding for one in outcomes for finding in one.findings]


def _ask(rules: Sequence[Rule], limit: int, progress: Progress | None) -> list[Outcome]:
    total = sum(rule.weight for rule in rules) * _STEPS
    outside = not connection.in_atomic_block
    outcomes = []
    done = 0
    # Inside somebody's transaction, whoever listens to the progress may have to write.
    at_once = outside or progress is None
    with read_only() if at_once else nullcontext():
        for rule in rules:
            look = Look(rule, limit=limit, step=_steps(rule, done, total, progress, outside))
            with nullcontext() if at_once else read_only():
                rule.check(look)
            outcomes.append(look.outcome)
            done += rule.weight * _STEPS
            if progress is not None:
                progress(done, total)
    return outcomes


def _steps(
    rule: Rule, begun: int, total: int, progress: Progress | None, outside: bool
) -> Callable[[int, int], None]:
    def step(done: int, of: int) -> None:
        if progress is not None and outside:
            progress(begun + rule.weight * _STEPS * done // max(1, of), total)

    return step
