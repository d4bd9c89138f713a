"""Make the ordinary role that the application runs as, so that row-level security binds it."""

from __future__ import annotations

import secrets
from typing import Any
from urllib.parse import quote

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from psycopg import sql

from tenants import roles


class Command(BaseCommand):
    help = (
        "Creates or refreshes the runtime role over the direct URL (DIRECT_URL) and prints the"
        " DATABASE_URL to use. Safe to repeat; run it after each migrate if tables were added by"
        " another owner."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--role", default=settings.RUNTIME_ROLE, help="name of the role")
        parser.add_argument(
            "--password", help="its password; without it a new role gets a random one"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("SQLite has no roles; there is nothing to set up.")
        role, password = options["role"], options["password"]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT current_user, current_database()")
            owner, database = cursor.fetchone()
            if role == owner:
                raise CommandError(
                    f"{role} owns the tables, and row-level security does not bind an owner."
                    " Choose another --role."
                )
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            fresh = cursor.fetchone() is None
            if fresh:
                password = password or secrets.token_urlsafe(24)
                create_role(cursor, role)
            for statement in roles.setup_statements(
                role=role, owner=owner, database=database, password=password
            ):
                cursor.execute(statement)
        self._limits(role)
        self.stdout.write(f"{role} {'was made' if fresh else 'is up to date'}.")
        self.stdout.write(f"DATABASE_URL={self._url(role, password, database)}")

    def _limits(self, role: str) -> None:
        """Time limits of the role; a host that reserves them to its console is told, not fatal."""
        for name, value in roles.ROLE_SETTINGS.items():
            try:
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute(
                        sql.SQL("ALTER ROLE {} SET {} = {}").format(
                            sql.Identifier(role), sql.Identifier(name), sql.Literal(value)
                        )
                    )
            except Exception as error:
                if not isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege):
                    raise
                self.stderr.write(f"Not allowed to set {name} of {role}; set it to {value} there.")

    def _url(self, role: str, password: str | None, database: str) -> str:
        config = connection.settings_dict
        secret = quote(password, safe="") if password else "PASSWORD"
        port = f":{config['PORT']}" if config["PORT"] else ""
        return f"postgresql://{quote(role)}:{secret}@{config['HOST']}{port}/{database}"


def create_role(cursor: Any, role: str) -> None:
    try:
        cursor.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(role)))
    except Exception as error:
        if isinstance(error.__cause__, psycopg.errors.InsufficientPrivilege):
            raise CommandError(
                f"This login may not create roles. As one that may, run: CREATE ROLE {role} LOGIN;"
            ) from None
        raise
