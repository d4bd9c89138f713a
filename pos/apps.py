import sqlite3
from typing import Any

from django.apps import AppConfig
from django.contrib import admin
from django.contrib.admin import apps as admin_apps
from django.contrib.admin.checks import check_admin_app, check_dependencies
from django.core import checks
from django.db.backends.signals import connection_created


class PosConfig(AppConfig):
    name = "pos"
    default = True

    def ready(self) -> None:
        from pos import checks  # noqa: F401

        connection_created.connect(widen_statements, dispatch_uid="pos.widen_statements")


class AdminConfig(admin_apps.SimpleAdminConfig):
    """What it shows is registered with its addresses (pos/business_urls.py): no till needs it."""

    default_site = "accounts.adminsite.BusinessAdminSite"
    default = False

    def ready(self) -> None:
        checks.register(check_all_of_the_admin, checks.Tags.admin)


def check_all_of_the_admin(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    admin.autodiscover()
    found: list[checks.CheckMessage] = check_admin_app(app_configs, **kwargs)
    return [*found, *check_dependencies(**kwargs)]


def widen_statements(connection: Any, **kwargs: Any) -> None:
    """Let a SQLite statement have as many values as this library takes, and not the 999 of old.

    A document of 50 lines is then one INSERT, as it is on PostgreSQL.
    """
    if connection.vendor == "sqlite":
        connection.features.max_query_params = connection.connection.getlimit(
            sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER
        )
