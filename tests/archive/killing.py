"""A process that is killed in the middle of its work, and the work that is tried again after it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import NoReturn, TypeVar

from django.db import connections

from archive.history.importing import SalesRefused
from archive.importing import ImportRefused
from tenants.errors import Refused

Result = TypeVar("Result")
#: Told by the work when it is in the middle, with whether it has got as far as the test needs.
Middle = Callable[[bool], None]

#: In seconds: for how long it is tried, and how long between two tries.
PATIENCE, PAUSE = 180, 0.1


def kill_in_the_middle(work: Callable[[Middle], object], *, got: str) -> None:
    """Do the work in a process of its own and kill it once it says that it is in the middle.

    Fails with `got`, what the work should have done by then, where it had not.
    """
    # The child must not say goodbye on a connection that it shares with us.
    connections.close_all()
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        _work_and_hang(work, theirs)
    os.close(theirs)
    try:
        assert os.read(ours, 1) == b"x", got
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(ours)


def _work_and_hang(work: Callable[[Middle], object], pipe: int) -> NoReturn:
    def middle(is_far_enough: bool) -> None:
        os.write(pipe, b"x" if is_far_enough else b"-")
        signal.pause()

    try:
        work(middle)
    finally:
        os._exit(1)


def patiently(work: Callable[[], Result]) -> Result:
    """Its result; the server may need a moment to notice that the process of before is gone."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            return work()
        except (SalesRefused, ImportRefused):
            pass
        except Refused as refused:
            if refused.code != "import_at_work":
                raise
        time.sleep(PAUSE)
    raise AssertionError("the work never got through")
