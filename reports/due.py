"""Folding by the way: a page that had much to add up has it folded once it is answered.

So a shop without a worker and without a scheduler stays fast, and nobody waits for it.
"""

from __future__ import annotations

import logging
import threading
from typing import Any, Final

from django.db import Error, connection

from reports.folding import fold
from tenants.context import business, require_id

logger = logging.getLogger(__name__)

#: How many documents beyond the marks are left alone: they cost a page a few milliseconds.
NEAR: Final = 200
#: How long a process folds after one answer; what is left then waits for the next page.
SECONDS: Final = 1.0

_due: set[int] = set()
_folding = threading.Lock()


def note(pending: int) -> None:
    """Have the bound business folded after the answer if so many documents are worth it."""
    if pending > NEAR:
        _due.add(require_id())


def after_request(**kwargs: Any) -> None:
    """Fold what is due. Django sends it when the server has taken the whole answer: the request's
    transaction is over. One thread of a process folds at a time."""
    if not _due or connection.in_atomic_block or not _folding.acquire(blocking=False):
        return
    try:
        while _due:
            _fold(_due.pop())
    finally:
        _folding.release()


def _fold(pk: int) -> None:
    try:
        with business(pk):
            fold(seconds=SECONDS)
    except Error as error:
        # The next page, or the worker, tries again.
        logger.warning("Sums are not folded for now: %s", type(error).__name__)
