"""The list of registers."""

from __future__ import annotations

from django.test import Client

from sales.models import Register
from tests.factories import Shop, make_shift, signed_in
from tests.sales.selling import counted, market_manager, market_register


def names(client: Client, shop: Shop) -> list[str]:
    response = client.get(shop.url("registers/"))
    assert response.status_code == 200
    return [register.name for register in response.context["registers"]]


def test_with_location_prefix_and_open_shift(owner: Client, inside: Shop) -> None:
    make_shift(inside)
    market_register(inside)
    assert names(owner, inside) == ["Till 1", "Stall"]
    text = owner.get(inside.url("registers/")).content.decode()
    for shown in ("High Street", "ACM1", "Acme.Cashier Person", "ACMM"):
        assert shown in text


def test_a_colleague_sees_it(manager: Client, shop: Shop) -> None:
    assert names(manager, shop) == ["Till 1"]


def test_the_cashier_sees_it_without_links_to_change(cashier: Client, shop: Shop) -> None:
    response = cashier.get(shop.url("registers/"))
    assert f"registers/{shop.register.pk}/" not in response.content.decode()
    assert "registers/new/" not in response.content.decode()


def test_who_is_confined_sees_that_location(inside: Shop) -> None:
    market_register(inside)
    assert names(market_manager(inside), inside) == ["Stall"]


def test_a_stranger_is_told_nothing(stranger: Client, shop: Shop) -> None:
    assert stranger.get(shop.url("registers/")).status_code == 404


def test_without_the_permission(shop: Shop) -> None:
    client = signed_in(shop.people["Stock keeper"])
    assert client.get(shop.url("registers/")).status_code == 403


def test_only_reading(owner: Client, shop: Shop) -> None:
    assert owner.post(shop.url("registers/")).status_code == 405


def test_the_statements_do_not_grow_with_the_list(owner: Client, inside: Shop) -> None:
    counts = []
    for size in range(2):
        for number in range(3):
            Register.objects.create(name="Till", location=inside.market, prefix=f"N{size}{number}")
        with counted() as queries:
            names(owner, inside)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12
