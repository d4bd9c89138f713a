"""Whether a restored database is one to work with: its rows, its walls, its sealed names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import DatabaseError, connections, transaction
from psycopg import sql

from accounts.models import User
from backups import contents, postgresql, sqlite
from backups.errors import BackupError
from backups.manifest import Manifest, differences
from backups.scratch import ALIAS, aliased, parameters
from tenants import context, roles
from tenants.encryption import blind_indexes
from tenants.models import Business

# Tables that answer while nothing is bound, because the doors read them.
_STRICT = """
SELECT c.relname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
 WHERE c.relnamespace = 'public'::regnamespace
   AND pg_get_expr(p.polqual, c.oid) NOT LIKE '%coalesce%'
   AND pg_get_expr(p.polqual, c.oid) NOT LIKE '%COALESCE%' ORDER BY 1
"""


@dataclass(slots=True)
class Proof:
    """What was looked at, in words, and what is wrong; good when nothing is."""

    looked: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def prove(taken: Manifest, alias: str = ALIAS) -> Proof:
    """Look at the database of this name, into which `taken` was restored. Writes nothing for good."""
    proof = Proof()
    _rows(proof, taken, alias)
    _names(proof, alias)
    if connections[alias].vendor == "postgresql":
        _walls(proof, alias)
    return proof


def _rows(proof: Proof, taken: Manifest, alias: str) -> None:
    if connections[alias].vendor == "postgresql":
        with postgresql.connect(parameters(alias)) as connection:
            found = contents.of_postgresql(connection)
    else:
        found = sqlite.tables(Path(connections[alias].settings_dict["NAME"]))
    proof.wrong += differences(taken.tables, found)
    proof.looked.append(f"{taken.rows} rows of {len(taken.tables)} tables are the same")


def _names(proof: Proof, alias: str) -> None:
    """Each person's user name opens and is found by: that is what signing in needs."""
    count = 0
    try:
        for user in User.objects.using(alias).order_by("pk").iterator(chunk_size=2000):
            count += 1
            if user.username_index not in blind_indexes(user.username, "username"):
                proof.wrong.append("user names are not found by the present APP_ENCRYPTION_KEY")
                return
    except InvalidToken:
        proof.wrong.append("the present APP_ENCRYPTION_KEY does not open the names of people")
        return
    proof.looked.append(f"the names of {count} people open, and are found")


# -- the walls ------------------------------------------------------------------------------------


def _walls(proof: Proof, alias: str) -> None:
    businesses = list(Business.objects.using(alias).order_by("pk").values_list("pk", flat=True)[:2])
    role = settings.RUNTIME_ROLE
    try:
        _grant(alias, role)
        with _as_runtime_role(alias, role) as connection:
            proof.wrong += roles.problems(connection)
            proof.wrong += _leaks(connection, businesses)
    except _NotTried as error:
        proof.wrong.append(str(error))
        return
    proof.looked.append(f"as {role}: each business sees its own rows alone")


class _NotTried(Exception):
    pass


def _grant(alias: str, role: str) -> None:
    """What setup_roles gives in this database, so that the role can be tried."""
    connection: Any = connections[alias]
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database()")
        owner, database = cursor.fetchone()
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
        if cursor.fetchone() is None:
            raise _NotTried(
                f"the walls were not tried: there is no role {role} on this server"
                " (`python manage.py setup_roles` makes it)"
            )
        for statement in roles.setup_statements(
            role=role, owner=owner, database=database, password=None
        ):
            cursor.execute(statement)


@contextmanager
def _as_runtime_role(alias: str, role: str) -> Iterator[Any]:
    """A transaction as the runtime role, of which nothing stays: by its own login where that is
    known, else by membership of the owner. Raises _NotTried."""
    login = urlsplit(settings.RUNTIME_URL)
    if login.username and unquote(login.username) == role and login.password:
        given = {"user": role, "password": unquote(login.password)}
        with suppress(BackupError), postgresql.connect({**parameters(alias), **given}):
            config = {**connections[alias].settings_dict}
            config.update({"USER": role, "PASSWORD": given["password"]})
            with aliased("runtime", config) as name, transaction.atomic(using=name):
                yield connections[name]
                transaction.set_rollback(True, using=name)
                return
    with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        try:
            cursor.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(sql.Identifier(role)))
            cursor.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
        except DatabaseError:
            raise _NotTried(
                f"the walls were not tried: this login may not act as {role}, and DATABASE_URL does"
                " not hold that role's password"
            ) from None
        yield connections[alias]
        transaction.set_rollback(True, using=alias)


def _leaks(connection: Any, businesses: list[int]) -> list[str]:
    """What the role sees that it must not see: with nothing bound, and of another business."""
    if not businesses:
        return []
    found = []
    own, other = businesses[0], (businesses[1:] or [businesses[0] + 1])[0]
    with connection.cursor() as cursor:
        cursor.execute(_STRICT)
        tables = [row[0] for row in cursor.fetchall()]
    for table in tables:
        name = sql.Identifier(table)
        with context.unbound():
            if _answers(connection, sql.SQL("SELECT FROM {} LIMIT 1").format(name)):
                found.append(f"{table} can be read while no business is bound")
        with context.business(own):
            foreign = sql.SQL("SELECT FROM {} WHERE business_id <> {} LIMIT 1")
            if _answers(connection, foreign.format(name, own)):
                found.append(f"{table} shows rows of another business")
            moved = sql.SQL("UPDATE {} SET business_id = {} WHERE business_id = {}")
            if _answers(connection, moved.format(name, other, own)):
                found.append(f"{table} lets a row go to another business")
    return found


def _answers(connection: Any, statement: sql.Composed) -> bool:
    """Whether a statement touches any row; a refusal is none."""
    try:
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            cursor.execute(statement)
            return bool(cursor.rowcount)
    except DatabaseError:
        return False
