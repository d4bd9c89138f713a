"""A shop with one of everything, and how the tests of the admin reach it."""

from __future__ import annotations

from decimal import Decimal

from django.contrib import admin
from django.db import transaction
from django.db.models import Model
from django.test import Client

from accounts.modeladmin import BusinessModelAdmin
from accounts.models import Device, Membership, Role
from accounts.permissions import Permission as Right
from inventory.models import Brand, Category
from purchasing.models import Supplier
from sales.checkout import LineRequest, PaymentRequest, SaleRequest, checkout
from sales.models import Payment
from tenants.context import business
from tenants.ids import uuid7
from tests.factories import Shop, make_person, make_shift, signed_in

admin.autodiscover()
SITE = admin.site
MODELS = sorted(SITE._registry, key=lambda model: model._meta.label)
NAMES = [f"{model._meta.app_label}/{model._meta.model_name}" for model in MODELS]


def page_of(model: type[Model]) -> BusinessModelAdmin:
    page = SITE._registry[model]
    assert isinstance(page, BusinessModelAdmin)
    return page


def url(path: str = "", slug: str = "acme") -> str:
    return f"/b/{slug}/admin/{path}"


def rows(shop: Shop, model) -> list:
    with business(shop.business):
        return list(model.objects.order_by("pk"))


def person_with(shop: Shop, *rights: Right, locations=None) -> Client:
    with business(shop.business):
        role = Role.objects.create(name="Narrow", permissions=[Right.ADMIN_ACCESS, *rights])
        return signed_in(make_person("narrow", role, locations=locations))


def fill(shop: Shop) -> None:
    with business(shop.business):
        Brand.objects.create(name=f"Brand of {shop.business.slug}")
        Supplier.objects.create(name=f"Supplier of {shop.business.slug}", phone="+31 20 555 0100")
        make_shift(shop)
        sell_a_mug(shop)
        member = Membership.objects.get(user=shop.cashier)
        Device.objects.create(
            name=f"Tablet of {shop.business.slug}",
            location=shop.market,
            membership=member,
            token_hash=shop.business.slug.ljust(64, "0"),
        )
        Category.objects.filter(pk=shop.category.pk).update(name=f"Ware of {shop.business.slug}")


def sell_a_mug(shop: Shop) -> None:
    request = SaleRequest(
        id=uuid7(),
        register_id=shop.register.pk,
        lines=[LineRequest(shop.mug.pk, Decimal(1))],
        payments=[PaymentRequest(Payment.Method.CASH, Decimal(5))],
        total=Decimal(5),
        customer_id=shop.customer.pk,
    )
    with transaction.atomic():
        checkout(actor=Membership.objects.get(user=shop.cashier), request=request)


def product_form(shop: Shop, client: Client) -> dict[str, str]:
    """What the browser would send for the mug without a change."""
    page = client.get(url(f"inventory/product/{shop.mug.product_id}/change/"))
    data: dict[str, str] = {}
    forms = [page.context["adminform"].form]
    for formset in page.context["inline_admin_formsets"]:
        forms += [formset.formset.management_form, *formset.formset.forms]
    for form in forms:
        for bound in form:
            value = bound.value()
            if value is not None and value is not False:
                data[bound.html_name] = "on" if value is True else str(value)
    return data
