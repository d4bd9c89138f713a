"""What no honest browser sends: every list answers, and with a page."""

from __future__ import annotations

import pytest

from tests.factories import Shop

LISTS = (
    "", "sales/", "shifts/", "registers/", "devices/", "customers/", "suppliers/", "products/",
    "categories/", "brands/", "units/", "tax-rates/", "stock/", "stock/low/", "corrections/",
    "people/", "roles/", "locations/", "audit/", "admin/inventory/product/",
    "admin/sales/customer/", "admin/accounts/membership/", "admin/tenants/location/",
)  # fmt: skip
NUL, FIRST_HOUR, LAST_HOUR = "%00", "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"


@pytest.mark.parametrize(
    "query",
    [
        f"q={NUL}",
        f"q=mug{NUL}&state={NUL}&status={NUL}&location={NUL}&operator={NUL}&person={NUL}",
        "q=" + "x" * 5000,
        "page=99999&sort=business__slug",
        "page=" + "9" * 5000,
        f"cursor=a{FIRST_HOUR}~{'0' * 32}",
        f"cursor=b{LAST_HOUR}~{'f' * 32}",
        "date_from=0001-01-01&date_to=9999-12-31&since=0001-01-01&until=9999-12-31",
    ],
)
def test_a_list_takes_any_query(shop: Shop, owner, query):
    for page in LISTS:
        answer = owner.get(shop.url(f"{page}?{query}"), follow=True)
        assert answer.status_code in {200, 400}, page


def test_a_nul_is_looked_past(shop: Shop, owner):
    for page in ("customers/", "admin/sales/customer/"):
        assert "Carla of acme" in owner.get(shop.url(f"{page}?q=Car{NUL}la")).content.decode()
    found = owner.get(
        shop.url("admin/autocomplete/"),
        {"term": "\0kit", "app_label": "inventory", "model_name": "product",
         "field_name": "category"},
    )  # fmt: skip
    assert [one["text"] for one in found.json()["results"]] == ["Kitchen"]


def test_a_number_of_rows_that_is_no_number(shop: Shop, owner):
    for rows in ("9" * 5000, "-1", "²", "1e9"):
        assert owner.post(shop.url("products/new/"), {"name": "x", "rows": rows}).status_code == 200
