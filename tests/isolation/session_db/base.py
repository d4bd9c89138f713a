"""Broken on purpose: the business is set for the session, as some libraries do.

Behind a transaction pooler the next statement may go to another server connection, and this one
keeps the business for whoever comes next. test_pool.py shows that its tests see it.
"""

from __future__ import annotations

from tenants import context
from tenants.db import base


class DatabaseWrapper(base.DatabaseWrapper):
    def _begin(self) -> None:
        bound = context.bound_id()
        with self.wrap_database_errors:
            self.connection.execute(
                "SELECT set_config('app.business_id', %s, false)", [str(bound or "")]
            )
            self.connection.execute("BEGIN")

    def _commit(self) -> None:
        # Meant to clean up, on whichever server connection it finds.
        super()._commit()
        if self.connection is not None:
            self.connection.execute("SELECT set_config('app.business_id', '', false)")
