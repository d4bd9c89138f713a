"""Django's PostgreSQL backend, with the bound business folded into BEGIN: wall 4's key.

Row-level security reads the setting `app.business_id`. It is only ever transaction-local: behind a
transaction pooler a session-level setting is found by whoever gets the connection next.
"""

from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.utils import debug_transaction
from django.db.utils import InterfaceError, InternalError, OperationalError
from psycopg import Cursor
from psycopg.pq import TransactionStatus

from tenants import context
from tenants.db.schema import SchemaEditor


class DatabaseWrapper(base.DatabaseWrapper):
    SchemaEditorClass = SchemaEditor
    connection: Any

    def _start_transaction_under_autocommit(self) -> None:
        """Open a transaction and set the business in one message.

        When that message finds a dead connection, it reconnects and sends it once more: nothing
        has run yet, so the repetition is always safe.
        """
        try:
            self._begin()
        except (OperationalError, InterfaceError):
            self.close()
            self.ensure_connection()
            self._begin()

    def _begin(self) -> None:
        bound = context.bound_id()
        sql = "BEGIN" if bound is None else f"BEGIN; {_setting(bound)}"
        with debug_transaction(self, sql), self.wrap_database_errors:
            # No parameters, so psycopg sends it as one simple query. psycopg itself stays in
            # autocommit; its commit() and rollback() go by the state of the connection.
            self.connection.execute(sql)

    def _commit(self) -> None:
        """COMMIT; a server that is stopped while it answers is an OperationalError.

        It may send its last words beside the answer, which psycopg calls an internal error. Whether
        the transaction was committed is then unknown, as whenever a connection is lost.
        """
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
