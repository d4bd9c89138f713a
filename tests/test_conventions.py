"""Conventions that matter, so that nobody has to remember them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.permissions import Permission

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "pos",
    "monitoring",
    "backups",
    "archive",
    "reports",
    "sync",
    "sales",
    "purchasing",
    "inventory",
    "webhooks",
    "metering",
    "accounts",
    "tenants",
)
MODULES = [
    path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
    if "migrations" not in path.parts
]
TEMPLATES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.html"))]
MAX_LINES = 400


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_no_module_is_a_drawer_for_everything() -> None:
    drawers = {"utils", "helpers", "common", "misc", "tools"}
    assert [relative(path) for path in MODULES if path.stem in drawers] == []


def test_no_file_has_outgrown_its_activity() -> None:
    long = [
        (relative(path), count)
        for path in [*MODULES, *(ROOT / "tests").rglob("*.py")]
        if (count := len(path.read_text().splitlines())) > MAX_LINES
    ]
    assert long == []


# Django's own conventional places explain themselves.
CONVENTIONAL = {"apps.py", "urls.py", "admin.py", "__init__.py", "api_urls.py", "platform_urls.py"}


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_a_module_says_what_it_holds(path: Path) -> None:
    tree = ast.parse(path.read_text())
    if tree.body and path.name not in CONVENTIONAL:
        assert ast.get_docstring(tree), f"{relative(path)} has no docstring"


def test_templates_ask_only_for_permissions_that_exist() -> None:
    """A template takes a misspelt name for a plain no, and the button is gone for everybody."""
    known = {permission.attribute for permission in Permission}
    asked = {
        (relative(path), name)
        for path in TEMPLATES
        for name in re.findall(r"\bcan\.([a-z_]+)", path.read_text())
    }
    assert {name for _path, name in asked}, "no template asks for a permission: look elsewhere"
    assert [pair for pair in sorted(asked) if pair[1] not in known] == []


def test_stock_and_documents_have_one_writer_each() -> None:
    """Only the ledger writes stock, only posting and history write documents."""
    writers = {
        "StockLevel": {
            "inventory/ledger.py",
            "inventory/ledger_history.py",
            "inventory/ledger_imports.py",
        },
        "StockMovement": {
            "inventory/ledger.py",
            "inventory/ledger_history.py",
            "inventory/ledger_imports.py",
        },
        "Sale": {"sales/history.py"},
        "SaleLine": {"sales/posting.py", "sales/history.py"},
        "Payment": {"sales/posting.py", "sales/history.py"},
        "CreditAccount": {"sales/credit.py", "sales/credit_history.py"},
        "CreditEntry": {"sales/credit.py", "sales/credit_history.py"},
        "ApiAccount": {"metering/ledger.py"},
        "ApiEntry": {"metering/ledger.py"},
        "KeyDay": {"metering/ledger.py"},
    }
    write = re.compile(
        r"\b(StockLevel|StockMovement|SaleLine|Payment|CreditAccount|CreditEntry|ApiAccount|ApiEntry"
        r"|KeyDay)\.objects\b[^\n]*"
        r"\.(create|bulk_create|bulk_update|update|delete|get_or_create|update_or_create)\("
    )
    set_based = re.compile(
        r"\b(?:insert|update)_rows\(\s*(StockLevel|StockMovement|Sale|SaleLine|Payment|Credit\w+)\b"
    )
    found = {
        (match[1], relative(path))
        for path in MODULES
        for pattern in (write, set_based)
        for match in pattern.finditer(path.read_text())
    }
    assert found, "the writers have moved: mend this test"
    assert [pair for pair in sorted(found) if pair[1] not in writers[pair[0]]] == []


def test_few_places_remove_rows_without_asking_what_depends_on_them() -> None:
    """What is written once goes with the import that brought it, or not at all: each place says why."""
    places = {
        "archive/leaving/deleting.py": "a business that leaves, with everything",
        "archive/products/undo.py": "products that an import made, when it is taken back",
        "archive/made_customers.py": "customers that an import made, when it is taken back",
        "inventory/ledger_history.py": "movements of history, when its import is taken back",
        "reports/folding.py": "sums, which the same transaction makes anew",
        "sales/credit_history.py": "credit that an import brought, when it is taken back",
        "sales/history.py": "documents of history, when their import is taken back",
    }
    found = {relative(path) for path in MODULES if "._raw_delete(" in path.read_text()}
    assert found == set(places)


def test_money_is_never_a_float() -> None:
    """No float() and no FloatField where amounts are handled."""
    found = [
        f"{relative(path)}:{number}"
        for path in MODULES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"\bfloat\(|\bFloatField\b", line) and "no money" not in line
    ]
    assert found == []


def test_what_a_test_is_called_with_is_the_same_in_every_process() -> None:
    """Workers that share a run refuse to begin where an id made on the way names a test."""
    made = {"uuid4", "uuid7", "now", "today", "time", "random", "token_hex", "token_urlsafe"}
    found = [
        f"{relative(path)}:{call.lineno}"
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for decorator in _decorators(ast.parse(path.read_text()))
        if isinstance(decorator, ast.Call) and "parametrize" in ast.unparse(decorator.func)
        for call in _called_at_once(decorator)
        if ast.unparse(call.func).split(".")[-1] in made
    ]
    assert found == []


def _decorators(tree: ast.Module) -> list[ast.expr]:
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return [decorator for function in functions for decorator in function.decorator_list]


def _called_at_once(node: ast.AST) -> Iterator[ast.Call]:
    """The calls in an expression, but for those that a lambda puts off or that name no test."""
    if isinstance(node, ast.Lambda | ast.Dict):
        return
    if isinstance(node, ast.Call):
        yield node
    for inner in ast.iter_child_nodes(node):
        yield from _called_at_once(inner)
