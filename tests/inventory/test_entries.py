"""Categories, brands, units and tax rates: one machinery, four tables."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry
from accounts.permissions import Permission
from inventory.catalogue import tree, with_children
from inventory.models import Brand, Category, Product, TaxRate, Unit, Variation
from tenants.context import business
from tests.factories import Shop, make_product

P = Permission
TABLES: dict[str, tuple[Any, dict[str, Any], str]] = {
    "categories": (Category, {"name": "Toys", "code": "TOY"}, "product.category"),
    "brands": (Brand, {"name": "Acorn"}, "product.brand"),
    "units": (Unit, {"name": "Litres", "short_name": "l", "allow_decimal": "on"}, "product.unit"),
    "tax-rates": (TaxRate, {"name": "Reduced", "rate": "9"}, "tax_rate"),
}
every_table = pytest.mark.parametrize("folder", TABLES)


def make(folder: str, **values: Any) -> Any:
    model, fields, _needs = TABLES[folder]
    fields = {name: True if value == "on" else value for name, value in fields.items()}
    return model.objects.create(**{**fields, **values})


@every_table
def test_create_change_and_remove(shop: Shop, owner: Client, folder: str) -> None:
    model, fields, _needs = TABLES[folder]
    assert owner.get(shop.url(f"{folder}/new/")).status_code == 200
    answer = owner.post(shop.url(f"{folder}/new/"), fields)
    assert answer["Location"] == shop.url(f"{folder}/")
    with business(shop.business):
        entry = model.objects.get(name=fields["name"])
    assert entry.is_active
    assert fields["name"] in owner.get(answer["Location"]).text

    changed = {**fields, "name": "Renamed", "is_active": "on"}
    assert owner.get(shop.url(f"{folder}/{entry.pk}/")).status_code == 200
    assert owner.post(shop.url(f"{folder}/{entry.pk}/"), changed).status_code == 302
    with business(shop.business):
        assert model.objects.get(pk=entry.pk).name == "Renamed"

    assert owner.post(shop.url(f"{folder}/{entry.pk}/remove/")).status_code == 302
    with business(shop.business):
        assert not model.objects.filter(pk=entry.pk).exists()
        verbs = AuditEntry.objects.filter(object_id=entry.pk).order_by("pk")
        actions = [row.action.rpartition(".")[2] for row in verbs]
        update = verbs[1]
    assert actions == ["create", "update", "delete"]
    assert update.changes == {"name": [fields["name"], "Renamed"]}
    assert update.actor == shop.owner


@every_table
def test_what_is_in_use_is_deactivated(shop: Shop, owner: Client, folder: str) -> None:
    field = {"categories": "category", "brands": "brand", "units": "unit", "tax-rates": "tax_rate"}
    with business(shop.business):
        entry = make(folder)
        Product.objects.filter(pk=shop.mug.product_id).update(**{field[folder]: entry})
    owner.post(shop.url(f"{folder}/{entry.pk}/remove/"))
    with business(shop.business):
        entry.refresh_from_db()
        assert not entry.is_active
        assert getattr(Product.objects.get(pk=shop.mug.product_id), field[folder]) == entry
    page = owner.get(shop.url(f"{folder}/"))
    assert entry not in page.context["page"].object_list
    page = owner.get(shop.url(f"{folder}/?status=off"))
    assert entry in page.context["page"].object_list


@every_table
def test_a_colleague_looks_and_may_not_change(shop: Shop, member: Any, folder: str) -> None:
    needs = TABLES[folder][2]
    viewer = member(P(f"{needs}.view"))
    with business(shop.business):
        entry = make(folder)
    page = viewer.get(shop.url(f"{folder}/"))
    assert entry.name in page.text
    assert shop.url(f"{folder}/{entry.pk}/") not in page.text
    assert shop.url(f"{folder}/new/") not in page.text
    for method, path in [
        ("get", "new/"),
        ("post", "new/"),
        ("get", f"{entry.pk}/"),
        ("post", f"{entry.pk}/"),
        ("post", f"{entry.pk}/remove/"),
    ]:
        assert getattr(viewer, method)(shop.url(f"{folder}/{path}")).status_code == 403


@every_table
def test_the_doors(
    shop: Shop, owner: Client, nobody: Client, stranger: Client, other_shop: Shop, folder: str
) -> None:
    with business(shop.business):
        entry = make(folder)
    with business(other_shop.business):
        theirs = make(folder, name="Theirs")
    for path in ["", "new/", f"{entry.pk}/", f"{entry.pk}/remove/"]:
        assert stranger.get(shop.url(f"{folder}/{path}")).status_code == 404
        assert stranger.post(shop.url(f"{folder}/{path}")).status_code == 404
    assert nobody.get(shop.url(f"{folder}/")).status_code == 403
    assert owner.post(shop.url(f"{folder}/")).status_code == 405
    assert owner.delete(shop.url(f"{folder}/{entry.pk}/")).status_code == 405
    assert owner.get(shop.url(f"{folder}/{entry.pk}/remove/")).status_code == 405
    # A row of another business is no row at all.
    assert owner.get(shop.url(f"{folder}/{theirs.pk}/")).status_code == 404
    assert owner.post(shop.url(f"{folder}/{theirs.pk}/remove/")).status_code == 404
    assert "Theirs" not in owner.get(shop.url(f"{folder}/")).text
    with business(other_shop.business):
        theirs.refresh_from_db()
    assert theirs.is_active


@every_table
def test_a_long_list_takes_few_statements(
    shop: Shop, owner: Client, within_budget: Any, folder: str
) -> None:
    with business(shop.business):
        TABLES[folder][0].objects.bulk_create(
            [TABLES[folder][0](name=f"Entry {n:03d}", **extra(folder)) for n in range(120)]
        )
    with within_budget():
        page = owner.get(shop.url(f"{folder}/")).context["page"]
    assert len(page) == 50
    assert page.has_next()
    names = [row.name for n in (1, 2, 3) for row in listed(owner, shop, f"{folder}/?page={n}")]
    assert sorted(set(names)) == sorted(names)
    assert sum(name.startswith("Entry") for name in names) == 120


EXTRA: dict[str, dict[str, Any]] = {"units": {"short_name": "x"}, "tax-rates": {"rate": 5}}


def extra(folder: str) -> dict[str, Any]:
    return EXTRA.get(folder, {})


def listed(client: Client, shop: Shop, path: str) -> list[Any]:
    return list(client.get(shop.url(path)).context["page"].object_list)


def test_search_and_nonsense_filters(shop: Shop, owner: Client) -> None:
    with business(shop.business):
        acorn, birch = Brand.objects.create(name="Acorn"), Brand.objects.create(name="Birch")
    assert listed(owner, shop, "brands/?q=ACO") == [acorn]
    assert listed(owner, shop, "brands/?sort=-name") == [birch, acorn]
    for query in ["?page=x", "?page=-3", "?sort=business__slug", "?status=nonsense", "?q=%00"]:
        assert listed(owner, shop, f"brands/{query}") == [acorn, birch], query
    assert listed(owner, shop, "brands/?page=9") == []


# -- categories -----------------------------------------------------------------------------------


def test_categories_are_shown_as_a_tree(shop: Shop, owner: Client) -> None:
    with business(shop.business):
        cups = Category.objects.create(name="Cups", parent=shop.category)
        Category.objects.create(name="Apron", parent=None)
        tall = Category.objects.create(name="Tall cups", parent=cups)
    rows = [(row.name, row.depth) for row in listed(owner, shop, "categories/")]
    assert rows == [("Apron", 0), ("Kitchen", 0), ("Cups", 1), ("Tall cups", 2)]
    with business(shop.business):
        ordered = tree(Category.objects.all())
    assert with_children(cups.pk, ordered) == [cups.pk, tall.pk]
    assert with_children(shop.category.pk, ordered) == [shop.category.pk, cups.pk, tall.pk]


def test_a_category_is_never_inside_itself(shop: Shop, owner: Client) -> None:
    with business(shop.business):
        cups = Category.objects.create(name="Cups", parent=shop.category)
        tall = Category.objects.create(name="Tall cups", parent=cups)
    answer = owner.post(
        shop.url(f"categories/{shop.category.pk}/"),
        {"name": "Kitchen", "parent": str(tall.pk), "is_active": "on"},
    )
    assert "cannot be inside itself" in answer.text
    with business(shop.business):
        shop.category.refresh_from_db()
    assert shop.category.parent is None


def test_a_parent_of_another_business_does_not_exist(
    shop: Shop, other_shop: Shop, owner: Client
) -> None:
    answer = owner.post(
        shop.url("categories/new/"), {"name": "Spy", "parent": str(other_shop.category.pk)}
    )
    assert "parent" in answer.context["form"].errors
    with business(shop.business):
        assert not Category.objects.filter(name="Spy").exists()


# -- brands, units, tax rates ---------------------------------------------------------------------


def test_products_are_found_by_the_new_name_of_their_brand(shop: Shop, owner: Client) -> None:
    with business(shop.business):
        brand = Brand.objects.create(name="Acorn")
        oak = make_product("Bowl", sku="B1", brand=brand)
    owner.post(shop.url(f"brands/{brand.pk}/"), {"name": "Quercus", "is_active": "on"})
    with business(shop.business):
        assert Variation.objects.get(pk=oak.pk).search_text == "bowl b1 quercus"


def test_a_unit_is_made_of_a_base_unit(shop: Shop, owner: Client) -> None:
    box = {"name": "Box", "short_name": "box", "base_unit": str(shop.piece.pk)}
    answer = owner.post(shop.url("units/new/"), box)
    assert "factor" in answer.context["form"].errors
    owner.post(shop.url("units/new/"), {**box, "factor": "12"})
    with business(shop.business):
        made = Unit.objects.get(name="Box")
    assert (made.base_unit_id, made.factor) == (shop.piece.pk, Decimal(12))
    # What others are made of is not made of something itself, and a box is no base.
    answer = owner.post(
        shop.url(f"units/{shop.piece.pk}/"),
        {"name": "Pieces", "short_name": "pc", "base_unit": str(shop.kilo.pk), "factor": "1"},
    )
    assert "base_unit" in answer.context["form"].errors
    offered = owner.get(shop.url("units/new/")).text
    assert f'value="{shop.piece.pk}"' in offered
    assert f'value="{made.pk}"' not in offered


def test_one_tax_rate_is_for_new_products(shop: Shop, owner: Client) -> None:
    assert shop.tax.is_default
    owner.post(shop.url("tax-rates/new/"), {"name": "New", "rate": "21", "is_default": "on"})
    with business(shop.business):
        defaults = list(TaxRate.objects.filter(is_default=True).values_list("name", flat=True))
    assert defaults == ["New"]
    answer = owner.post(shop.url("tax-rates/new/"), {"name": "Minus", "rate": "-1"})
    assert "rate" in answer.context["form"].errors
