"""Stock over the API: what lies where, why, and correcting it exactly once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from inventory.api import corrections, stock
from inventory.catalogue import refresh_search
from inventory.ledger import correct, set_opening
from inventory.models import Product, StockDocument, StockLevel, StockMovement, Variation
from tenants.context import business
from tenants.ids import uuid7
from tenants.models import Location
from tests.api.calls import NOWHERE, ask, post, said
from tests.factories import Shop, make_device, with_token

URL = "/api/v1/stock"
CORRECTIONS = f"{URL}/corrections"


@pytest.fixture
def keeper(shop: Shop) -> Client:
    """A terminal at the high street in the name of the stock keeper, who sees all branches."""
    return with_token(make_device(shop, user=shop.people["Stock keeper"])[1])


@pytest.fixture
def at_market(shop: Shop) -> None:
    """Three mugs at the market, which warn below four."""
    with business(shop.business):
        set_opening(actor=shop.owner, location=shop.market, quantities={shop.mug.pk: Decimal(3)})
        Product.objects.filter(pk=shop.mug.product_id).update(alert_quantity=4)


def rows(response: Any) -> list[tuple[str, str, str]]:
    assert response.status_code == 200, response.content
    return sorted(
        (row["variation"]["sku"], row["location"]["code"], row["quantity"])
        for row in response.json()["results"]
    )


def damaged(shop: Shop, **fields: Any) -> dict[str, Any]:
    return {
        "id": str(uuid7()),
        "location": str(shop.high_street.pk),
        "reason": "damaged",
        "note": "Fell down",
        "lines": [{"variation": str(shop.mug.pk), "quantity": "-2"}],
        **fields,
    }


# -- levels ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("at_market")
def test_levels_at_ones_own_location(shop: Shop, keeper: Client, owner: Client) -> None:
    here = [("MUG-1", "HS", "10"), ("TEA", "HS", "4.5")]
    there = [("MUG-1", "MK", "3")]
    assert rows(keeper.get(URL)) == here
    assert rows(owner.get(shop.url("api/v1/stock"))) == [here[0], *there, here[1]]
    for query, expected in {
        f"location={shop.high_street.pk}": here,
        f"location={shop.market.pk}": there,
        "q=tea": here[1:],
        "code=MUG-1": here[:1],
        f"category={shop.category.pk}": here,
        "level=low": [],
        f"level=low&location={shop.market.pk}": there,
        "level=none": [],
    }.items():
        assert rows(keeper.get(f"{URL}?{query}")) == expected, query
    for wrong in ("level=x", "location=7", "q=%00"):
        assert list(said(keeper.get(f"{URL}?{wrong}"), 400, "invalid")) == [wrong.split("=")[0]]


@pytest.mark.usefixtures("at_market")
def test_a_location_elsewhere_is_for_who_may_see_all(
    shop: Shop, other_shop: Shop, terminal: Client, keeper: Client
) -> None:
    """A cashier sees the stock of the terminal's own location alone."""
    answers = [
        client.get(f"{URL}?location={place}")
        for client, place in (
            (terminal, shop.market.pk),
            (terminal, NOWHERE),
            (keeper, other_shop.market.pk),
        )
    ]
    assert {(a.status_code, a.content) for a in answers} == {(404, answers[0].content)}
    url = f"{URL}/variations/{shop.mug.pk}"
    own = [{"code": "HS", "quantity": "10", "is_own": True}]
    elsewhere = {"code": "MK", "quantity": "3", "is_own": False}
    for client, expected in ((terminal, own), (keeper, [*own, elsewhere])):
        levels = client.get(url).json()["levels"]
        told = [{**row, "location": None, "code": row["location"]["code"]} for row in levels]
        assert told == [{**row, "location": None} for row in expected]


def test_values_are_told_of_own_locations_to_who_may_see_them(
    shop: Shop, at_market: None, terminal: Client, managers_terminal: Client
) -> None:
    assert not any("value" in row for row in terminal.get(URL).json()["results"])
    values = {
        row["variation"]["sku"]: row["value"]
        for row in managers_terminal.get(URL).json()["results"]
    }
    assert values == {"MUG-1": "20.00", "TEA": "9.00"}
    elsewhere = managers_terminal.get(f"{URL}?location={shop.market.pk}").json()["results"]
    assert [("value" in row, row["is_low"]) for row in elsewhere] == [(False, True)]


def test_a_service_has_no_stock(shop: Shop, keeper: Client) -> None:
    found = keeper.get(f"{URL}/variations/{shop.wrapping.pk}").json()
    assert (found["is_stocked"], found["levels"]) == (False, [])


def test_a_page_of_levels_has_500_rows_in_few_statements(shop: Shop, keeper: Client) -> None:
    with business(shop.business):
        product = Product.objects.create(name="Thing")
        things = Variation.objects.bulk_create(
            [Variation(product=product, name=str(n), sku=f"T{n}") for n in range(500)]
        )
        set_opening(
            actor=shop.owner,
            location=shop.high_street,
            quantities={one.pk: Decimal(1) for one in things},
        )
        refresh_search([product.pk])
    for url, number in ((URL, 500), (f"{URL}?q=thing", 500)):
        with CaptureQueriesContext(connection) as queries:
            content = keeper.get(url).json()
        assert len(content["results"]) == number
        assert len([q for q in queries if "app.business_id" not in q["sql"]]) <= 12


# -- movements ------------------------------------------------------------------------------------


def test_the_history_explains_the_level(
    shop: Shop, at_market: None, keeper: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock, "PAGE", 1)
    post(keeper, CORRECTIONS, damaged(shop))
    url = f"{URL}/movements?variation={shop.mug.pk}"
    seen: list[dict[str, Any]] = []
    while url:
        content = keeper.get(url).json()
        seen += content["results"]
        url = content["next"]
    assert [(row["kind"], row["quantity"], row["balance"]) for row in seen] == [
        ("correction", "-2", "8"),
        ("opening", "10", "10"),
    ]
    assert seen[0]["document"]["number"].startswith("COR-")
    assert (seen[0]["unit_cost"], seen[0]["by"]) == ("2.00", "Acme.Stockkeeper Person")


def test_a_history_elsewhere_is_hidden(
    shop: Shop, at_market: None, other_shop: Shop, terminal: Client, keeper: Client
) -> None:
    url = f"{URL}/movements?variation="
    said(terminal.get(f"{url}{shop.mug.pk}"), 403, "permission_denied")
    # Quantities of other locations may be seen, their history not.
    said(keeper.get(f"{url}{shop.mug.pk}&location={shop.market.pk}"), 404, "not_found")
    for key in (NOWHERE, other_shop.mug.pk):
        said(keeper.get(f"{url}{key}"), 404, "not_found")
        said(keeper.get(f"{URL}/variations/{key}"), 404, "not_found")
    for wrong in ("", "7"):
        assert list(said(keeper.get(url + wrong), 400, "invalid")) == ["variation"]
    with business(shop.business):
        role = shop.roles["Cashier"]
        role.permissions = ["stock.view_history"]
        role.save()
    (row,) = terminal.get(f"{url}{shop.mug.pk}").json()["results"]
    assert "unit_cost" not in row


# -- corrections ----------------------------------------------------------------------------------


def test_a_correction_is_made_once(shop: Shop, keeper: Client) -> None:
    body = damaged(shop)
    first = post(keeper, CORRECTIONS, body)
    assert first.status_code == 201, first.content
    made = first.json()
    assert (made["id"], made["reason"], made["note"]) == (body["id"], "damaged", "Fell down")
    assert [(row["quantity"], row["balance"]) for row in made["lines"]] == [("-2", "8")]
    again = post(keeper, CORRECTIONS, body)
    assert (again.status_code, again.json()) == (200, made)
    for other in (
        {"note": ""},
        {"reason": "lost"},
        {"lines": [{"variation": str(shop.mug.pk), "quantity": "-3"}]},
        {"lines": [{"variation": str(shop.tea.pk), "quantity": "-2"}]},
    ):
        said(post(keeper, CORRECTIONS, {**body, **other}), 409, "id_taken")
    assert keeper.get(f"{CORRECTIONS}/{made['id']}").json() == made
    with business(shop.business):
        level = StockLevel.objects.get(variation=shop.mug, location=shop.high_street)
        assert level.quantity == 8
        assert StockMovement.objects.filter(kind="correction").count() == 1
        assert AuditEntry.objects.get(action="stock.correct").device is not None


def test_an_id_of_opening_stock_or_of_another_business_is_taken(
    shop: Shop, other_shop: Shop, keeper: Client
) -> None:
    taken = []
    for place in (shop, other_shop):
        with business(place.business):
            taken.append(StockDocument.objects.get().pk)
    for key in taken:
        said(post(keeper, CORRECTIONS, damaged(shop, id=str(key))), 409, "id_taken")


def test_never_below_zero_where_that_is_refused(shop: Shop, keeper: Client) -> None:
    with business(shop.business):
        Location.objects.update(below_zero=Location.BelowZero.REFUSE)
    body = damaged(shop, lines=[{"variation": str(shop.mug.pk), "quantity": "-11"}])
    fields = said(post(keeper, CORRECTIONS, body), 409, "out_of_stock")
    assert fields == {str(shop.mug.pk): "10"}
    body["lines"] = [{"variation": str(shop.mug.pk), "quantity": "-10"}]
    assert post(keeper, CORRECTIONS, body).status_code == 201


L = "lines.0."


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"id": None}, ["id"]),
        ({"id": "x"}, ["id"]),
        ({"reason": "opening"}, ["reason"]),
        ({"reason": "x"}, ["reason"]),
        ({"reason": None}, ["reason"]),
        ({"note": "x" * 501}, ["note"]),
        ({"note": "nul \0"}, ["note"]),
        ({"business": 1}, ["business"]),
        ({"lines": []}, ["lines"]),
        ({"lines": None}, ["lines"]),
        ({"lines": [{"quantity": "-1"}]}, [f"{L}variation"]),
        ({"lines": [{"variation": NOWHERE, "quantity": "-1"}]}, [f"{L}variation"]),
        ({"lines": ["{mug}", "{mug}"]}, ["lines.1.variation"]),
        ({"lines": ["{wrapping}"]}, [f"{L}variation"]),
        ({"lines": [{"variation": "{mug}", "quantity": "0"}]}, [f"{L}quantity"]),
        ({"lines": [{"variation": "{mug}", "quantity": "1"}]}, [f"{L}quantity"]),
        ({"lines": [{"variation": "{mug}", "quantity": "-1.5"}]}, [f"{L}quantity"]),
        ({"lines": [{"variation": "{mug}", "quantity": "-0.00001"}]}, [f"{L}quantity"]),
        ({"lines": [{"variation": "{mug}", "quantity": "-9999999999999"}]}, [f"{L}quantity"]),
        ({"lines": [{"variation": "{mug}", "quantity": -1.5}]}, [f"{L}quantity"]),
        ({"lines": [{"variation": "{mug}", "quantity": "-1"}], "reason": "found"},
         [f"{L}quantity"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    shop: Shop, keeper: Client, changes: dict[str, Any], fields: list[str]
) -> None:
    known = {"{mug}": str(shop.mug.pk), "{wrapping}": str(shop.wrapping.pk)}
    body = damaged(shop, **changes)
    if isinstance(body["lines"], list):
        lines = [
            {"variation": one, "quantity": "-1"} if isinstance(one, str) else dict(one)
            for one in body["lines"]
        ]
        for one in lines:
            if "variation" in one:
                one["variation"] = known.get(one["variation"], one["variation"])
        body["lines"] = lines
    wrong = said(post(keeper, CORRECTIONS, body), 400, "invalid")
    assert sorted(wrong) == fields
    with business(shop.business):
        assert StockDocument.objects.count() == 1


def test_a_correction_elsewhere(shop: Shop, other_shop: Shop, keeper: Client) -> None:
    """At the terminal's own location alone, and never of another business."""
    for place in (NOWHERE, shop.market.pk, other_shop.high_street.pk):
        said(post(keeper, CORRECTIONS, damaged(shop, location=str(place))), 404, "not_found")
    theirs = [{"variation": str(other_shop.mug.pk), "quantity": "-1"}]
    wrong = said(post(keeper, CORRECTIONS, damaged(shop, lines=theirs)), 400, "invalid")
    assert list(wrong) == ["lines.0.variation"]
    with business(shop.business):
        found = StockDocument.Reason.FOUND
        away = correct(
            actor=shop.owner, location=shop.market, reason=found, changes={shop.mug.pk: Decimal(1)}
        )
    for key in (away.pk, NOWHERE):
        said(keeper.get(f"{CORRECTIONS}/{key}"), 404, "not_found")
    said(keeper.get(f"{CORRECTIONS}?location={shop.market.pk}"), 404, "not_found")


def test_the_list_of_corrections(
    shop: Shop, keeper: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corrections, "PAGE", 1)
    for reason in ("damaged", "lost"):
        assert post(keeper, CORRECTIONS, damaged(shop, reason=reason)).status_code == 201
    seen, url = [], CORRECTIONS
    while url:
        content = keeper.get(url).json()
        seen += [row["reason"] for row in content["results"]]
        url = content["next"]
    assert sorted(seen) == ["damaged", "lost"]
    (opening,) = keeper.get(f"{CORRECTIONS}?reason=opening").json()["results"]
    # Its lines are told a page at a time.
    first = keeper.get(f"{CORRECTIONS}/{opening['id']}").json()
    second = keeper.get(first["next"]).json()
    told = {row["variation"]["sku"] for row in (*first["lines"], *second["lines"])}
    assert (told, second["next"]) == ({"MUG-1", "TEA"}, None)
    said(keeper.get(f"{CORRECTIONS}?reason=x"), 400, "invalid")


def test_who_may_what(shop: Shop, terminal: Client, stranger: Client, manager: Client) -> None:
    """A cashier sees stock and corrects none; a manager does; a stranger finds no business."""
    assert terminal.get(URL).status_code == 200
    said(post(terminal, CORRECTIONS, damaged(shop)), 403, "permission_denied")
    said(terminal.get(CORRECTIONS), 403, "permission_denied")
    inside = shop.url("api/v1/stock/corrections")
    assert post(manager, inside, damaged(shop)).status_code == 201
    for verb, url in (("GET", inside), ("POST", inside), ("GET", shop.url("api/v1/stock"))):
        said(ask(stranger, verb, url, {}), 404, "not_found")
    for verb, url in (("POST", URL), ("DELETE", CORRECTIONS), ("POST", f"{URL}/movements")):
        said(ask(terminal, verb, url), 405, "method_not_allowed")
