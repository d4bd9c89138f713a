"""What could go around a wall stands here with its reason; anything new fails.

On SQLite this is the only control of raw SQL.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.test_conventions import MODULES, PACKAGES, ROOT

SOURCES = [*MODULES, *sorted(ROOT.glob("*/migrations/*.py"))]

# Work across businesses, and how often: a further use in a listed file is looked at as well.
PLATFORM = {
    "archive/leaving/deleting.py": (2, "which businesses are due; who works nowhere else"),
    "accounts/access.py": (1, "the door: which business a person may enter"),
    "accounts/device_door.py": (1, "the door: which business a token may enter"),
    "accounts/people.py": (
        2,
        "whether an account is also somebody's elsewhere; shows nothing of it",
    ),
    "accounts/views/sign_in.py": (2, "a person's own businesses, to choose from"),
    "archive/jobs.py": (1, "whose job is next; only jobs are read, and one is marked as taken"),
    "archive/verify/installation.py": (1, "counts rows of no business; on SQLite alone"),
    "metering/platform_views.py": (1, "credits of every business, for who runs the platform"),
    "monitoring/metrics/measuring.py": (2, "how many jobs wait, run and are stuck; shows no row"),
    "sales/terminals.py": (1, "which business a pairing code is of"),
    "webhooks/looking.py": (1, "whose events wait, are due or are old; ids of businesses alone"),
    "webhooks/sending.py": (1, "whose message is due; one mailbox is marked as taken"),
    "archive/verify/walls.py": (1, "whether a lost key is another business's; on SQLite alone"),
}

# Raw SQL and whatever else the scope does not see.
RAW_SQL = {
    "accounts/limits.py": "one upsert that counts tries; a platform table",
    "archive/exporting/snapshot.py": "how a transaction sees others; reads nothing",
    "archive/verify/summaries.py": "sales beside their sums; the business is in each part",
    "archive/verify/database.py": "a transaction that cannot write, and the catalogues of keys",
    "backups/contents.py": "counts every row of every table, as owner, for the manifest",
    "backups/postgresql.py": "pg_dump's snapshot, and the target of a restore, as owner",
    "backups/proving.py": "tries the walls of a restored copy as the runtime role",
    "backups/restoring.py": "which tables there are",
    "backups/scratch.py": "makes and drops databases for drills, as owner",
    "backups/sqlite.py": "copies whole files",
    "inventory/ledger.py": "one upsert for all levels; the business is its first value",
    "inventory/ledger_history.py": "the same for thousands, from two arrays",
    "inventory/migrations/0002_search_indexes.py": "trigram indexes, which begin with the business",
    "metering/storing.py": "upserts that count; the business is the first value of each row",
    "metering/migrations/0001_metering.py": "gives permissions to roles, as the owner",
    "monitoring/health.py": "SELECT 1 for readiness",
    "monitoring/metrics/measuring.py": "sizes and connections of the server, and no table of ours",
    "monitoring/metrics/pooler.py": "asks the console of PgBouncer, which has no tables",
    "monitoring/metrics/storing.py": "one upsert that adds counts of requests; a platform table",
    "monitoring/views/health.py": "SELECT 1 for the plain health check",
    "pos/deploying.py": "takes rights from a host's own roles, as owner; SQLite's own seed",
    "pos/migrating.py": "the lock that keeps migrations apart; a transaction's, and no table",
    "pos/production.py": "version, limits and clock of the server; reads no table of ours",
    "reports/folding.py": "upserts of sums; the business is in each, and the first value of each row",
    "reports/reading.py": "sums and what is beyond them, in one statement; the business is in each part",
    "reports/migrations/0002_whole_numbers_and_years.py": "empties tables on the way back, as the owner",
    "reports/migrations/0003_sums_brought_over.py": "copies sums of all businesses, as the owner",
    "sales/credit.py": "two statements that change an account; the business is in both",
    "sales/migrations/0014_one_key_less.py": "drops a key by its name; reads nothing",
    "sync/horizon.py": "the snapshot of the transaction and what database this is; no table of ours",
    "sync/migrations/0002_triggers.py": "the triggers that tell what changed",
    "sync/rendering.py": "sums up rows that a scoped query of the ORM finds",
    "sync/triggers.py": "SQLite's triggers that tell what changed",
    "sales/migrations/0006_offline_sales.py": "gives a permission to roles, as the owner",
    "sales/migrations/0004_encrypt_customer_names.py": "a notice where it is SQL; no row",
    "tenants/bulk.py": "INSERT of many rows; the business is the first value of each",
    "tenants/db/base.py": "BEGIN and the setting",
    "tenants/db/schema.py": "drops a key on the way back through migrations, as the owner",
    "tenants/functions.py": "installs, as the owner, and calls our own functions; their text is SQL",
    "tenants/indexes.py": "makes a key beside the tills at work, in a migration, as the owner",
    "tenants/management/commands/setup_roles.py": "makes the role, as owner, of no business",
    "tenants/replica.py": "how far the replica is, and where the log is; reads no table",
    "tenants/roles.py": "reads the catalogue of PostgreSQL",
}

# Caches live as long as the process and are shared by all businesses.
CACHES = {
    "accounts/permissions.py": "sets of permissions by the names that a role's column lists",
    "tenants/addresses.py": "addresses of pages around a key",
    "archive/demo_catalogue.py": "rows just made, inside the function that makes them",
    "archive/products/numbers.py": "patterns of numbers",
    "archive/products/synonyms.py": "forms of column names",
    "archive/rows.py": "shapes of the export format",
    "archive/tables/encodings.py": "tables of encodings",
    "archive/work/desks.py": "what reads each kind of import; functions of the release",
    "metering/at_once.py": "addresses and functions of the release that answer them",
    "metering/callers.py": "who asks, by all the values that were read of them for this request",
    "monitoring/health.py": "whether Redis answers; one key that says yes",
    "pos/api_examples.py": "examples of the API's description, from a file of the release",
    "pos/reference.py": "the API's description, written; it tells of no business",
    "pos/schema.py": "the API's description; it tells of no business",
    "pos/templatetags/tillbook.py": "icons by their names, as a release draws them",
    "sales/api/items_at_once.py": "decimals of currencies, and the address of pictures by mount",
    "sales/canonical.py": "how values of a type are written",
    "sales/names.py": "keyed hashes of beginnings of names; by business and keys",
    "sales/views/till.py": "names of static files",
    "sync/rendering.py": "how rows of a kind are written, by a currency's digits; holds no row",
    "tenants/caching.py": "the one door: each key begins with the bound business",
    "tenants/encryption.py": "keys of the installation; texts while one result is read, and no longer",
    "tenants/models.py": "names of time zones",
    "tenants/formats.py": "formats of currencies and locales, from Babel",
    "tenants/redis_cache.py": "what the door talks to; knows no keys",
}


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Each name that is called, as it is written at its end: `cursor` of `connection.cursor()`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Attribute):
                yield "." + function.attr, function.value
            elif isinstance(function, ast.Name):
                yield function.id, function


def decorators(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for one in node.decorator_list:
                target = one.func if isinstance(one, ast.Call) else one
                found.add(target.attr if isinstance(target, ast.Attribute) else ast.unparse(target))
    return found


def uses_platform(tree: ast.AST) -> int:
    return sum(
        name == "platform" or (name == ".platform" and ast.unparse(value).endswith("context"))
        for name, value in calls(tree)
    )


def uses_raw_sql(tree: ast.AST) -> bool:
    names = {name for name, _value in calls(tree)}
    methods = {".cursor", ".raw", ".extra", ".execute", ".executemany", ".copy_expert"}
    functions = {"RawSQL", "RunSQL", "ExtraWhere"}
    functions |= {"." + name for name in functions}
    return bool(names & (methods | functions))


def uses_caches(tree: ast.AST) -> bool:
    named = {name.lstrip(".") for name, _value in calls(tree)}
    return bool((named | decorators(tree)) & {"lru_cache", "cache", "cache_page"}) or any(
        isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith(("django.core.cache", "django.views.decorators.cache"))
        and {alias.name for alias in node.names} - {"never_cache", "cache_control"}
        for node in ast.walk(tree)
    )


def names_of(tree: ast.AST) -> set[str]:
    """Every name, attribute and text in the file; docstrings excepted."""
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(f"{ast.unparse(node.value)}.{node.attr}")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in documentation:
                found.add(node.value)
    return found


def files(check: object) -> set[str]:
    assert callable(check)
    return {
        str(path.relative_to(ROOT)) for path in SOURCES if check(ast.parse(path.read_text("utf-8")))
    }


def test_work_across_businesses_is_listed() -> None:
    found = {
        str(path.relative_to(ROOT)): count
        for path in SOURCES
        if (count := uses_platform(ast.parse(path.read_text("utf-8"))))
    }
    assert found == {name: count for name, (count, _reason) in PLATFORM.items()}


def test_raw_sql_is_listed() -> None:
    assert files(uses_raw_sql) == set(RAW_SQL)


def test_caches_are_listed() -> None:
    assert files(uses_caches) == set(CACHES)


def test_the_setting_is_made_in_one_place_and_for_one_transaction() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        for text in names_of(ast.parse(path.read_text("utf-8")))
        if "set_config" in text or ("app.business_id" in text and "current_setting" not in text)
    }
    # The role check looks for the name in policies.
    assert found == {"tenants/db/base.py", "tenants/roles.py"}
    backend = (ROOT / "tenants/db/base.py").read_text("utf-8")
    assert "SET LOCAL app.business_id" in backend
    assert "set_config" not in backend


@pytest.mark.parametrize(
    "name",
    ["threading.local", "Local", "asgiref.local", "assume_role", "pg_advisory_lock"],
)
def test_nothing_lives_in_a_thread_or_a_session(name: str) -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in SOURCES
        if name in names_of(ast.parse(path.read_text("utf-8")))
    }
    assert found == set()


def across_people(tree: ast.AST) -> bool:
    """A query from a person to memberships: the scope narrows only the table it begins at."""
    through = re.compile(r"(^|__)(user|actor|operator|opened_by|closed_by)__memberships")
    for node in ast.walk(tree):
        texts = [node.arg] if isinstance(node, ast.keyword) else []
        if isinstance(node, ast.Constant):
            texts.append(node.value if isinstance(node.value, str) else None)
        if any(through.search(text) for text in texts if text):
            return True
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("User.objects"):
            if "memberships" in ast.unparse(node):
                return True
    return False


def test_no_query_goes_from_a_person_to_their_memberships() -> None:
    """A person works in several businesses, and only PostgreSQL would stop such a query."""
    assert files(across_people) == set()


# Each linter is shown what it must find.

BAD = [
    (uses_platform, "with context.platform('x'): pass"),
    (uses_platform, "with platform('x'): pass"),
    (uses_raw_sql, "with connection.cursor() as cursor: pass"),
    (uses_raw_sql, "Product.objects.raw('SELECT 1')"),
    (uses_raw_sql, "rows.extra(where=['1=1'])"),
    (uses_raw_sql, "rows.annotate(x=RawSQL('1', []))"),
    (uses_raw_sql, "rows.annotate(x=expressions.RawSQL('1', []))"),
    (uses_raw_sql, "operations = [migrations.RunSQL('x')]"),
    (across_people, "User.objects.filter(memberships__role=1)"),
    (across_people, "User.objects.all().values('memberships__role')"),
    (across_people, "Sale.objects.filter(operator__memberships__role=1)"),
    (across_people, "Sale.objects.values('shift__opened_by__memberships')"),
    (uses_caches, "@lru_cache\ndef f(): pass"),
    (uses_caches, "@functools.lru_cache(maxsize=None)\ndef f(): pass"),
    (uses_caches, "@cache\ndef f(): pass"),
    (uses_caches, "f = functools.cache(g)"),
    (uses_caches, "from django.core.cache import cache"),
    (uses_caches, "from django.core.cache.backends import redis"),
    (uses_caches, "from django.views.decorators.cache import cache_page"),
]


@pytest.mark.parametrize(("check", "code"), BAD, ids=[code for _check, code in BAD])
def test_the_linter_sees(check: object, code: str) -> None:
    assert callable(check)
    assert check(ast.parse(code))
    assert not check(ast.parse("import platform\nplatform.system()\nf(x)\nrows.filter(a=1)"))


def test_a_name_in_a_docstring_is_no_use() -> None:
    assert names_of(ast.parse('"""threading.local"""\nx = threading.local()')) == {
        "x",
        "threading",
        "threading.local",
    }


def test_the_lists_name_files_that_exist() -> None:
    for name in {**PLATFORM, **RAW_SQL, **CACHES}:
        assert Path(ROOT / name).is_file(), name
        assert name.split("/")[0] in PACKAGES
