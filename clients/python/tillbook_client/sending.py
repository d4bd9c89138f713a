"""Sending what waits in the queue: pauses that grow, answers that are judged, nothing that is lost.

What the server judged is settled. What may or may not have arrived (no answer, half of one, a page
of somebody else, 5xx) is sent again, the same bytes under the same id. What asks to wait is waited
for. A refused token stops the queue and changes nothing in it.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from . import exact
from .answers import Judged
from .client import Client
from .errors import (
    ApiError,
    BadAnswer,
    NoAnswer,
    NotFound,
    OperatorSignedOut,
    Revoked,
    ServerTrouble,
    TillbookError,
    TooLarge,
    error_of,
)
from .outbox import LONGEST, Entry, Outbox

MOST: Final = 500
#: Bytes of a batch; some hosts take no more than 4.5 MB.
BYTES: Final = 4_000_000
#: What the server says of a sale that it has; the device may forget it.
TAKEN: Final = ("recorded", "recorded_with_remarks", "already", "held")
_REFUSED: Final = ("id_taken", "refused", "invalid")
#: Answers that tell of the way or of the whole server, not of the request.
_EVERYBODY: Final = (429, 502, 503, 504)


@dataclass(slots=True)
class Pauses:
    """Seconds before the next try: doubled each time, and any part of that, so that many terminals
    that were cut off together do not come back together."""

    first: float = 0.5
    longest: float = 60.0
    chance: random.Random = field(default_factory=random.Random)

    def after(self, failures: int, asked: int | None = None) -> float:
        """After so many failures in a row (1 is the first); never less than the server asks for."""
        most = min(self.longest, self.first * 2.0 ** min(failures - 1, 30))
        # Not from zero on: a quarter is left for whoever has to recover.
        wait = most * self.chance.uniform(0.25, 1.0)
        return min(max(wait, asked + wait / 4 if asked else wait), LONGEST)


@dataclass(slots=True)
class Flushed:
    """What one round did."""

    done: int = 0
    refused: int = 0
    waiting: int = 0
    #: Why it stopped, where it did.
    error: TillbookError | None = None


class Sender:
    """Empties one queue through one client. `sleep` and `clock` are for tests."""

    def __init__(
        self,
        client: Client,
        outbox: Outbox,
        *,
        pauses: Pauses | None = None,
        sleep: Callable[[float], object] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.client, self.outbox = client, outbox
        self.pauses, self.sleep, self.clock = pauses or Pauses(), sleep, clock
        self.batch = MOST

    # -- the line, as all who use this queue know it -------------------------------------------------

    @property
    def paused_until(self) -> float:
        """When the next try is due; 0 where the line is well."""
        until = float(self.outbox.kept("paused_until") or 0)
        return until if until <= self.clock() + LONGEST else 0

    @property
    def failures(self) -> int:
        return int(self.outbox.kept("failures") or 0)

    def is_paused(self) -> bool:
        return self.paused_until > self.clock()

    def _line_failed(self, error: TillbookError) -> float:
        failures = self.failures + 1
        wait = self.pauses.after(failures, error.retry_after)
        self.outbox.keep("failures", str(failures))
        self.outbox.keep("paused_until", repr(self.clock() + wait))
        return wait

    def _line_works(self) -> None:
        if self.outbox.kept("failures") not in ("", "0"):
            self.outbox.keep("failures", "0")
            self.outbox.keep("paused_until", "0")

    # -- one entry, while somebody waits -----------------------------------------------------------

    def send_now(self, entry: Entry, *, patience: float) -> Entry:
        """Try this entry, which the caller has claimed, for about `patience` seconds.

        The entry as it is then: done, refused, or waiting, and nobody's. Raises Revoked.
        """
        until, tries = self.clock() + patience, 0
        while True:
            tries += 1
            error = self._try(entry)
            wait = self.pauses.after(tries, error.retry_after) if error else 0.0
            entry = self.outbox.get(entry.id) or entry
            if entry.state != "waiting":
                return entry
            if self.clock() + wait >= until:
                self.outbox.let_go([entry], wait=wait, tried=False)
                if error is not None and _is_everybodys(error):
                    self._line_failed(error)
                return entry
            self.sleep(wait)

    def _try(self, entry: Entry) -> TillbookError | None:
        """One try of an entry that is ours, and stays so unless it is judged. What went wrong where
        it is to be sent again; None when it is judged. Raises Revoked, having let it go.
        """
        if not self.outbox.mark_sending(entry):
            return None
        try:
            answer = self.client.send("POST", entry.path, entry.body, approval=entry.approval)
            told = self.client.told(answer)
            _check(entry, told)
        except Revoked:
            self.outbox.let_go([entry])
            raise
        except (NoAnswer, ServerTrouble) as error:
            self.outbox.tried(entry, unsure=True)
            return error
        except ApiError as error:
            self._line_works()
            if error.may_repeat:
                self.outbox.tried(entry, unsure=False)
                return error
            self._refuse(entry, error)
            return None
        self._line_works()
        number = str(told.get("number", ""))
        self.outbox.settle(
            entry, state="done", status="recorded", answer=answer.body, number=number
        )
        return None

    def _refuse(self, entry: Entry, error: ApiError) -> None:
        said = {
            "status": error.status,
            "code": error.code,
            "message": str(error),
            "fields": error.fields,
        }
        self.outbox.settle(entry, state="refused", status=error.code, answer=exact.written(said))

    # -- everything that waits ---------------------------------------------------------------------

    def flush(self) -> Flushed:
        """One round over all that is due. Never raises for what a server or a line does."""
        found = Flushed()
        if not self.is_paused():
            try:
                while self._round(found):
                    pass
            except TillbookError as error:
                found.error = error
        found.waiting = self.outbox.count("waiting")
        return found

    def run(self, stop: threading.Event, *, every: float = 5.0) -> None:
        """Flush until told to stop; the work of a thread or a process of its own."""
        while not stop.is_set():
            flushed = self.flush()
            wait = every
            if isinstance(flushed.error, Revoked):
                wait = max(every, 30.0)
            elif flushed.waiting:
                wait = min(every, max(0.1, self.paused_until - self.clock()))
            stop.wait(wait)

    def _round(self, found: Flushed) -> bool:
        """Some of it; whether there may be more. Raises what stops the queue."""
        self.look_for_late()
        singles = self.outbox.take(20, offline=False)
        for place, entry in enumerate(singles):
            try:
                self._single(entry, found)
            except OperatorSignedOut as error:
                # It needs a person; what was made offline does not.
                found.error = error
                self.outbox.let_go(singles[place:], wait=5, tried=False)
                break
            except BaseException:
                self.outbox.let_go(singles[place + 1 :], tried=False)
                raise
        batch = self._fitting(self.outbox.take(self.batch, offline=True))
        if batch:
            self._send_batch(batch, found)
        return bool(singles or batch)

    def _single(self, entry: Entry, found: Flushed) -> None:
        error = self._try(entry)
        now = self.outbox.get(entry.id) or entry
        if error is not None:
            wait = self.pauses.after(now.tries, error.retry_after)
            self.outbox.let_go([now], wait=wait, tried=False)
            if _is_everybodys(error):
                # The others need not find out one by one.
                self._line_failed(error)
                raise error
        found.done += now.state == "done"
        found.refused += now.state == "refused"

    def _fitting(self, entries: list[Entry]) -> list[Entry]:
        """As many as one request may hold; the others wait again."""
        size = 0
        for place, entry in enumerate(entries):
            size += len(entry.offline or b"") + 1
            if size > BYTES and place:
                self.outbox.let_go(entries[place:], tried=False)
                return entries[:place]
        return entries

    def _send_batch(self, entries: Sequence[Entry], found: Flushed) -> None:
        try:
            answers = self.client.sell_batch([entry.offline or b"" for entry in entries])
        except Revoked:
            self.outbox.let_go(entries, tried=False)
            raise
        except (NoAnswer, ServerTrouble, TooLarge) as error:
            self._batch_failed(entries, error)
            return
        except ApiError as error:
            # Said of all of them together, so of none: they wait, and a person is told.
            self.outbox.let_go(entries, wait=self.pauses.after(entries[0].tries + 1))
            if error.status == 429:
                self._line_failed(error)
            raise
        self._line_works()
        self.batch = min(MOST, self.batch * 2)
        for entry, judged in zip(entries, answers, strict=True):
            self._judge(entry, judged, found)

    def _batch_failed(self, entries: Sequence[Entry], error: TillbookError) -> None:
        """Half as many next time: one of them, or their number, may be what is wrong."""
        self.batch = max(1, len(entries) // 2)
        if len(entries) == 1:
            wait = self.pauses.after(entries[0].tries + 1, error.retry_after)
            self.outbox.let_go(entries, wait=wait, unsure=True)
        else:
            self.outbox.let_go(entries, unsure=True)
        if isinstance(error, NoAnswer) or _is_everybodys(error):
            self._line_failed(error)
            raise error

    def _judge(self, entry: Entry, judged: Judged, found: Flushed) -> None:
        status = str(judged.get("status", ""))
        if str(judged.get("id") or entry.id).lower() != entry.id:
            status = ""
        if status in TAKEN:
            told = exact.written(dict(judged))
            self.outbox.settle(
                entry, state="done", status=status, answer=told, number=judged["number"]
            )
            found.done += 1
        elif status in _REFUSED:
            said = judged.get("error") or {"code": status, "message": "", "fields": {}}
            told = exact.written({"status": 0, **said})
            self.outbox.settle(entry, state="refused", status=status, answer=told)
            found.refused += 1
        else:
            # `later`, or what this client does not know: it is not lost, and not in the way.
            self.outbox.let_go([entry], wait=self.pauses.after(entry.tries + 1))

    def look_for_late(self, *, every: bool = False) -> int:
        """A refused sale may have been recorded by a try that was long on its way; how many were."""
        found = 0
        for entry in self.outbox.watched(every=every):
            try:
                answer = self.client.send("GET", f"sales/{entry.id}")
                self.client.told(answer)
            except NotFound:
                self.outbox.look_again(entry, wait=15)
            except TillbookError:
                self.outbox.look_again(entry, wait=30)
            else:
                self.outbox.settle(entry, state="done", status="recorded", answer=answer.body)
                found += 1
        return found


def _check(entry: Entry, told: object) -> None:
    if not isinstance(told, dict) or str(told.get("id", "")).lower() != entry.id:
        raise BadAnswer("The answer is about something else")


def _is_everybodys(error: TillbookError) -> bool:
    return isinstance(error, NoAnswer) or (
        isinstance(error, ApiError) and error.status in _EVERYBODY
    )


def refusal(entry: Entry) -> ApiError:
    """The error that a refused entry was answered with."""
    said = exact.read(entry.answer or b"{}")
    return error_of(
        int(said.get("status") or 409),
        str(said.get("code", "")),
        str(said.get("message", "")),
        said.get("fields"),
    )
