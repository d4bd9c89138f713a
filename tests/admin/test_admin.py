"""The Django admin: the bound business, the person's rights and locations, and nothing else."""

from __future__ import annotations

import json
import re

import pytest

from accounts.models import AuditEntry, Device, Membership, Role, User
from accounts.permissions import Permission as Right
from inventory.models import Brand, Product, StockMovement, Variation
from sales.models import Sale
from tenants.checks import has_business
from tenants.context import business
from tests.admin.cast import (
    MODELS,
    NAMES,
    SITE,
    page_of,
    person_with,
    product_form,
    rows,
    url,
)
from tests.factories import make_person, signed_in

# -- what is registered -----------------------------------------------------------------------------


def test_only_tables_of_a_business_are_registered():
    assert [model for model in MODELS if not has_business(model)] == []
    assert len(MODELS) >= 18


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_no_page_offers_people_or_businesses_of_others(model):
    page = SITE._registry[model]
    names = [*page.list_filter, *page.raw_id_fields, *page.autocomplete_fields]
    for name in names:
        field = model._meta.get_field(name) if isinstance(name, str) else None
        if field is not None and field.is_relation:
            assert has_business(field.remote_field.model), name
    assert "business" not in (page.fields or ())


@pytest.mark.parametrize(
    "model", [Sale, StockMovement, AuditEntry, Membership, Role, Device], ids=lambda m: m.__name__
)
def test_history_is_only_shown(stocked, owner, model):
    page = f"{model._meta.app_label}/{model._meta.model_name}/"
    pk = rows(stocked, model)[0].pk
    before = rows(stocked, model)
    assert owner.get(url(page + "add/")).status_code == 403
    assert owner.get(url(f"{page}{pk}/delete/")).status_code == 403
    assert owner.post(url(f"{page}{pk}/delete/"), {"post": "yes"}).status_code == 403
    shown = owner.get(url(f"{page}{pk}/change/"))
    assert shown.status_code == 200
    assert 'name="_save"' not in shown.content.decode()
    assert owner.post(url(f"{page}{pk}/change/"), {"name": "x"}).status_code == 403
    action = {"action": "delete_selected", "_selected_action": [str(pk)], "post": "yes"}
    owner.post(url(page), action)
    assert rows(stocked, model) == before


# -- who gets in ------------------------------------------------------------------------------------


def test_the_door(shop, owner, manager, stranger, client):
    assert owner.get(url()).status_code == 200
    assert manager.get(url()).status_code == 403, "a manager does not hold admin.access"
    assert stranger.get(url()).status_code == 404
    assert client.get(url())["Location"].startswith("/sign-in/")


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("login/", "/b/acme/admin/"),
        ("logout/", "/b/acme/enter/"),
        ("password_change/", "/password/"),
        ("password_change/done/", "/b/acme/admin/"),
    ],
)
def test_its_own_doors_lead_to_ours(owner, path, leads_to):
    assert owner.get(url(path))["Location"] == leads_to


@pytest.mark.parametrize("name", NAMES)
def test_each_page_needs_its_right(stocked, name):
    """With access alone nothing opens; with the right of the page its list and its rows do."""
    model = dict(zip(NAMES, MODELS, strict=True))[name]
    right = page_of(model).needs["view"]
    pk = rows(stocked, model)[0].pk if rows(stocked, model) else None
    paths = [f"{name}/", *([f"{name}/{pk}/change/"] if pk else [])]
    with business(stocked.business):
        role = Role.objects.create(name="Narrow", permissions=[Right.ADMIN_ACCESS])
        client = signed_in(make_person("narrow", role))
    assert {client.get(url(path)).status_code for path in paths} == {403}
    with business(stocked.business):
        role.permissions = [Right.ADMIN_ACCESS, right]
        role.save()
    assert {client.get(url(path)).status_code for path in paths} == {200}
    assert client.get(url(f"{name}/add/")).status_code == 403
    index = client.get(url()).content.decode()
    assert f"/admin/{name}/" in index
    assert set(re.findall(r'href="/b/acme/admin/(\w+/\w+)/"', index)) == {
        other
        for other, one in zip(NAMES, MODELS, strict=True)
        if page_of(one).needs["view"] == right
    }


# -- the other shop ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_the_other_shop(stocked, other_stocked, owner, name):
    model = dict(zip(NAMES, MODELS, strict=True))[name]
    listed = owner.get(url(f"{name}/?all="))
    assert listed.status_code in {200, 302}
    assert "rival" not in owner.get(url(f"{name}/")).content.decode().lower()
    for row in rows(other_stocked, model)[:2]:
        for act in ("change/", "delete/", "history/"):
            for verb in (owner.get, owner.post):
                assert verb(url(f"{name}/{row.pk}/{act}")).status_code in {403, 404}
        assert owner.get(url(f"{name}/{row.pk}/change/")).status_code == 404
        page = owner.get(url(f"{name}/?pk={row.pk}")).content.decode()
        assert "rival" not in page.lower()


def test_filters_offer_own_rows(stocked, other_stocked, owner):
    page = owner.get(url("inventory/product/")).content.decode()
    assert "Ware of acme" in page and "Brand of acme" in page
    foreign = other_stocked.category.pk
    page = owner.get(url(f"inventory/product/?category__id__exact={foreign}")).content.decode()
    assert "0 products" in page


def test_autocomplete_offers_own_rows_to_those_who_may_see_them(stocked, other_stocked, owner):
    asked = "autocomplete/?app_label=inventory&model_name=product&field_name=category&term="
    found = json.loads(owner.get(url(asked + "ware")).content)["results"]
    assert [one["text"] for one in found] == ["Ware of acme"]
    client = person_with(stocked, Right.PRODUCT_VIEW, Right.PRODUCT_UPDATE)
    assert client.get(url(asked)).status_code == 403


def test_raw_ids_name_own_rows_only(stocked, other_stocked, owner):
    page = f"inventory/category/{stocked.category.pk}/change/"
    data = {"name": "Moved", "code": "", "description": "", "is_active": "on"}
    answer = owner.post(url(page), data | {"parent": str(other_stocked.category.pk)})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "not one of the available choices" in text
    assert "rival" not in text.lower()
    popup = owner.get(url("inventory/category/?_to_field=id&_popup=1")).content.decode()
    assert "Ware of acme" in popup and "rival" not in popup


def test_relations_to_the_other_shop_are_refused(stocked, other_stocked, owner):
    page = f"inventory/product/{stocked.mug.product_id}/change/"
    data = product_form(stocked, owner)
    for field, foreign in (
        ("category", other_stocked.category.pk),
        ("tax_rate", other_stocked.tax.pk),
        ("unit", other_stocked.piece.pk),
    ):
        answer = owner.post(url(page), data | {field: str(foreign)})
        assert "Select a valid choice" in answer.content.decode(), field
        made_up = owner.post(url(page), data | {field: "0190a0a0-0000-7000-8000-000000000000"})
        strip = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|value=\S+|nonce=\S+|content=\S+")
        assert strip.sub("", answer.content.decode()) == strip.sub("", made_up.content.decode())


def test_actions_with_foreign_ids_change_nothing(stocked, other_stocked, owner):
    brand = rows(other_stocked, Brand)[0]
    action = {"action": "delete_selected", "_selected_action": [str(brand.pk)], "post": "yes"}
    owner.post(url("inventory/brand/"), action)
    assert rows(other_stocked, Brand) == [brand]
    own = rows(stocked, Brand)[0]
    action["_selected_action"] = [str(brand.pk), str(own.pk)]
    assert owner.post(url("inventory/brand/"), action).status_code == 302
    assert rows(other_stocked, Brand) == [brand]
    assert rows(stocked, Brand) == []


def test_a_smuggled_business_is_ignored(shop, other_shop, owner):
    data = {
        "name": "Smuggled",
        "is_active": "on",
        "description": "",
        "business": other_shop.business.pk,
    }
    data["business_id"] = data["business"]
    assert owner.post(url("inventory/brand/add/"), data).status_code == 302
    assert [brand.name for brand in rows(shop, Brand)] == ["Smuggled"]
    assert rows(other_shop, Brand) == []


def test_there_is_no_way_to_any_object_of_any_table(shop, owner):
    from django.contrib.contenttypes.models import ContentType

    kind = ContentType.objects.get_for_model(Product).pk
    assert owner.get(url(f"r/{kind}/{shop.mug.product_id}/")).status_code == 404


def test_people_appear_through_their_membership_only(shop, other_shop, owner):
    assert User not in SITE._registry
    page = owner.get(url("accounts/membership/?q=acme.cashier%40example.com")).content.decode()
    assert "Acme.Cashier Person" in page and "Acme.Viewer Person" not in page
    page = owner.get(url("accounts/membership/?q=rival.cashier")).content.decode()
    assert "rival.cashier@" not in page and "Rival.Cashier" not in page
    assert owner.get(url(f"accounts/user/{shop.cashier.pk}/change/")).status_code == 404
    assert owner.get(url("auth/group/")).status_code == 404


# -- locations, costs -------------------------------------------------------------------------------


def test_somebody_at_one_location_sees_that_one(stocked):
    client = person_with(stocked, *Right, locations=[stocked.market])
    for name in ("sales/register", "sales/sale", "sales/shift", "inventory/stocklevel"):
        model = dict(zip(NAMES, MODELS, strict=True))[name]
        assert rows(stocked, model), "there is something to hide"
        page = client.get(url(f"{name}/")).content.decode()
        assert "High Street" not in page, name
        assert client.get(url(f"{name}/{rows(stocked, model)[0].pk}/change/")).status_code == 404
    assert "High Street" not in client.get(url("tenants/location/")).content.decode()
    assert "Tablet of acme" in client.get(url("accounts/device/")).content.decode()
    data = {"name": "T", "prefix": "T1", "is_active": "on", "location": str(stocked.high_street.pk)}
    assert "Select a valid choice" in client.post(url("sales/register/add/"), data).content.decode()


def test_costs_only_with_the_right(stocked, owner):
    with business(stocked.business):
        # No time of day has so many seconds.
        Variation.objects.filter(pk=stocked.mug.pk).update(cost="63.7731")
    pages = [
        url("inventory/variation/"),
        url(f"inventory/variation/{stocked.mug.pk}/change/"),
        url(f"inventory/product/{stocked.mug.product_id}/change/"),
    ]
    assert all("63.7731" in owner.get(page).content.decode() for page in pages)
    rights = set(Right) - {Right.PRODUCT_VIEW_PURCHASE_PRICE}
    client = person_with(stocked, *rights)
    assert not any("63.7731" in client.get(page).content.decode() for page in pages)
    asked = client.get(url("inventory/variation/?cost__gt=3"))
    assert asked.status_code in {302, 400}, "not by asking for it either"
    assert (
        "o=3" not in client.get(pages[0]).content.decode()
        or "Cost" not in client.get(pages[0]).content.decode()
    )


def test_cost_stays_when_somebody_without_the_right_saves(stocked):
    rights = set(Right) - {Right.PRODUCT_VIEW_PURCHASE_PRICE, Right.PRODUCT_PRICE_GLOBAL}
    client = person_with(stocked, *rights)
    data = product_form(stocked, client) | {"name": "Renamed", "variations-0-price": "0.01"}
    data["variations-0-cost"] = "0.01"
    answer = client.post(url(f"inventory/product/{stocked.mug.product_id}/change/"), data)
    assert answer.status_code == 302
    with business(stocked.business):
        mug = Variation.objects.select_related("product").get(pk=stocked.mug.pk)
    assert mug.product.name == "Renamed"
    assert (str(mug.cost), str(mug.price)) == ("2.0000", "5.0000")


# -- pages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_page_opens_and_none_has_inline_code(stocked, owner, name):
    model = dict(zip(NAMES, MODELS, strict=True))[name]
    paths = [f"{name}/", f"{name}/?q=a"]
    paths += [
        f"{name}/{row.pk}/{act}"
        for row in rows(stocked, model)[:1]
        for act in ("change/", "history/")
    ]
    if page_of(model).needs.get("add"):
        paths.append(f"{name}/add/")
    for path in paths:
        answer = owner.get(url(path))
        assert answer.status_code == 200, path
        text = answer.content.decode()
        assert not re.search(r"\sstyle=|\son[a-z]+=", text), path
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", text), path


def test_index_app_index_and_catalogue_of_texts(owner):
    for path in ("", "inventory/", "jsi18n/"):
        assert owner.get(url(path)).status_code == 200
    index = owner.get(url()).content.decode()
    assert "Recent actions" not in index
    assert 'action="/sign-out/"' in index


def test_times_are_in_the_zone_of_the_business(stocked, owner):
    page = owner.get(url(f"sales/sale/{rows(stocked, Sale)[0].pk}/change/")).content.decode()
    with business(stocked.business):
        moment = Sale.objects.get().sold_at.astimezone(stocked.business.zone)
    assert re.search(rf"{moment.hour % 12 or 12}(:{moment:%M})? [ap]\.m\.|noon|midnight", page)


@pytest.mark.parametrize("name", NAMES)
def test_lists_take_few_statements(stocked, owner, name, django_assert_max_num_queries):
    with django_assert_max_num_queries(16):
        owner.get(url(f"{name}/"))
