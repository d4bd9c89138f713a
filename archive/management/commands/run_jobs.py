"""`manage.py run_jobs`: do the imports, exports and checks that wait to be done."""

from __future__ import annotations

import _thread
import logging
import os
import signal
import threading
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, close_old_connections, connection

from archive import chores
from archive.jobs import run_next
from archive.models import Job
from reports.folding import fold_everywhere
from webhooks import sending

logger = logging.getLogger(__name__)

# Seconds between two looks into an empty queue; a person is waiting at the other end.
PAUSE = 1.0


class Command(BaseCommand):
    help = (
        "Do the waiting imports, exports and checks of every business, one after another, send the "
        "webhooks that are due, add what was sold to the sums of reports, and end. "
        "Several of these may run at once: no job is done twice. A job that is stopped in the "
        "middle has done nothing and is begun again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        how = parser.add_mutually_exclusive_group()
        how.add_argument(
            "--watch",
            action="store_true",
            help="stay, wait for more work, tidy daily and look for trouble each minute",
        )
        parser.add_argument(
            "--with-parent",
            action="store_true",
            help="end when the process that started this one has ended",
        )
        how.add_argument("--once", action="store_true", help="do one job and end")

    def handle(self, *args: Any, **options: Any) -> None:
        self.ending = threading.Event()
        stops = (signal.SIGTERM, signal.SIGINT)
        before = {one: signal.signal(one, self.end) for one in stops}
        if options["with_parent"]:
            threading.Thread(target=self.follow, args=(os.getppid(),), daemon=True).start()
        try:
            if options["watch"]:
                self.watch()
            else:
                self.empty(once=options["once"])
                if not options["once"]:
                    sending.deliver(ending=self.ending)
                    fold_everywhere(ending=self.ending.is_set)
        finally:
            for one, handler in before.items():
                signal.signal(one, handler)

    def end(self, *_signal: object) -> None:
        # By a thread: a signal may come between two lines of an event's wait(), which hold the lock
        # that its set() would then wait for, for ever.
        _thread.start_new_thread(self.ending.set, ())

    def follow(self, parent: int) -> None:
        while os.getppid() == parent:
            time.sleep(PAUSE)
        self.ending.set()

    def empty(self, *, once: bool) -> None:
        """Until nothing is due; a job that came back into the queue waits for the next call."""
        seen = set()
        while not self.ending.is_set():
            done = self.next()
            if done is None or once or done.pk in seen:
                return
            seen.add(done.pk)

    def next(self) -> Job | None:
        done = run_next(ending=self.ending)
        if done is not None:
            self.stdout.write(f"{done.pk} {done.kind}: {done.state} {done.message}".rstrip())
        return done

    def watch(self) -> None:
        beside = threading.Thread(target=chores.keep_doing, args=(self.ending,), daemon=True)
        beside.start()
        sender = threading.Thread(target=sending.keep_delivering, args=(self.ending,))
        sender.start()
        while not self.ending.is_set():
            close_old_connections()
            try:
                if self.next() is not None:
                    continue
            except DatabaseError as error:
                # Restarted, or on SQLite at work for somebody else: it comes back.
                logger.warning("The database does not answer: %s", error)
                connection.close()
            self.ending.wait(PAUSE)
        sender.join()
