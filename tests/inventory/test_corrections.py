"""Corrections of stock: the list, a new one, one with its lines."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry
from accounts.permissions import Permission
from inventory.ledger import correct
from inventory.models import StockDocument, StockLevel, Variation
from tenants.context import business
from tests.factories import Shop, make_product

P = Permission
NEW = "corrections/new/"


def line(variation: Variation, quantity: str) -> dict[str, str]:
    return {f"line-{variation.pk}-quantity": quantity}


def form(shop: Shop, *variations: Variation, **fields: Any) -> dict[str, Any]:
    return {
        "location": str(shop.high_street.pk),
        "reason": "damaged",
        "note": "Fell down",
        "variation": [str(row.pk) for row in variations],
        **fields,
    }


def quantity(shop: Shop, variation: Variation) -> Decimal:
    with business(shop.business):
        return StockLevel.objects.get(variation=variation, location=shop.high_street).quantity


def line_errors(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.get("Location")
    return [
        text for one in answer.context["lines"].forms for text in one.errors.get("quantity", ())
    ]


def a_correction(shop: Shop, place: Any = None, change: int = 1) -> StockDocument:
    with business(shop.business):
        return correct(
            actor=shop.owner,
            location=place or shop.high_street,
            reason=StockDocument.Reason.FOUND,
            changes={shop.mug.pk: Decimal(change)},
            note="Behind the shelf",
        )


# -- a new one ------------------------------------------------------------------------------------


def test_correct_several_products_at_once(shop: Shop, owner: Client) -> None:
    assert owner.get(shop.url(NEW)).status_code == 200
    values = form(shop, shop.mug, shop.tea) | line(shop.mug, "-2") | line(shop.tea, "-0.25")
    answer = owner.post(shop.url(NEW), values)
    with business(shop.business):
        document = StockDocument.objects.get(kind="correction")
        entry = AuditEntry.objects.get(action="stock.correct")
    assert answer["Location"] == shop.url(f"corrections/{document.pk}/")
    assert (document.reason, document.note, document.actor) == ("damaged", "Fell down", shop.owner)
    assert (quantity(shop, shop.mug), quantity(shop, shop.tea)) == (Decimal(8), Decimal("4.25"))
    assert (entry.actor, entry.object_id) == (shop.owner, str(document.pk))
    assert entry.changes == {"Blue mug MUG-1": [None, "-2"], "Green tea TEA": [None, "-0.25"]}


def test_the_page_can_be_used_without_scripts(shop: Shop, owner: Client) -> None:
    """Find, add, take away: the same form, sent by other buttons; nothing is written by them."""
    found = owner.post(shop.url(NEW), form(shop, reason="", q="blue mug", find="1"))
    assert [row.pk for row in found.context["offered"]] == [shop.mug.pk]
    assert found.context["form"].errors == {}
    added = owner.post(
        shop.url(NEW), form(shop, shop.tea, add=str(shop.mug.pk)) | line(shop.tea, "3")
    )
    lines = added.context["lines"].forms
    assert [(one.variation.pk, one.here) for one in lines] == [
        (shop.tea.pk, Decimal("4.5")),
        (shop.mug.pk, 10),
    ]
    assert 'value="3"' in added.text
    twice = owner.post(shop.url(NEW), form(shop, shop.mug, add=str(shop.mug.pk)))
    assert len(twice.context["lines"].forms) == 1
    dropped = owner.post(shop.url(NEW), form(shop, shop.tea, shop.mug, drop=str(shop.tea.pk)))
    assert [one.variation.pk for one in dropped.context["lines"].forms] == [shop.mug.pk]
    elsewhere = form(shop, shop.mug, look="1", location=str(shop.market.pk))
    assert owner.post(shop.url(NEW), elsewhere).context["lines"].forms[0].here == 0
    with business(shop.business):
        assert not StockDocument.objects.filter(kind="correction").exists()


def test_only_what_is_kept_in_stock_is_offered(shop: Shop, owner: Client) -> None:
    found = owner.post(shop.url(NEW), form(shop, q="wrap", find="1"))
    assert list(found.context["offered"]) == []
    assert "Nothing found" in found.text


def test_a_link_fills_in_location_and_product(shop: Shop, owner: Client) -> None:
    page = owner.get(shop.url(f"{NEW}?location={shop.high_street.pk}&variation={shop.mug.pk}"))
    (one,) = page.context["lines"].forms
    assert (one.variation.pk, one.here) == (shop.mug.pk, 10)
    assert owner.get(shop.url(f"{NEW}?location=x&variation=y&variation=")).status_code == 200


def test_what_has_to_be_there(shop: Shop, owner: Client) -> None:
    answer = owner.post(shop.url(NEW), {})
    assert set(answer.context["form"].errors) == {"location", "reason", "__all__"}
    assert "at least one product" in answer.context["form"].errors["__all__"][0]


@pytest.mark.parametrize(
    ("reason", "sent", "says"),
    [
        ("damaged", "", "not zero"),
        ("damaged", "0", "not zero"),
        ("damaged", "2", "goes down"),
        ("found", "-2", "more, not less"),
        ("other", "0.5", "whole numbers"),
        ("other", "x", "number"),
        ("damaged", "-11", "not that much"),
        ("found", "1000000000001", "less than or equal"),
        ("lost", "-1000000000001", "greater than or equal"),
    ],
)
def test_a_wrong_quantity_is_told_beside_it(
    shop: Shop, owner: Client, reason: str, sent: str, says: str
) -> None:
    values = form(shop, shop.mug, shop.tea, reason=reason)
    answer = owner.post(shop.url(NEW), values | line(shop.mug, sent) | line(shop.tea, "-1"))
    assert says.casefold() in " ".join(line_errors(answer)).casefold()
    assert (quantity(shop, shop.mug), quantity(shop, shop.tea)) == (Decimal(10), Decimal("4.5"))


def test_only_own_locations(shop: Shop, market_only: Client) -> None:
    page = market_only.get(shop.url(NEW))
    assert "High Street" not in page.text
    # The only one is chosen already.
    assert page.context["form"]["location"].value() == shop.market.pk
    values = form(shop, shop.mug) | line(shop.mug, "-1")
    assert "location" in market_only.post(shop.url(NEW), values).context["form"].errors
    looked = market_only.post(shop.url(NEW), {**values, "look": "1"})
    assert looked.context["lines"].forms[0].here is None
    assert quantity(shop, shop.mug) == 10


def test_products_of_another_business_do_not_exist(
    shop: Shop, other_shop: Shop, owner: Client
) -> None:
    values = form(shop, other_shop.mug) | line(other_shop.mug, "-1")
    answer = owner.post(shop.url(NEW), values)
    assert answer.context["lines"].forms == []
    assert "Blue mug" not in answer.text
    found = owner.post(shop.url(NEW), form(shop, q="MUG-1", find="1"))
    assert [row.pk for row in found.context["offered"]] == [shop.mug.pk]


# -- list and page --------------------------------------------------------------------------------


def test_the_list_and_its_filters(shop: Shop, owner: Client) -> None:
    first, second = a_correction(shop), a_correction(shop, shop.market)

    def listed(query: str = "") -> list[StockDocument]:
        return list(owner.get(shop.url(f"corrections/{query}")).context["page"])

    assert listed() == [second, first]
    assert listed(f"?location={shop.market.pk}") == [second]
    assert listed("?reason=damaged") == []
    assert [document.kind for document in listed("?reason=opening")] == ["opening"]
    assert listed(f"?q={first.number.lower()}") == [first]
    assert listed("?q=SHELF") == [second, first]
    assert listed("?reason=x&location=y") == [second, first]


def test_one_with_its_lines(shop: Shop, owner: Client) -> None:
    document = a_correction(shop, change=4)
    page = owner.get(shop.url(f"corrections/{document.pk}/"))
    for text in [document.number, "Found", "Behind the shelf", "Blue mug", "+4", "14"]:
        assert text in page.text, text


def test_only_visible_corrections(shop: Shop, market_only: Client) -> None:
    here, there = a_correction(shop, shop.market), a_correction(shop)
    page = market_only.get(shop.url("corrections/"))
    assert list(page.context["page"]) == [here]
    assert there.number not in page.text
    assert market_only.get(shop.url(f"corrections/{here.pk}/")).status_code == 200
    assert market_only.get(shop.url(f"corrections/{there.pk}/")).status_code == 404


def test_a_colleague_may(shop: Shop, manager: Client) -> None:
    document = a_correction(shop)
    assert manager.get(shop.url(f"corrections/{document.pk}/")).status_code == 200
    values = form(shop, shop.mug) | line(shop.mug, "-1")
    assert manager.post(shop.url(NEW), values).status_code == 302


def test_the_doors(
    shop: Shop,
    other_shop: Shop,
    owner: Client,
    stranger: Client,
    nobody: Client,
    member: Callable[..., Client],
) -> None:
    document, theirs = a_correction(shop), a_correction(other_shop)
    for path in ["corrections/", NEW, f"corrections/{document.pk}/"]:
        assert stranger.get(shop.url(path)).status_code == 404
        assert nobody.get(shop.url(path)).status_code == 403
        assert owner.put(shop.url(path)).status_code == 405
    assert stranger.post(shop.url(NEW)).status_code == 404
    assert member(P.INVENTORY_CORRECTION_VIEW).post(shop.url(NEW)).status_code == 403
    assert owner.get(shop.url(f"corrections/{theirs.pk}/")).status_code == 404


def test_long_lists_take_few_statements(shop: Shop, owner: Client, within_budget: Any) -> None:
    for _round in range(60):
        document = a_correction(shop)
    with business(shop.business):
        many = {make_product(f"T{n}", sku=f"T{n}").pk: Decimal(1) for n in range(60)}
        long = correct(
            actor=shop.owner,
            location=shop.high_street,
            reason=StockDocument.Reason.FOUND,
            changes=many,
        )
    for path in ["corrections/", f"corrections/{document.pk}/", f"corrections/{long.pk}/"]:
        with within_budget():
            page = owner.get(shop.url(path)).context["page"]
    assert (len(page), page.paginator.count) == (50, 60)
