"""Functions of ours in PostgreSQL: migrations install them, and whoever needs one calls it here.

Their text stands in `<package>/sql/<name>.sql`, and each name ends in a version that is never changed
once it has landed: an older release may call it while a newer one starts. They run with the rights
of the caller, so row-level security binds them. SQLite has none.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

from django.db import DatabaseError, connection
from django.db.migrations.operations.base import Operation

ROOT: Final = Path(__file__).resolve().parents[1]


class InstallFunction(Operation):
    """Installs the function of a file such as "sales/sql/sales_post_v1.sql"; nothing on SQLite.

    Its name is that of the file; no other function has it.
    """

    reversible = True

    def __init__(self, file: str) -> None:
        self.file = file

    def state_forwards(self, app_label: str, state: Any) -> None:
        """The models know nothing of it."""

    def database_forwards(self, app_label: str, editor: Any, before: Any, after: Any) -> None:
        if editor.connection.vendor == "postgresql":
            text = (ROOT / self.file).read_text(encoding="utf-8")
            # Without the words before it: what begins with a comment counts as one in a file of SQL.
            editor.execute(text[text.index("CREATE FUNCTION") :], None)

    def database_backwards(self, app_label: str, editor: Any, before: Any, after: Any) -> None:
        if editor.connection.vendor == "postgresql":
            editor.execute(f"DROP FUNCTION {editor.quote_name(Path(self.file).stem)}", None)

    def describe(self) -> str:
        return f"Install the function of {self.file}"


def call(function: str, *values: Any) -> Any:
    """What one of them answers, in the transaction at hand and by one statement.

    The values go beside the statement and not within it: where the function refuses, the server
    writes the statement into its log.
    """
    marks = ", ".join(["%s"] * len(values))
    wrapper: Any = connection
    with wrapper.bound_cursor() as cursor:
        cursor.execute(f"SELECT {function}({marks})", values)
        return cursor.fetchone()[0]


def opened_by(
    function: str, value: str, *, alone: bool = False
) -> AbstractContextManager[str | None]:
    """A transaction that begins with one of them, which takes one argument; what it answers.

    BEGIN and the call are one message; COMMIT too where the function is `alone` and changes nothing.
    """
    wrapper: Any = connection
    opened: AbstractContextManager[str | None] = wrapper.opened_by(function, value, alone=alone)
    return opened


def ask(function: str, value: str, *, last: bool = False) -> Any:
    """What one of them that takes one argument answers, in the transaction at hand.

    Nothing comes behind the `last` one, which takes COMMIT along: nobody waits for a lock while
    that is on its way.
    """
    wrapper: Any = connection
    return wrapper.ask(function, value, last=last)


def refusal(error: DatabaseError) -> tuple[str, str]:
    """The code with which a function refused, such as "TB001", and the detail that it gave."""
    cause: Any = error.__cause__
    state = getattr(cause, "sqlstate", None) or ""
    return state, (getattr(cause, "diag", None) and cause.diag.message_detail) or ""
