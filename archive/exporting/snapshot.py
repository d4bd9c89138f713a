"""Reading a shop at one moment while it goes on selling."""

from __future__ import annotations

import queue
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TypeVar

from django.db import connection
from django.utils import translation

from tenants import context
from tenants.bulk import long_work
from tenants.models import Business

Result = TypeVar("Result")
Progress = Callable[[int, int], None]


@contextmanager
def snapshot() -> Iterator[None]:
    """A transaction in which every statement sees the same moment, and nobody waits for it.

    Inside another transaction that one is used as it is: on SQLite it sees one moment too, on
    PostgreSQL only if it was begun here; see `at_one_moment()`.
    """
    if connection.in_atomic_block:
        yield
        return
    with long_work():
        if connection.vendor == "postgresql":
            # long_work() has said SET and nothing else, so this is still the first statement.
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def at_one_moment(
    write: Callable[[IO[bytes], Progress], Result], *, progress: Progress | None = None
) -> tuple[IO[bytes], Result]:
    """A temporary file, at its beginning, with what `write` wrote for the bound business.

    For jobs and requests, whose transaction is open already: on PostgreSQL the reading is done on a
    connection of its own, in a `snapshot()`. What only this transaction sees, such as a business
    that it made, it has to read itself. Whatever `progress` raises ends the work.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller gets it open
    try:
        if connection.vendor == "postgresql" and connection.in_atomic_block:
            result = _elsewhere(write, file, progress or _nothing)
        else:
            with snapshot():
                result = write(file, progress or _nothing)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file, result


def _nothing(done: int, total: int) -> None:
    """Tell nobody."""


class _Ended(Exception):
    """The one who waits has gone."""


def _elsewhere(
    write: Callable[[IO[bytes], Progress], Result], file: IO[bytes], progress: Progress
) -> Result:
    business_id, language = context.require_id(), translation.get_language()
    told: queue.Queue[tuple[int, int] | None] = queue.Queue()
    ending = threading.Event()
    outcome: list[Result] = []
    failure: list[BaseException] = []

    def tell(done: int, total: int) -> None:
        if ending.is_set():
            raise _Ended
        told.put((done, total))

    def work() -> None:
        try:
            with translation.override(language), context.business(business_id), snapshot():
                if Business.objects.filter(pk=business_id).exists():
                    outcome.append(write(file, tell))
        except _Ended:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again by the one who waits
            failure.append(error)
        finally:
            connection.close()
            told.put(None)

    thread = threading.Thread(target=work, name="export")
    thread.start()
    try:
        while (news := told.get()) is not None:
            progress(*news)
    finally:
        ending.set()
        thread.join()
    if failure:
        raise failure[0]
    return outcome[0] if outcome else write(file, progress)
