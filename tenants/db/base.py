"""Django's PostgreSQL backend, with the bound business folded into BEGIN: wall 4's key.

Row-level security reads the setting `app.business_id`. It is only ever transaction-local: behind a
transaction pooler a session-level setting is found by whoever gets the connection next.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.utils import debug_transaction
from django.db.transaction import TransactionManagementError, atomic
from django.db.utils import Error, InterfaceError, InternalError, OperationalError
from psycopg import Cursor
from psycopg.pq import TransactionStatus

from tenants import context
from tenants.db.messages import Statement, exchange
from tenants.db.schema import SchemaEditor


class DatabaseWrapper(base.DatabaseWrapper):
    SchemaEditorClass = SchemaEditor
    connection: Any

    # The function by which the next transaction is opened, whether it is all of it; what it answered.
    _opening: tuple[str, str, bool] | None = None
    _answer: str | None = None
    # Whether COMMIT was sent with the last function of the transaction at hand.
    _ended = False

    def _start_transaction_under_autocommit(self) -> None:
        """Open a transaction and set the business in one message.

        When that message finds a dead connection, it reconnects and sends it once more: nothing
        has run yet, so the repetition is always safe.
        """
        try:
            self._begin()
        except (OperationalError, InterfaceError):
            # A function may have waited for a lock in vain; waiting as long again helps nobody.
            if self._opening is not None and not self.connection.closed:
                raise
            self.close()
            self.ensure_connection()
            self._begin()

    def _begin(self) -> None:
        bound = context.bound_id()
        sql = "BEGIN" if bound is None else f"BEGIN; {_setting(bound)}"
        if self._opening is not None:
            with debug_transaction(self, sql):
                function, value, alone = self._opening
                begin = [Statement(one) for one in sql.split("; ")]
                self._answer = self._call(function, value, before=begin, ends=alone)
            return
        with debug_transaction(self, sql), self.wrap_database_errors:
            # No parameters, so psycopg sends it as one simple query. psycopg itself stays in
            # autocommit; its commit() and rollback() go by the state of the connection.
            self.connection.execute(sql)

    @contextmanager
    def opened_by(self, function: str, value: str, *, alone: bool) -> Iterator[str | None]:
        """`atomic()`, whose first statement is a function of one argument; what it answers.

        BEGIN, the business and the call are one message where this is the outermost block, with
        COMMIT where the function is `alone` in it and changes nothing. A dead connection matters no
        more than to BEGIN: what the function did was not committed, and it is sent once more.
        """
        if self.in_atomic_block:
            with atomic(using=self.alias):
                yield self.ask(function, value)
            return
        self._opening = (function, value, alone)
        try:
            with atomic(using=self.alias):
                yield self._answer
        finally:
            self._opening = self._answer = None

    def ask(self, function: str, value: str, *, last: bool = False) -> str | None:
        """What a function of one argument answers, in the transaction at hand.

        COMMIT goes with it where it is the `last` one and the block is the outermost: what comes
        behind it there is refused.
        """
        self.ensure_connection()
        ends = last and self.commit_on_exit and len(self.atomic_blocks) == 1
        return self._call(function, value, ends=ends)

    def _call(
        self, function: str, value: str, *, before: Sequence[Statement] = (), ends: bool
    ) -> str | None:
        """One message. What failed is rolled back where the transaction began with it."""

        def run(sql: str, params: Any, many: bool, context: Any) -> str | None:
            statements = [*before, Statement(f"SELECT {function}($1)", value)]
            if ends:
                statements.append(Statement("COMMIT"))
            with self.wrap_database_errors:
                return exchange(self.connection, statements)

        sql, send = f"SELECT {function}(%s)", run
        for wrapper in reversed(self.execute_wrappers):
            send = partial(wrapper, send)
        with debug_transaction(self, sql):
            try:
                answer = send(sql, (value,), False, {"connection": self, "cursor": None})
            except Error:
                if before and not self.connection.closed:
                    self.connection.rollback()
                raise
        self._ended = ends
        return answer

    def ensure_connection(self) -> None:
        if self._ended:
            raise TransactionManagementError("The last function has ended this transaction.")
        super().ensure_connection()

    def _rollback(self) -> None:
        self._ended = False
        super()._rollback()  # type: ignore[misc]

    def _commit(self) -> None:
        """COMMIT; a server that is stopped while it answers is an OperationalError.

        It may send its last words beside the answer, which psycopg calls an internal error. Whether
        the transaction was committed is then unknown, as whenever a connection is lost.
        """
        self._ended = False
        try:
            super()._commit()  # type: ignore[misc]
        except InternalError as error:
            raise OperationalError("The connection was lost while committing.") from error

    def rebind_business(self, bound: int | None) -> None:
        """Change the setting of the open transaction, if there is one that can still be used."""
        if not self.in_atomic_block or self.connection is None:
            return
        if self.connection.info.transaction_status != TransactionStatus.INTRANS:
            return
        # An empty setting is as loud as none: row-level security fails to read it as a number.
        sql = _setting(bound) if bound is not None else "SET LOCAL app.business_id = ''"
        with self.wrap_database_errors:
            self.connection.execute(sql)

    def bound_cursor(self) -> Any:
        """A cursor that sends values beside the statement: a log of statements tells none of them."""
        self.ensure_connection()
        with self.wrap_database_errors:
            cursor = Cursor(self.connection)
            return self._prepare_cursor(cursor)  # type: ignore[attr-defined]

    def _savepoint_rollback(self, sid: str) -> None:
        # It takes the setting back to what it was at the savepoint, where another business may
        # have been bound.
        super()._savepoint_rollback(sid)  # type: ignore[misc]
        self.rebind_business(context.bound_id())


def _setting(bound: int) -> str:
    # int() is the guard against injection: SET takes no parameters.
    return f"SET LOCAL app.business_id = '{int(bound)}'"
