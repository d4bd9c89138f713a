"""Walls 3 and 4 as entries of `Meta.constraints`, so that migrations carry them.

`walls()` gives a model everything it needs; `tenants.checks` fails when a model lacks any of it.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import BaseConstraint, Model, UniqueConstraint

# Strict on purpose (no `missing_ok`): without a business the query fails instead of showing an
# empty shop. The sub-select is evaluated once per statement instead of once per row.
BOUND = "business_id = (SELECT current_setting('app.business_id')::bigint)"
# For the few tables that are read to find out which business it is: open while nothing is bound,
# closed to every other business as soon as one is.
BOUND_OR_NOTHING = (
    "coalesce(nullif(current_setting('app.business_id', true), '')::bigint, business_id)"
    " = business_id"
)


class Reference(BaseConstraint):
    """A foreign key that Django has no field for; `_clause()` says which."""

    def _clause(self, model: type[Model], editor: BaseDatabaseSchemaEditor) -> str:
        raise NotImplementedError

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        if schema_editor.connection.vendor == "sqlite":
            return self._clause(model, schema_editor)
        self.create_sql(model, schema_editor)
        return None

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        # At the end of the migration: by then the key that it refers to exists, whatever the order
        # in which the migration makes its tables. SQLite comes through constraint_sql() instead.
        table = schema_editor.quote_name(model._meta.db_table)
        schema_editor.deferred_sql.append(
            f"ALTER TABLE {table} ADD {self._clause(model, schema_editor)}"
        )

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.quote_name
        # It may be gone with the key that it referred to.
        absent = "" if schema_editor.connection.vendor == "sqlite" else "IF EXISTS "
        table = quote(model._meta.db_table)
        return f"ALTER TABLE {table} DROP CONSTRAINT {absent}{quote(self.name)}"

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """The field's own validation looks the row up through the scope; nothing to add."""


class TenantReference(Reference):
    """Wall 3: FOREIGN KEY (business_id, x_id) REFERENCES x (business_id, id).

    A row can only refer to rows of its own business, whoever writes it and however. On PostgreSQL
    and on SQLite.
    """

    def __init__(self, *, field: str, name: str) -> None:
        super().__init__(name=name)
        self.field = field

    def _clause(self, model: type[Model], editor: BaseDatabaseSchemaEditor) -> str:
        quote = editor.quote_name
        field: Any = model._meta.get_field(self.field)
        target = field.remote_field.model._meta.db_table
        return (
            f"CONSTRAINT {quote(self.name)}"
            f" FOREIGN KEY ({quote('business_id')}, {quote(field.column)})"
            f" REFERENCES {quote(target)} ({quote('business_id')}, {quote('id')})"
            " DEFERRABLE INITIALLY IMMEDIATE"
        )

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TenantReference):
            return self.name == other.name and self.field == other.field
        return NotImplemented

    def __hash__(self) -> int:
        return hash((self.name, self.field))

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "field": self.field}


class TenantPartReference(Reference):
    """Wall 3 for a part of a document: FOREIGN KEY (business_id, x_id, part) REFERENCES
    the same table (business_id, y_id, part), where those three are unique.

    `fields` are the two columns here, `target` the two that they name in another row. Rows in which
    one of `fields` is NULL refer to nothing.
    """

    def __init__(self, *, fields: tuple[str, str], target: tuple[str, str], name: str) -> None:
        super().__init__(name=name)
        self.fields, self.target = tuple(fields), tuple(target)

    def _clause(self, model: type[Model], editor: BaseDatabaseSchemaEditor) -> str:
        def columns(names: tuple[str, ...]) -> str:
            found: list[Any] = [model._meta.get_field(name) for name in ("business", *names)]
            return ", ".join(editor.quote_name(field.column) for field in found)

        table = editor.quote_name(model._meta.db_table)
        return (
            f"CONSTRAINT {editor.quote_name(self.name)} FOREIGN KEY ({columns(self.fields)})"
            f" REFERENCES {table} ({columns(self.target)}) DEFERRABLE INITIALLY IMMEDIATE"
        )

    def __eq__(self, other: object) -> bool:
        if isinstance(other, TenantPartReference):
            return bool(self.deconstruct() == other.deconstruct())
        return NotImplemented

    def __hash__(self) -> int:
        return hash((self.name, self.fields, self.target))

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        return path, args, {**kwargs, "fields": self.fields, "target": self.target}


class RowLevelSecurity(BaseConstraint):
    """Wall 4: PostgreSQL shows and takes only rows of the business of the transaction.

    `open_when_unbound` is for tables that are read before a business is known (memberships,
    devices). SQLite has no such wall.
    """

    def __init__(self, *, name: str, open_when_unbound: bool = False) -> None:
        super().__init__(name=name)
        self.open_when_unbound = open_when_unbound

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        """Inside CREATE TABLE there is no place for a policy; it follows the table."""
        self.create_sql(model, schema_editor)

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        if schema_editor.connection.vendor != "postgresql":
            return
        table = schema_editor.quote_name(model._meta.db_table)
        rule = BOUND_OR_NOTHING if self.open_when_unbound else BOUND
        schema_editor.deferred_sql.append(
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
            f" CREATE POLICY {schema_editor.quote_name(self.name)} ON {table}"
            f" USING ({rule}) WITH CHECK ({rule})"
        )

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        if schema_editor.connection.vendor != "postgresql":
            return None
        table = schema_editor.quote_name(model._meta.db_table)
        return (
            f"DROP POLICY {schema_editor.quote_name(self.name)} ON {table};"
            f" ALTER TABLE {table} DISABLE ROW LEVEL SECURITY"
        )

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """Kept by the database for each statement; nothing to ask beforehand."""

    def __eq__(self, other: object) -> bool:
        if isinstance(other, RowLevelSecurity):
            return (self.name, self.open_when_unbound) == (other.name, other.open_when_unbound)
        return NotImplemented

    def __hash__(self) -> int:
        return hash((self.name, self.open_when_unbound))

    def deconstruct(self) -> Any:
        path, args, kwargs = super().deconstruct()
        if self.open_when_unbound:
            kwargs["open_when_unbound"] = True
        return path, args, kwargs


def walls(
    table: str, *references: str, open_when_unbound: bool = False
) -> list[UniqueConstraint | RowLevelSecurity | TenantReference]:
    """The constraints of a tenant model: its key by business, its policy, its references.

    `table` begins the names of the constraints; `references` are its fields to tenant models.
    """
    return [
        UniqueConstraint(fields=["business", "id"], name=f"{table}_key"),
        RowLevelSecurity(name=f"{table}_wall", open_when_unbound=open_when_unbound),
        *(TenantReference(field=field, name=f"{table}_{field}_ref") for field in references),
    ]
