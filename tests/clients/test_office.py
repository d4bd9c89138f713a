"""What managers and programs do through the client; and that no operation is without a method."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from tillbook_client import ApiError, Client, Line, NotFound, Office, Terminal
from tillbook_client import client as calls
from tillbook_client import office as more
from tillbook_client.ids import uuid7

from tests.clients.wiring import InProcess, away, cut
from tests.contract.operations import PICTURE
from tests.factories import Shop


@pytest.fixture
def office(till: Terminal) -> Office:
    return Office(till.client)


def test_cash_and_readings(till: Terminal, office: Office, line: InProcess) -> None:
    till.sell([Line(till.scan("MUG-1"))])
    line.faults = [None, cut]
    moved = till.move_cash("out", "12.50", reason="expense", note="Milk")
    assert moved is not None and moved["amount"] in ("12.50", "-12.50")
    shift = till._open_shift()
    assert [one["id"] for one in office.cash_movements(shift)] == [moved["id"]]
    assert office.correct_cash(moved["id"])["kind"]
    assert office.move_cash(shift, "in", 5, reason="change")["amount"] == "5.00"
    assert "figures" in office.reading(shift)
    assert till.close_shift("60.00")["difference"] == "0.00"
    reading = office.close_day(till.register)
    assert office.z_reading(reading["id"])["hash"] == reading["hash"]
    assert [one["id"] for one in office.z_readings(register=till.register)] == [reading["id"]]
    assert "figures" in office.day()
    line.faults = [None, *[away] * 3]
    till.open_shift(0)


def test_products_and_stock(shop: Shop, till: Terminal, office: Office) -> None:
    made = office.add_product(
        {"name": "Teapot", "variations": [{"sku": "POT-1", "price": "25.00", "barcodes": []}]}
    )
    assert [one["id"] for one in office.products("teapot")] == [made["id"]]
    assert office.change_product(made["id"], {"name": "Large teapot"})["name"] == "Large teapot"
    pot = till.client.look_up(till.register, "POT-1")
    assert pot["name"] == "Large teapot"
    lines = [{"variation": pot["id"], "quantity": "3"}]
    corrected = office.correct_stock(str(shop.high_street.pk), "found", lines)
    assert office.correction(corrected["id"])["id"] == corrected["id"]
    assert any(one["id"] == corrected["id"] for one in office.corrections())
    assert office.stock_of(pot["id"]) and list(office.movements(variation=pot["id"]))
    assert list(office.stock("teapot"))
    brand = office.add_entry("brands", {"name": "Hearth"})
    assert office.change_entry("brands", brand["id"], {"name": "Hearth & Co"})["name"]
    assert [one["name"] for one in office.entries("brands")] == ["Hearth & Co"]
    assert office.entry("brands", brand["id"])["id"] == brand["id"]
    office.remove_entry("brands", brand["id"])
    office.remove_product(made["id"])
    # It has a history, so it is switched off and stays.
    assert office.product(made["id"])["is_active"] is False
    with pytest.raises(NotFound):
        office.product(str(shop.high_street.pk))
    with pytest.raises(NotFound):
        till.client.look_up(till.register, "POT-1")


def test_customers_and_their_credit(till: Terminal, office: Office) -> None:
    rest = {"address": "Kade 3", "credit_limit": "250", "note": "Rings twice"}
    mine = str(uuid7())
    made = till.client.add_customer("Dora New", id=mine, **rest)
    assert till.client.add_customer("Dora New", id=mine, **rest) == made
    assert (made["id"], made["address"], made["note"]) == (mine, "Kade 3", "Rings twice")
    changed = office.change_customer(mine, {"is_active": False}, version=made["version"])
    with pytest.raises(ApiError) as refused:
        office.change_customer(mine, {"name": "Dora Old"}, version=made["version"])
    assert refused.value.code == "changed_meanwhile"
    assert [one["id"] for one in till.client.customers("dora", status="off")] == [mine]
    assert not list(till.client.customers("dora"))
    assert office.change_customer(mine, {"is_active": True}, version=changed["version"])
    ask = {"reason": "Late delivery", "expires_on": "2099-12-31", "id": str(uuid7())}
    given = office.grant_credit(mine, 10, **ask)
    assert office.grant_credit(mine, "10.00", **ask) == given
    taken = office.correct_credit(mine, "-2.50", reason="Typing error")
    assert [one["id"] for one in office.credit_entries(mine)] == [taken["id"], given["id"]]
    assert office.bought_by(mine)["total"] == "0.00"
    account = office.credit_of(mine)
    assert (account["credit"], account["credit_expires"]) == ("7.50", "2099-12-31")


def test_a_picture(
    till: Terminal, office: Office, shop: Shop, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path
    mug = str(shop.mug.product_id)
    with pytest.raises(NotFound):
        office.picture(mug)
    before = office.product(mug)
    told = office.put_picture(mug, PICTURE, "image/png", version=before["version"])
    assert told["image"] and told["version"] != before["version"]
    with pytest.raises(ApiError) as refused:
        office.put_picture(mug, PICTURE, "image/png", version=before["version"])
    assert refused.value.status == 412
    picture, tag = office.picture(mug)
    assert picture[8:12] == b"WEBP"
    assert office.picture(mug, tag=tag) == (b"", tag)
    assert office.remove_picture(mug)["image"] is None


def test_registers_locations_and_suppliers(till: Terminal, office: Office, shop: Shop) -> None:
    place = str(shop.high_street.pk)
    assert [one["id"] for one in office.locations()] == [place]
    assert office.location(place)["code"] == shop.high_street.code
    made = office.add_register("Garden", place, "GA1")
    assert office.register(made["id"]) == made
    office.change_register(made["id"], {"is_active": False}, version=made["version"])
    assert [one["id"] for one in office.registers(status="off")] == [made["id"]]
    mill = office.add_supplier({"name": "Mill", "payment_days": 14})
    assert [one["id"] for one in office.suppliers("mil")] == [mill["id"]]
    assert office.change_supplier(mill["id"], {"phone": "020 777"})["phone"] == "020 777"
    with pytest.raises(ApiError) as refused:
        office.change_supplier(mill["id"], {"name": "Old"}, version=mill["version"])
    assert refused.value.code == "changed_meanwhile"
    assert office.supplier(mill["id"])["name"] == "Mill"


def test_the_inbox_and_credits(till: Terminal, office: Office) -> None:
    mug = till.scan("MUG-1")
    till.sell([Line(mug, 12)], patience=0)
    till.flush()
    (item,) = office.review()
    assert office.review_item(item["id"])["id"] == item["id"]
    assert office.settle(item["id"], {"action": "accept", "note": "Counted"})["id"] == item["id"]
    assert office.credits()["credits"] == 0
    assert list(office.credit_transactions()) == []


def operations() -> list[tuple[str, str]]:
    schema: dict[str, Any] = SchemaGenerator(urlconf="pos.described_urls").get_schema(
        request=None, public=True
    )
    return [
        (verb.upper(), path.removeprefix("/api/v1/"))
        for path, verbs in schema["paths"].items()
        for verb in verbs
        if verb in {"get", "post", "patch", "put", "delete"}
    ]


def test_every_operation_has_a_method() -> None:
    """Each address of the description stands in the client, whatever its variables are called."""
    text = inspect.getsource(calls) + inspect.getsource(more)
    entries = ("categories", "brands", "units", "tax-rates")
    known = {re.sub(r"\{[^}]*\}", "{}", one) for one in re.findall(r'"([a-z][^" ]*)"', text)}
    known |= {f"{kind}{rest}" for kind in entries for rest in ("", "/{}")}
    wanted = {
        re.sub(r"\{[^}]*\}", "{}", path) for _verb, path in operations() if "schema" not in path
    }
    assert len(wanted) > 40
    assert sorted(wanted - known - {"sync/buckets/{}/{}"}) == []
    assert hasattr(Client, "bucket")
