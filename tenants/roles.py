"""The runtime role of PostgreSQL: making it, and refusing to serve as one that row-level security
does not bind.

Hosted databases hand out a login that owns the tables or bypasses row-level security. Migrations use
that one, over the direct URL; the application must not.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

# One statement each: a pooler drops `options`, so limits belong to the role.
ROLE_SETTINGS = {
    "statement_timeout": "8s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "15s",
    "timezone": "UTC",
}

_PROBLEMS = """
SELECT 'the role ' || rolname || ' is a superuser' FROM pg_roles
 WHERE rolname = current_user AND rolsuper
UNION ALL
SELECT 'the role ' || rolname || ' bypasses row-level security' FROM pg_roles
 WHERE rolname = current_user AND rolbypassrls AND NOT rolsuper
UNION ALL
SELECT 'the role ' || current_user || ' is a member of ' || rolname
       || ', which bypasses row-level security'
  FROM pg_roles
 WHERE rolname <> current_user AND (rolsuper OR rolbypassrls)
   AND pg_has_role(current_user, oid, 'MEMBER')
   AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
UNION ALL
SELECT 'the role ' || current_user || ' owns the table ' || c.relname
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'business_id'
 WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace
   AND pg_has_role(current_user, c.relowner, 'USAGE')
   AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)
UNION ALL
SELECT 'the table ' || c.relname || ' has no row-level security'
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'business_id'
 WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace
   AND (NOT c.relrowsecurity OR NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid))
UNION ALL
SELECT 'the policy ' || p.polname || ' on ' || c.relname || ' does not go by the business'
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'business_id'
 WHERE c.relnamespace = current_schema()::regnamespace
   AND NOT coalesce(pg_get_expr(p.polqual, c.oid) LIKE '%app.business_id%', p.polcmd = 'a')
UNION ALL
SELECT 'the view ' || c.relname || ' is not security_invoker'
  FROM pg_class c
 WHERE c.relkind = 'v' AND c.relnamespace = current_schema()::regnamespace
   AND NOT coalesce(c.reloptions::text LIKE '%security_invoker=true%', false)
   AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
UNION ALL
SELECT 'the materialized view ' || c.relname || ' can be read by the role'
  FROM pg_class c
 WHERE c.relkind = 'm' AND c.relnamespace = current_schema()::regnamespace
   AND has_table_privilege(c.oid, 'SELECT')
UNION ALL
SELECT 'the function ' || p.proname || ' is SECURITY DEFINER'
  FROM pg_proc p
 WHERE p.prosecdef AND p.pronamespace = current_schema()::regnamespace
   AND has_function_privilege(p.oid, 'EXECUTE')
UNION ALL
SELECT 'the role ' || current_user || ' may TRUNCATE ' || c.relname
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'business_id'
 WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace
   AND has_table_privilege(c.oid, 'TRUNCATE')
   AND NOT pg_has_role(current_user, c.relowner, 'USAGE')
"""


def problems(connection: BaseDatabaseWrapper) -> list[str]:
    """Why row-level security does not hold on this connection; empty when it does.

    On SQLite there is no such wall, and the list is empty.
    """
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(_PROBLEMS)
        return [row[0] for row in cursor.fetchall()]


def setup_statements(*, role: str, owner: str, database: str, password: str | None) -> list[Any]:
    """The statements, in order, that make `role` an ordinary runtime role of `database`.

    To be run by the owner, who needs CREATEROLE when the role does not exist. With `password` None
    an existing role keeps its own.
    """
    name, who, where = sql.Identifier(role), sql.Identifier(owner), sql.Identifier(database)
    statements: list[Any] = []
    if password is not None:
        statements.append(
            sql.SQL("ALTER ROLE {} LOGIN NOCREATEROLE PASSWORD {}").format(
                name, sql.Literal(password)
            )
        )
    statements += [
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(where, name),
        sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC").format(where),
        sql.SQL("REVOKE CREATE ON SCHEMA public FROM PUBLIC"),
        sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(name),
        sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}").format(
            name
        ),
        sql.SQL("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {}").format(name),
        sql.SQL(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA public"
            " GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}"
        ).format(who, name),
        sql.SQL(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA public GRANT USAGE ON SEQUENCES TO {}"
        ).format(who, name),
    ]
    return statements
