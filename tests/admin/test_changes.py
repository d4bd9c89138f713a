"""What the admin changes, it changes as the product's own pages do."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry

from accounts.models import AuditEntry
from accounts.permissions import Permission as Right
from inventory.models import Product, TaxRate, Variation
from purchasing.models import Supplier
from sales.admin import RegisterAdmin
from sales.models import Customer, Register
from tenants.context import business
from tenants.models import Location
from tests.admin.cast import (
    person_with,
    product_form,
    rows,
    url,
)

# -- changing things --------------------------------------------------------------------------------


def test_a_product_and_its_variation_are_changed_as_on_their_page(stocked, owner):
    data = product_form(stocked, owner) | {"name": "Red mug", "variations-0-sku": "MUG-RED"}
    answer = owner.post(url(f"inventory/product/{stocked.mug.product_id}/change/"), data)
    assert answer.status_code == 302
    with business(stocked.business):
        mug = Variation.objects.get(pk=stocked.mug.pk)
        entry = AuditEntry.objects.latest("pk")
    assert "mug-red" in mug.search_text and "red mug" in mug.search_text
    assert (entry.action, entry.actor) == ("product.update", stocked.owner)
    assert entry.changes["name"] == ["Blue mug", "Red mug"]
    history = owner.get(url(f"inventory/product/{stocked.mug.product_id}/history/"))
    assert "Blue mug → Red mug" in history.content.decode()
    assert "Acme.Owner Person" in history.content.decode()
    assert not LogEntry.objects.exists()


def test_a_product_with_its_variation_is_added(stocked, owner):
    page = url("inventory/product/add/")
    data = {"name": "Spoon", "kind": "single", "is_stocked": "on", "is_for_sale": "on"}
    data |= {"is_active": "on", "tax_rate": str(stocked.tax.pk), "unit": str(stocked.piece.pk)}
    formset = {"TOTAL_FORMS": "1", "INITIAL_FORMS": "0"}
    row = {"name": "", "sku": "SPOON", "cost": "1", "price": "2.50", "is_active": "on"}
    data |= {f"variations-{name}": value for name, value in formset.items()}
    data |= {f"variations-0-{name}": value for name, value in row.items()}
    assert owner.post(page, data).status_code == 302
    with business(stocked.business):
        spoon = Variation.objects.select_related("product").get(sku="SPOON")
    assert (spoon.product.name, str(spoon.price)) == ("Spoon", "2.5000")
    assert "spoon" in spoon.search_text
    shown = owner.get(url(f"inventory/product/{spoon.product_id}/change/")).content.decode()
    assert 'name="variations-MAX_NUM_FORMS" value="1"' in shown


def test_a_sku_that_another_product_has_is_refused_with_a_sentence(stocked, owner):
    data = product_form(stocked, owner) | {"variations-0-sku": "TEA"}
    answer = owner.post(url(f"inventory/product/{stocked.mug.product_id}/change/"), data)
    assert answer.status_code == 200
    assert "Another product has this SKU" in answer.content.decode()


def test_a_product_with_a_history_cannot_be_deleted(stocked, owner):
    page = owner.get(url(f"inventory/product/{stocked.mug.product_id}/delete/"))
    assert "Cannot delete product" in page.content.decode()
    owner.post(url(f"inventory/product/{stocked.mug.product_id}/delete/"), {"post": "yes"})
    assert stocked.mug.pk in {one.pk for one in rows(stocked, Variation)}


def test_a_product_without_one_can(stocked, owner):
    page = url(f"inventory/product/{stocked.wrapping.product_id}/delete/")
    with business(stocked.business):
        stocked.wrapping.barcodes.create(code="123456")
    assert owner.get(page).status_code == 200
    assert owner.post(page, {"post": "yes"}).status_code == 302
    assert stocked.wrapping.pk not in {one.pk for one in rows(stocked, Variation)}
    with business(stocked.business):
        assert AuditEntry.objects.latest("pk").action == "product.delete"


def test_one_default_tax_rate(stocked, owner):
    data = {"name": "VAT 9%", "rate": "9", "is_default": "on", "is_active": "on"}
    assert owner.post(url("inventory/taxrate/add/"), data).status_code == 302
    assert [one.name for one in rows(stocked, TaxRate) if one.is_default] == ["VAT 9%"]


def test_the_only_active_location_stays(shop, owner):
    with business(shop.business):
        Location.objects.filter(pk=shop.market.pk).update(is_active=False)
    page = url(f"tenants/location/{shop.high_street.pk}/change/")
    data = {"code": "HS", "name": "High Street", "below_zero": "refuse"}
    answer = owner.post(page, data, follow=True)
    assert "only active location" in answer.content.decode()
    assert {one.code: one.is_active for one in rows(shop, Location)} == {"HS": True, "MK": False}
    assert owner.post(page, data | {"is_active": "on", "name": "Main"}).status_code == 302
    with business(shop.business):
        assert AuditEntry.objects.latest("pk").changes == {"name": ["High Street", "Main"]}


def test_a_location_is_added(shop, owner):
    data = {"code": "NEW", "name": "New", "below_zero": "allow", "is_active": "on"}
    assert owner.post(url("tenants/location/add/"), data).status_code == 302
    assert len(rows(shop, Location)) == 3
    answer = owner.post(url("tenants/location/add/"), data)
    assert answer.status_code == 200 and "errorlist" in answer.content.decode()


def test_customers_are_found_by_phone_and_email_and_changes_are_told(shop, owner):
    for query in ("Carla", "carla%40acme.example", "%2B31+6+1234+5678", "31612345678"):
        page = owner.get(url(f"sales/customer/?q={query}")).content.decode()
        assert "Carla of acme" in page, query
    assert "Carla of acme" not in owner.get(url("sales/customer/?q=3161234")).content.decode()
    page = url(f"sales/customer/{shop.customer.pk}/change/")
    data = {"name": "Clara", "email": "clara@acme.example", "phone": "", "is_active": "on"}
    assert owner.post(page, data).status_code == 302
    with business(shop.business):
        assert Customer.objects.get().name == "Clara"
        entry = AuditEntry.objects.latest("pk")
    assert entry.action == "customer.update"
    assert "clara@" not in str(entry.changes)


def test_where_a_register_stands_is_decided_once(shop, owner):
    page = url(f"sales/register/{shop.register.pk}/change/")
    data = {"name": "Front", "is_active": "on", "prefix": "ZZ9", "location": str(shop.market.pk)}
    assert owner.post(page, data).status_code == 302
    with business(shop.business):
        register = Register.objects.select_related("location").get()
    assert (register.name, register.prefix, register.location) == (
        "Front",
        "ACM1",
        shop.high_street,
    )


def test_a_sale_while_a_register_is_being_changed_keeps_its_number(shop, owner, monkeypatch):
    found = RegisterAdmin.get_object

    def and_then_a_sale(self, *args, **kwargs):
        register = found(self, *args, **kwargs)
        Register.objects.update(sale_counter=7, chain_length=7)
        return register

    monkeypatch.setattr(RegisterAdmin, "get_object", and_then_a_sale)
    page = url(f"sales/register/{shop.register.pk}/change/")
    assert owner.post(page, {"name": "Front", "is_active": "on"}).status_code == 302
    with business(shop.business):
        register = Register.objects.get()
        entry = AuditEntry.objects.latest("pk")
    assert (register.name, register.sale_counter, register.chain_length) == ("Front", 7, 7)
    assert (entry.action, entry.changes) == ("register.update", {"name": ["Till 1", "Front"]})


@pytest.mark.parametrize(
    "rows", [{"TOTAL_FORMS": "0"}, {"TOTAL_FORMS": "1", "0-cost": "0", "0-price": "0"}]
)
def test_a_product_without_a_variation_is_not_made(shop, owner, rows):
    data = {"name": "Spoon", "kind": "single", "is_active": "on", "variations-INITIAL_FORMS": "0"}
    data |= {f"variations-{name}": value for name, value in rows.items()}
    data["variations-0-is_active"] = "on"
    assert owner.post(url("inventory/product/add/"), data).status_code == 200
    with business(shop.business):
        assert not Product.objects.filter(name="Spoon").exists()


def test_the_history_of_a_product_tells_costs_to_those_who_may_see_them(shop, owner):
    page = f"inventory/product/{shop.mug.product_id}"
    # No time of day has so many seconds.
    data = product_form(shop, owner) | {"variations-0-cost": "63.3333"}
    assert owner.post(url(f"{page}/change/"), data).status_code == 302
    assert "63.3333" in owner.get(url(f"{page}/history/")).content.decode()
    reader = person_with(shop, Right.PRODUCT_VIEW, Right.AUDIT_LOG_VIEW)
    told = reader.get(url(f"{page}/history/")).content.decode()
    assert "product.update" in told and "63.3333" not in told


def test_a_supplier_is_changed_and_told(stocked, owner):
    with business(stocked.business):
        supplier = Supplier.objects.get()
    page = url(f"purchasing/supplier/{supplier.pk}/change/")
    data = {"name": "Mills", "phone": "+31 20 555 0199", "payment_days": "14", "is_active": "on"}
    assert owner.post(page, data).status_code == 302
    with business(stocked.business):
        supplier.refresh_from_db()
        entry = AuditEntry.objects.latest("pk")
    assert (supplier.name, supplier.phone, supplier.payment_days) == ("Mills", data["phone"], 14)
    assert entry.action == "supplier.update"
    assert "555 0199" not in str(entry.changes)
    assert person_with(stocked, Right.SUPPLIER_VIEW).post(page, data).status_code == 403
