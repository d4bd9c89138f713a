"""Wall 2: the ORM filter, added when SQL is compiled and not when a queryset is built.

So a queryset made at import time (a serializer's, a form's, a filter's) is right whenever it runs,
and there is no method of QuerySet that forgets it.
"""

from __future__ import annotations

from typing import Any, NoReturn, Self, TypeVar

from django.apps import apps
from django.db import models
from django.db.models import sql
from django.db.models.lookups import Exact
from django.db.models.sql.where import AND

from tenants import context

M = TypeVar("M", bound=models.Model)


class WrongBusiness(RuntimeError):
    """A row of one business was written while another one is bound."""


class Scoped:
    """Mixin for the Query classes of tenant models."""

    def get_compiler(self, *args: Any, **kwargs: Any) -> Any:
        query: Any = self
        bound = context.scope_id()
        # The parts of a UNION are scoped one by one when they are compiled.
        if bound is not None and not query.combinator:
            query = query.clone()
            alias = _first_table(query)
            if alias is not None:
                column = query.model._meta.get_field("business").get_col(alias)
                query.where.add(Exact(column, bound), AND)
        return super(Scoped, query).get_compiler(*args, **kwargs)  # type: ignore[misc]

    def chain(self, klass: type | None = None) -> Any:
        return super().chain(_SCOPED.get(klass, klass))  # type: ignore[misc]


def _first_table(query: Any) -> str | None:
    """The alias that FROM begins with; None when that table is no tenant's.

    exclude() across a relation begins its inner query at the related table and leaves its own one
    unused. A reference from one tenant row to another is composite, so any of them will do.
    """
    for alias, table in query.alias_map.items():
        if query.alias_refcount[alias]:
            own = table.table_name == query.model._meta.db_table
            return alias if own or table.table_name in _tenant_tables() else None
    return str(query.get_initial_alias())


def _tenant_tables() -> set[str]:
    return {
        model._meta.db_table
        for model in apps.get_models()
        if isinstance(model._default_manager.get_queryset().query, Scoped)
    }


class ScopedQuery(Scoped, sql.Query):
    pass


class ScopedUpdateQuery(Scoped, sql.UpdateQuery):
    def add_update_fields(self, values_seq: Any) -> None:
        # Every update ends here, that of save_base() too.
        for field, _model, value in values_seq:
            if field.name == "business" and value != context.require_id():
                raise WrongBusiness("A row never moves to another business.")
        super().add_update_fields(values_seq)


class ScopedDeleteQuery(Scoped, sql.DeleteQuery):
    pass


_SCOPED: dict[type | None, type] = {
    sql.Query: ScopedQuery,
    sql.UpdateQuery: ScopedUpdateQuery,
    sql.DeleteQuery: ScopedDeleteQuery,
}


class TenantQuerySet(models.QuerySet[M]):
    """Rows of the bound business, and writes for it alone."""

    def __init__(self, model: Any = None, query: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(model, query or ScopedQuery(model), *args, **kwargs)

    def raw(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError("Raw SQL is not scoped; write a query, or use the ledger's way.")

    def update(self, **kwargs: Any) -> int:
        if kwargs.keys() & {"business", "business_id"}:
            raise WrongBusiness("A row never moves to another business.")
        return super().update(**kwargs)

    def bulk_create(
        self,
        objs: Any,
        batch_size: int | None = None,
        ignore_conflicts: bool = False,
        update_conflicts: bool = False,
        update_fields: Any = None,
        unique_fields: Any = None,
    ) -> list[M]:
        # ON CONFLICT (id) DO UPDATE would write to whichever business owns the row.
        if update_conflicts and "business" not in (unique_fields or ()):
            raise WrongBusiness("What an upsert goes by must contain the business.")
        return super().bulk_create(
            objs, batch_size, ignore_conflicts, update_conflicts, update_fields, unique_fields
        )

    def _insert(self, objs: list[Any], *args: Any, **kwargs: Any) -> Any:
        for obj in objs:
            own(obj)
        return super()._insert(objs, *args, **kwargs)  # type: ignore[misc]

    def _raw_delete(self, using: str | None) -> int:
        # Django's own sets the class by hand and would leave the scope behind.
        query = self.query.chain(sql.DeleteQuery)
        return query.get_compiler(using).execute_sql("row count") or 0

    def active(self) -> Self:
        return self.filter(is_active=True)


def own(obj: Any) -> None:
    """Give `obj` to the bound business, or raise WrongBusiness when it is another's already."""
    bound = context.require_id()
    if obj.business_id is None:
        obj.business_id = bound
    elif obj.business_id != bound:
        raise WrongBusiness(f"This {obj._meta.verbose_name} belongs to another business.")


TenantManager = models.Manager.from_queryset(TenantQuerySet)
