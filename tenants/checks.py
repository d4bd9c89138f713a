"""System checks that make walls 3 and 4 mandatory for every model with a business."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, register
from django.db import models
from django.db.models import UniqueConstraint

from tenants.constraints import RowLevelSecurity, TenantReference
from tenants.models import Business, TenantModel
from tenants.scope import ScopedQuery

# Looked up before a business is known, so these cannot begin with it.
GLOBAL_INDEXES = {
    "device_next_token",
    "device_token",
    "job_queue",
    "membership_of_user",
    "operator_token",
    "pairing_code",
    "webhook_mailbox_due",
}


def tenant_models() -> list[type[models.Model]]:
    """Every concrete model that has a business."""
    return [model for model in apps.get_models() if has_business(model)]


def has_business(model: type[models.Model]) -> bool:
    return any(
        isinstance(field, models.ForeignKey) and field.remote_field.model is Business
        for field in model._meta.concrete_fields
    )


@register("tenants")
def check_walls(app_configs: Sequence[Any] | None = None, **kwargs: Any) -> list[CheckMessage]:
    return [
        *(error for model in tenant_models() for error in wall_errors(model)),
        *(error for model in apps.get_models() for error in outside_errors(model)),
    ]


def outside_errors(model: type[models.Model]) -> list[CheckMessage]:
    """References from a model without a business into one: nothing keeps those apart."""
    if has_business(model):
        return []
    return [
        Error(
            f"{field.name} refers to rows of a business, but the model has none",
            hint="Use TenantModel.",
            obj=model,
            id="tenants.E011",
        )
        for field in (*model._meta.concrete_fields, *model._meta.local_many_to_many)
        if isinstance(field.remote_field, models.ForeignObjectRel)
        and has_business(field.remote_field.model)
    ]


def wall_errors(model: type[models.Model]) -> list[CheckMessage]:
    """What this model lacks to stand behind all four walls."""
    problems = [*_base(model), *_keys(model), *_references(model), *_leading(model)]
    return [
        Error(text, hint="Use TenantModel, TenantForeignKey and walls().", obj=model, id=code)
        for code, text in problems
    ]


def _base(model: type[models.Model]) -> Iterable[tuple[str, str]]:
    if not issubclass(model, TenantModel):
        yield "tenants.E001", "has a business but is not a TenantModel"
        return
    for manager in (*model._meta.managers, model._default_manager, model._base_manager):
        if not isinstance(manager.get_queryset().query, ScopedQuery):
            yield "tenants.E002", f"{manager.name} is not scoped to the bound business"
    if not any(isinstance(one, RowLevelSecurity) for one in model._meta.constraints):
        yield "tenants.E003", "has no row-level security"


def _keys(model: type[models.Model]) -> Iterable[tuple[str, str]]:
    if not any(
        isinstance(one, UniqueConstraint) and tuple(one.fields) == ("business", "id")
        for one in model._meta.constraints
    ):
        yield "tenants.E004", "has no unique (business, id) for others to refer to"


def _references(model: type[models.Model]) -> Iterable[tuple[str, str]]:
    kept = {one.field for one in model._meta.constraints if isinstance(one, TenantReference)}
    fields: Iterable[Any] = model._meta.concrete_fields
    for field in fields:
        if isinstance(field, models.ForeignKey) and has_business(field.remote_field.model):
            if field.name not in kept:
                yield "tenants.E005", f"{field.name} has no composite foreign key"
            if getattr(field, "db_constraint", True):
                yield (
                    "tenants.E006",
                    f"{field.name} has a plain foreign key beside the composite one",
                )
    relations: Iterable[Any] = model._meta.local_many_to_many
    for relation in relations:
        if relation.remote_field.through._meta.auto_created:
            yield "tenants.E007", f"{relation.name} needs a through model that has a business"


def _leading(model: type[models.Model]) -> Iterable[tuple[str, str]]:
    for one in model._meta.constraints:
        if one.name in GLOBAL_INDEXES:
            continue
        fields = _first_fields(one) if isinstance(one, UniqueConstraint) else None
        if fields is not None and fields[:1] != ["business"]:
            yield "tenants.E008", f"unique {one.name} does not begin with the business"
    for index in model._meta.indexes:
        if index.name not in GLOBAL_INDEXES and _first_fields(index)[:1] != ["business"]:
            yield "tenants.E009", f"index {index.name} does not begin with the business"
    columns: Iterable[Any] = model._meta.local_concrete_fields
    for field in columns:
        if not field.primary_key and (field.unique or field.db_index):
            yield "tenants.E010", f"{field.name} has an index that does not begin with the business"


def _first_fields(one: Any) -> list[str]:
    if one.fields:
        return [name.lstrip("-") for name in one.fields]
    first = one.expressions[0]
    while not hasattr(first, "name"):
        first = first.get_source_expressions()[0]
    return [first.name]
