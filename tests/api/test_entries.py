"""Categories, brands, units and tax rates over the API: one list, one reading, one removal."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry
from inventory.api import entries
from inventory.models import Brand, Category, TaxRate
from tenants.context import business
from tenants.ids import uuid7
from tests.api.calls import NOWHERE, ask, post, said
from tests.factories import Shop, make_device, with_token

URL = "/api/v1/"


@pytest.fixture
def keeper(shop: Shop) -> Client:
    return with_token(make_device(shop, user=shop.owner)[1])


ROWS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("categories", {"name": "Cups"}, {"parent": None, "code": "", "description": ""}),
    ("brands", {"name": "Delft"}, {"description": ""}),
    (
        "units",
        {"name": "Litres", "short_name": "l", "allow_decimal": True},
        {"base_unit": None, "factor": None},
    ),
    ("tax-rates", {"name": "VAT 9%", "rate": "9.5"}, {"is_default": False}),
]
each = pytest.mark.parametrize(("table", "body", "rest"), ROWS)


@each
def test_a_row_is_made_once_changed_and_removed(
    shop: Shop, keeper: Client, table: str, body: dict[str, Any], rest: dict[str, Any]
) -> None:
    url, sent = URL + table, {**body, "id": str(uuid7())}
    made = post(keeper, url, sent)
    assert made.status_code == 201, made.content
    assert made.json() == {**sent, **rest, "is_active": True}
    again = post(keeper, url, sent)
    assert (again.status_code, again.json()) == (200, made.json())
    said(post(keeper, url, {**sent, "name": "Other"}), 409, "id_taken")
    one = f"{url}/{sent['id']}"
    assert ask(keeper, "PATCH", one, {"name": "Other"}).json() == {**made.json(), "name": "Other"}
    assert sent["id"] in [row["id"] for row in keeper.get(f"{url}?q=OTHE").json()["results"]]
    assert ask(keeper, "PATCH", one, {"is_active": False}).json()["is_active"] is False
    for query, expected in (("", False), ("?status=off", True), ("?status=all", True)):
        ids = [row["id"] for row in keeper.get(url + query).json()["results"]]
        assert (sent["id"] in ids) is expected
    assert ask(keeper, "DELETE", one).json() == {"deleted": True}
    said(keeper.get(one), 404, "not_found")
    with business(shop.business):
        kinds = AuditEntry.objects.filter(object_id=sent["id"]).values_list("action", "device")
        assert [action.rpartition(".")[2] for action, _device in kinds.order_by("pk")] == [
            "create", "update", "update", "delete",
        ]  # fmt: skip
        assert all(device for _action, device in kinds)


def test_what_is_in_use_is_kept(shop: Shop, keeper: Client) -> None:
    for table, row in (
        ("categories", shop.category),
        ("units", shop.piece),
        ("tax-rates", shop.tax),
    ):
        assert ask(keeper, "DELETE", f"{URL}{table}/{row.pk}").json() == {"deleted": False}
        assert keeper.get(f"{URL}{table}/{row.pk}").json()["is_active"] is False


def test_one_tax_rate_is_for_new_products(shop: Shop, keeper: Client) -> None:
    post(keeper, f"{URL}tax-rates", {"name": "New", "rate": "21", "is_default": True})
    with business(shop.business):
        assert TaxRate.objects.get(is_default=True).name == "New"
    wrong = ask(keeper, "PATCH", f"{URL}tax-rates/{shop.tax.pk}", {"rate": "-1"})
    assert list(said(wrong, 400, "invalid")) == ["rate"]


@pytest.mark.parametrize(
    ("table", "body", "fields"),
    [
        ("categories", {}, ["name"]),
        ("categories", {"name": ""}, ["name"]),
        ("categories", {"name": "nul \0"}, ["name"]),
        ("categories", {"name": "x" * 201}, ["name"]),
        ("categories", {"name": "A", "parent": NOWHERE}, ["parent"]),
        ("categories", {"name": "A", "is_active": True}, ["is_active"]),
        ("brands", {"name": "A", "business": 1}, ["business"]),
        ("units", {"name": "A"}, ["short_name"]),
        ("units", {"name": "A", "short_name": "a", "factor": "2"}, ["factor"]),
        ("tax-rates", {"name": "A"}, ["rate"]),
        ("tax-rates", {"name": "A", "rate": 1.5}, ["rate"]),
        ("tax-rates", {"name": "A", "rate": "1001"}, ["rate"]),
        ("tax-rates", {"name": "A", "rate": "9" * 13}, ["rate"]),
        ("tax-rates", {"name": "A", "rate": "1", "id": "x"}, ["id"]),
    ],
)
def test_what_is_wrong_is_named(
    shop: Shop, keeper: Client, table: str, body: dict[str, Any], fields: list[str]
) -> None:
    assert sorted(said(post(keeper, URL + table, body), 400, "invalid")) == fields


def test_a_category_is_never_inside_itself(shop: Shop, keeper: Client) -> None:
    inner = post(keeper, f"{URL}categories", {"name": "Cups", "parent": str(shop.category.pk)})
    url = f"{URL}categories/{shop.category.pk}"
    wrong = ask(keeper, "PATCH", url, {"parent": inner.json()["id"]})
    assert list(said(wrong, 400, "invalid")) == ["parent"]


def test_rows_of_another_business_are_none(shop: Shop, other_shop: Shop, keeper: Client) -> None:
    theirs = f"{URL}categories/{other_shop.category.pk}"
    for verb in ("GET", "PATCH", "DELETE"):
        said(ask(keeper, verb, theirs, {}), 404, "not_found")
    body = {"name": "A", "parent": str(other_shop.category.pk)}
    assert list(said(post(keeper, f"{URL}categories", body), 400, "invalid")) == ["parent"]
    taken = {"name": "Kitchen", "id": str(other_shop.category.pk)}
    said(post(keeper, f"{URL}categories", taken), 409, "id_taken")
    with business(other_shop.business):
        assert Category.objects.get().name == "Kitchen"


def test_who_may_what(shop: Shop, terminal: Client, stranger: Client) -> None:
    """A cashier sees categories alone, and changes none; a stranger finds no business."""
    assert terminal.get(f"{URL}categories").status_code == 200
    said(post(terminal, f"{URL}categories", {"name": "A"}), 403, "permission_denied")
    for table in ("brands", "units", "tax-rates"):
        said(terminal.get(URL + table), 403, "permission_denied")
    one = f"categories/{shop.category.pk}"
    for verb in ("PATCH", "DELETE"):
        said(ask(terminal, verb, URL + one, {}), 403, "permission_denied")
        said(ask(stranger, verb, shop.url(f"api/v1/{one}"), {}), 404, "not_found")
    said(ask(terminal, "DELETE", f"{URL}categories"), 405, "method_not_allowed")


def test_pages(shop: Shop, keeper: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "PAGE", 2)
    with business(shop.business):
        Brand.objects.bulk_create([Brand(name=f"Brand {n}") for n in range(5)])
    seen, url = [], f"{URL}brands"
    while url:
        content = keeper.get(url).json()
        seen += [row["name"] for row in content["results"]]
        url = content["next"]
    assert sorted(seen) == [f"Brand {n}" for n in range(5)]
