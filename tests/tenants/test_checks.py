"""The system checks find a model that lacks a wall."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.test.utils import isolate_apps

from inventory.models import Category
from tenants.checks import outside_errors, wall_errors
from tenants.constraints import RowLevelSecurity, TenantReference, walls
from tenants.models import Business, TenantForeignKey, TenantModel


def codes(model: type[models.Model]) -> set[str]:
    return {str(error.id).removeprefix("tenants.") for error in wall_errors(model)}


@isolate_apps("inventory")
def test_a_model_behind_all_walls_passes() -> None:
    class Good(TenantModel):
        category = TenantForeignKey(Category, related_name="+")

        class Meta(TenantModel.Meta):
            app_label = "inventory"
            constraints: ClassVar[Any] = [*walls("good", "category")]

    assert codes(Good) == set()


@isolate_apps("inventory")
def test_a_model_with_a_business_of_its_own_making_is_found() -> None:
    class Homemade(models.Model):
        business = models.ForeignKey(Business, models.CASCADE, related_name="+", db_index=False)

        class Meta:
            app_label = "inventory"

    assert {"E001", "E004"} <= codes(Homemade)


@isolate_apps("inventory")
def test_a_manager_of_another_kind_is_found() -> None:
    class Everything(TenantModel):
        everything = models.Manager()

        class Meta(TenantModel.Meta):
            app_label = "inventory"
            constraints: ClassVar[Any] = [*walls("everything")]

    assert codes(Everything) == {"E002"}


@isolate_apps("inventory")
def test_a_model_without_walls_is_found() -> None:
    class Bare(TenantModel):
        class Meta(TenantModel.Meta):
            app_label = "inventory"

    assert codes(Bare) == {"E003", "E004"}


@isolate_apps("inventory")
def test_a_plain_reference_is_found() -> None:
    class Plain(TenantModel):
        forgotten = TenantForeignKey(Category, related_name="+")
        plain = models.ForeignKey(Category, models.CASCADE, related_name="+")

        class Meta(TenantModel.Meta):
            app_label = "inventory"
            constraints: ClassVar[Any] = [*walls("plain")]

    assert codes(Plain) == {"E005", "E006", "E010"}


@isolate_apps("inventory")
def test_a_relation_through_a_table_without_business_is_found() -> None:
    class Many(TenantModel):
        categories = models.ManyToManyField(Category, related_name="+")

        class Meta(TenantModel.Meta):
            app_label = "inventory"
            constraints: ClassVar[Any] = [*walls("many")]

    assert codes(Many) == {"E007"}


@isolate_apps("inventory")
def test_keys_that_begin_with_something_else_are_found() -> None:
    class Oracle(TenantModel):
        code = models.CharField(max_length=10, unique=True)
        word = models.CharField(max_length=10)

        class Meta(TenantModel.Meta):
            app_label = "inventory"
            constraints: ClassVar[Any] = [
                *walls("oracle"),
                models.UniqueConstraint(fields=["code", "business"], name="oracle_code"),
            ]
            indexes: ClassVar[Any] = [models.Index(fields=["word"], name="oracle_word")]

    assert codes(Oracle) == {"E008", "E009", "E010"}


@isolate_apps("inventory")
def test_a_reference_into_a_business_from_outside_is_found() -> None:
    class Outside(models.Model):
        category = models.ForeignKey(Category, models.CASCADE, related_name="+")

        class Meta:
            app_label = "inventory"

    assert [error.id for error in outside_errors(Outside)] == ["tenants.E011"]


def test_constraints_are_equal_to_themselves_alone() -> None:
    """Otherwise makemigrations would report changes for ever."""
    reference = TenantReference(field="category", name="x_ref")
    wall = RowLevelSecurity(name="x_wall", open_when_unbound=True)
    for one in (reference, wall):
        path, args, kwargs = one.deconstruct()
        assert path.startswith("tenants.constraints.")
        assert type(one)(*args, **kwargs) == one
        assert hash(type(one)(*args, **kwargs)) == hash(one)
    assert reference != TenantReference(field="parent", name="x_ref")
    assert wall != RowLevelSecurity(name="x_wall")
    assert wall != reference
