import sqlite3
from typing import Any

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.db.backends.signals import connection_created


class PosConfig(AppConfig):
    name = "pos"
    default = True

    def ready(self) -> None:
        from pos import checks  # noqa: F401

        connection_created.connect(widen_statements, dispatch_uid="pos.widen_statements")


class AdminConfig(admin_apps.AdminConfig):
    default_site = "accounts.adminsite.BusinessAdminSite"
    default = False


def widen_statements(connection: Any, **kwargs: Any) -> None:
    """Let a SQLite statement have as many values as this library takes, and not the 999 of old.

    A document of 50 lines is then one INSERT, as it is on PostgreSQL.
    """
    if connection.vendor == "sqlite":
        connection.features.max_query_params = connection.connection.getlimit(
            sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER
        )
