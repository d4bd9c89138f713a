"""The queue of what must not be lost: a SQLite file, written and flushed before anything is sent.

An entry keeps its id and its bytes for ever; all that changes is what is known of it. Several threads
and processes may use one file: who sends an entry holds it for a while, and whose process dies loses
it to the next. Sending twice does no harm, because the server knows the id.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .ids import uuid7

#: Seconds for which an entry is its sender's: longer than a try may take.
LEASE: Final = 90
#: Nothing waits longer than this many seconds, whatever a server or a wrong clock says.
LONGEST: Final = 3600
#: Seconds in which a refused request whose earlier try was never answered may still arrive.
WATCHED: Final = 180

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS outbox (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    path TEXT NOT NULL,
    body BLOB NOT NULL,
    offline BLOB,
    number TEXT NOT NULL DEFAULT '',
    follows TEXT,
    approval TEXT NOT NULL DEFAULT '',
    made REAL NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting',
    tries INTEGER NOT NULL DEFAULT 0,
    unsure REAL,
    due REAL NOT NULL DEFAULT 0,
    holder TEXT,
    held_until REAL NOT NULL DEFAULT 0,
    status TEXT NOT NULL DEFAULT '',
    answer BLOB,
    seen INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS outbox_state ON outbox (state, due);
CREATE TABLE IF NOT EXISTS series (
    register TEXT PRIMARY KEY, id TEXT NOT NULL, prefix TEXT, last INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
_COLUMNS: Final = (
    "seq, id, kind, path, body, offline, number, follows, approval, made, state, tries, unsure,"
    " status, answer"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """`state`: waiting, done or refused. `unsure`: when a try was last sent and not answered.

    `offline` is how a sale is handed in once it was made without a line, under `number`.
    """

    seq: int
    id: str
    kind: str
    path: str
    body: bytes
    offline: bytes | None
    number: str
    follows: str | None
    approval: str
    made: float
    state: str
    tries: int
    unsure: float | None
    status: str
    answer: bytes | None


class Outbox:
    """The queue in one file, readable by its owner alone."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._name = str(uuid7())
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._process = 0
        self._inherited: list[sqlite3.Connection | None] = []
        with self._writing() as db:
            for statement in _SCHEMA.split(";"):
                db.execute(statement)

    def close(self) -> None:
        with self._lock:
            if self._connection is not None and self._process == os.getpid():
                self._connection.close()
            self._connection = None

    # -- putting in -------------------------------------------------------------------------------

    def put(
        self,
        *,
        kind: str,
        id: str,
        path: str,
        body: bytes,
        follows: str | None = None,
        approval: str = "",
        claim: bool = False,
    ) -> Entry:
        """On the disk when this returns. With `claim` nobody else sends it until it is let go.

        The same again is the same entry. Raises ValueError where the id has another body here.
        """
        now = time.time()
        holder, until = (self._name, now + LEASE) if claim else (None, 0)
        with self._writing() as db:
            db.execute(
                "INSERT INTO outbox (id, kind, path, body, follows, approval, made, holder,"
                " held_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
                (id, kind, path, body, follows, approval, now, holder, until),
            )
            entry = self._one(db, id)
        if entry.body != body or entry.path != path:
            raise ValueError(f"{id} is the id of another request")
        return entry

    def go_offline(self, id: str, register: str, form: Callable[[str], bytes]) -> Entry:
        """Make a waiting sale one that was made offline: number and form are fixed now, once.

        The next number of the register's series and the form that holds it are one transaction;
        without a series the number is empty. An entry that is answered already stays as it is.
        """
        with self._writing() as db:
            entry = self._one(db, id)
            if entry.state != "waiting" or entry.offline is not None:
                return entry
            row = db.execute(
                "UPDATE series SET last = last + 1 WHERE register = ? AND prefix IS NOT NULL"
                " RETURNING prefix, last",
                (register,),
            ).fetchone()
            number = f"{row[0]}{row[1]:06d}" if row else ""
            db.execute(
                "UPDATE outbox SET offline = ?, number = ?, holder = NULL, held_until = 0, due = 0"
                " WHERE id = ?",
                (form(number), number, id),
            )
            return self._one(db, id)

    # -- sending ----------------------------------------------------------------------------------

    def take(self, limit: int, *, offline: bool) -> list[Entry]:
        """Waiting entries that are due and nobody holds, oldest first; they are ours for LEASE.

        What follows another entry comes after that is done.
        """
        now = time.time()
        form = "IS NOT NULL" if offline else "IS NULL"
        with self._writing() as db:
            rows = db.execute(
                # A clock that was set back makes nothing wait for ever.
                f"UPDATE outbox SET holder = ?, held_until = ? WHERE seq IN ("  # noqa: S608
                f" SELECT seq FROM outbox o WHERE state = 'waiting' AND offline {form}"
                "  AND (due <= ? OR due > ?) AND (held_until <= ? OR held_until > ?)"
                "  AND NOT EXISTS (SELECT 1 FROM outbox f WHERE f.id = o.follows"
                "                  AND f.state != 'done')"
                f" ORDER BY seq LIMIT ?) RETURNING {_COLUMNS}",
                (self._name, now + LEASE, now, now + LONGEST, now, now + LONGEST, limit),
            ).fetchall()
        return sorted((Entry(*row) for row in rows), key=lambda one: one.seq)

    def settle(
        self, entry: Entry, *, state: str, status: str, answer: bytes = b"", number: str = ""
    ) -> None:
        """What the server said. That something is done is never unsaid, and a number that stands on
        a receipt stays."""
        with self._writing() as db:
            db.execute(
                "UPDATE outbox SET state = ?, status = ?, answer = ?, tries = tries + 1,"
                " number = CASE WHEN number = '' THEN ? ELSE number END, approval = '', due = 0,"
                " unsure = ?, holder = NULL, held_until = 0 WHERE seq = ? AND state != 'done'",
                (state, status, answer, number, entry.unsure, entry.seq),
            )
            if state == "refused":
                # What was to follow it has nothing to be about.
                db.execute(
                    "UPDATE outbox SET state = 'refused', status = 'not_sold' WHERE follows = ?"
                    " AND state = 'waiting'",
                    (entry.id,),
                )

    def let_go(
        self, entries: Sequence[Entry], *, wait: float = 0, unsure: bool = False, tried: bool = True
    ) -> None:
        """They wait again, and are due after `wait` seconds. `unsure`: they may have arrived."""
        now = time.time()
        with self._writing() as db:
            db.executemany(
                "UPDATE outbox SET holder = NULL, held_until = 0, due = ?, tries = tries + ?,"
                " unsure = ? WHERE seq = ? AND state = 'waiting'",
                [
                    (now + min(wait, LONGEST), int(tried), now if unsure else one.unsure, one.seq)
                    for one in entries
                ],
            )

    def tried(self, entry: Entry, *, unsure: bool) -> None:
        """A try without a judgement; the entry stays its sender's."""
        now = time.time()
        with self._writing() as db:
            db.execute(
                "UPDATE outbox SET tries = tries + 1, unsure = ?, held_until = ? WHERE seq = ?"
                " AND state = 'waiting'",
                (now if unsure else entry.unsure, now + LEASE, entry.seq),
            )

    def mark_sending(self, entry: Entry) -> bool:
        """Note, before a try, that it may arrive: a process that dies now does not know more.

        False where it was judged meanwhile, by another's try.
        """
        now = time.time()
        with self._writing() as db:
            done = db.execute(
                "UPDATE outbox SET held_until = ?, holder = ?, unsure = ? WHERE seq = ?"
                " AND state = 'waiting'",
                (now + LEASE, self._name, now, entry.seq),
            )
            return done.rowcount > 0

    def watched(self, *, every: bool = False) -> list[Entry]:
        """Refused entries of which an earlier try, never answered, may still arrive; with `every`
        also those that were looked for lately, or long enough."""
        now = time.time()
        since, due = (0.0, now + LONGEST) if every else (now - WATCHED, now)
        return self._rows(
            "state = 'refused' AND kind = 'sale' AND unsure > ? AND due <= ?", since, due
        )

    def look_again(self, entry: Entry, *, wait: float) -> None:
        with self._writing() as db:
            db.execute("UPDATE outbox SET due = ? WHERE seq = ?", (time.time() + wait, entry.seq))

    # -- looking ----------------------------------------------------------------------------------

    def get(self, id: str) -> Entry | None:
        found = self._rows("id = ?", id)
        return found[0] if found else None

    def waiting(self) -> list[Entry]:
        return self._rows("state = 'waiting'")

    def refused(self) -> list[Entry]:
        """What a person has to look at, and has not."""
        return self._rows("state = 'refused' AND seen = 0")

    def every(self) -> list[Entry]:
        return self._rows("1")

    def count(self, state: str) -> int:
        with self._reading() as db:
            query = "SELECT count(*) FROM outbox WHERE state = ?"
            return int(db.execute(query, (state,)).fetchone()[0])

    def dismiss(self, id: str) -> None:
        """Somebody has looked at a refused entry; it stays in the file."""
        with self._writing() as db:
            db.execute("UPDATE outbox SET seen = 1 WHERE id = ? AND state = 'refused'", (id,))

    def again(self, id: str) -> None:
        """Send a refused entry once more, as it is: what stood in its way is out of the way."""
        with self._writing() as db:
            db.execute(
                "UPDATE outbox SET state = 'waiting', due = 0, seen = 0 WHERE id = ?"
                " AND state = 'refused'",
                (id,),
            )

    def prune(self, *, days: int = 60) -> int:
        """Forget what is done and older; how many. Numbers go on where they are."""
        with self._writing() as db:
            query = "DELETE FROM outbox WHERE state = 'done' AND made < ?"
            return db.execute(query, (time.time() - days * 86400,)).rowcount

    # -- numbers, and what else is kept -----------------------------------------------------------

    def wanted_series(self, register: str) -> str | None:
        """The id under which to ask for a series, always the same; None where there is one."""
        with self._writing() as db:
            db.execute(
                "INSERT INTO series (register, id) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (register, str(uuid7())),
            )
            query = "SELECT id, prefix FROM series WHERE register = ?"
            found, prefix = db.execute(query, (register,)).fetchone()
            return None if prefix else str(found)

    def set_series(self, register: str, id: str, prefix: str, last: int) -> None:
        """The series that was asked for; the counter never goes back."""
        with self._writing() as db:
            db.execute(
                "UPDATE series SET prefix = ?, last = max(last, ?) WHERE register = ? AND id = ?",
                (prefix, last, register, id),
            )

    def keep(self, name: str, value: str) -> None:
        with self._writing() as db:
            db.execute(
                "INSERT INTO kept VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = ?",
                (name, value, value),
            )

    def kept(self, name: str) -> str:
        with self._reading() as db:
            row = db.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone()
            return str(row[0]) if row else ""

    # -- the file ---------------------------------------------------------------------------------

    def _rows(self, where: str, *values: Any) -> list[Entry]:
        with self._reading() as db:
            query = f"SELECT {_COLUMNS} FROM outbox WHERE {where} ORDER BY seq"  # noqa: S608
            return [Entry(*row) for row in db.execute(query, values).fetchall()]

    def _one(self, db: sqlite3.Connection, id: str) -> Entry:
        query = f"SELECT {_COLUMNS} FROM outbox WHERE id = ?"  # noqa: S608
        return Entry(*db.execute(query, (id,)).fetchone())

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            yield self._open()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is on the disk when it ends, and nothing where it fails."""
        with self._lock:
            db = self._open()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                db.execute("ROLLBACK")
                raise

    def _open(self) -> sqlite3.Connection:
        # A child process may not use its parent's connection.
        if self._connection is None or self._process != os.getpid():
            # Closed in a child it would take the parent's log away.
            self._inherited.append(self._connection)
            self._process = os.getpid()
            self.path.touch(mode=0o600)
            self._connection = sqlite3.connect(
                self.path, timeout=30, isolation_level=None, check_same_thread=False
            )
            _prepare(self._connection)
        return self._connection


def _prepare(db: sqlite3.Connection) -> None:
    for left in range(50, -1, -1):
        try:
            db.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError:
            # Whoever opens a new file at the same moment holds it, and this statement does not wait.
            if not left:
                raise
            time.sleep(0.1)
    # With WAL anything less may lose the last commits when the power goes.
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA fullfsync = ON")
