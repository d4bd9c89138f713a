"""TenantModelForm checks uniqueness within the bound business, beside the field."""

from __future__ import annotations

from inventory.models import Variation
from tenants.context import business
from tenants.forms import TenantModelForm
from tenants.models import Location
from tests.factories import Shop


class LocationForm(TenantModelForm):
    class Meta:
        model = Location
        fields = ["code", "name", "below_zero", "is_active"]


class SkuForm(TenantModelForm):
    class Meta:
        model = Variation
        fields = ["sku", "price", "cost", "is_active"]


def values(code: str) -> dict[str, str]:
    return {"code": code, "name": "New", "below_zero": "refuse", "is_active": "on"}


def test_a_duplicate_is_an_error_beside_its_field(inside: Shop) -> None:
    form = LocationForm(values("HS"))
    assert not form.is_valid()
    assert set(form.errors) == {"code"}
    assert LocationForm(values("HS"), instance=inside.high_street).is_valid()
    assert LocationForm(values("NEW")).is_valid()


def test_conditions_of_a_constraint_count(inside: Shop) -> None:
    taken = {"sku": "MUG-1", "price": "1", "cost": "1", "is_active": "on"}
    assert SkuForm(taken).errors == {"sku": ["Another product has this SKU."]}
    assert SkuForm({**taken, "is_active": ""}).is_valid()
    assert SkuForm({**taken, "sku": "mug-1"}).is_valid()
    assert SkuForm({**taken, "sku": ""}).is_valid()


def test_another_business_is_another_matter(inside: Shop, other_shop: Shop) -> None:
    with business(other_shop.business):
        Location.objects.create(code="ONLY", name="Only there")
    assert LocationForm(values("ONLY")).is_valid()
