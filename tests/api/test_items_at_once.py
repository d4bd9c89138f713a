"""A look-up and a search at a terminal take one statement, and answer what the usual way answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import hints
from accounts.models import Device, Membership, OperatorSession, Role, User
from inventory.catalogue import refresh_search
from inventory.models import Barcode, Category, LocationPrice, Product, Variation
from sales.models import Register
from tenants.context import business
from tenants.models import Business, Location
from tests.api.calls import said
from tests.api.operating import counter, give_pin, working
from tests.factories import Shop, make_device, make_product, with_token

pytestmark = pytest.mark.postgres

FUNCTION = "sales_items_v1"
FRAME = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "SET ")
OF_A_REQUEST = {"X-Request-ID", "Content-Security-Policy"}
LONG_AGO = timezone.now() - timedelta(days=9)


@pytest.fixture(autouse=True)
def knows_nothing() -> Iterator[None]:
    hints._known.clear()
    yield
    hints._known.clear()


def items(shop: Shop, text: str) -> str:
    return f"/api/v1/items?register={shop.register.pk}&q={quote(text)}"


def look_up(shop: Shop, code: str) -> str:
    return f"/api/v1/items/lookup?register={shop.register.pk}&code={quote(code)}"


def get(terminal: Client, url: str, **headers: str) -> tuple[Any, list[str]]:
    """The answer, and the statements that it took."""
    with CaptureQueriesContext(connection) as queries:
        answer = terminal.get(url, headers=headers)
    texts = [one["sql"] for one in queries]
    return answer, [text for text in texts if not text.upper().startswith(FRAME)]


def is_at_once(statements: list[str]) -> bool:
    return len(statements) == 1 and FUNCTION in statements[0]


def noted_now(shop: Shop) -> None:
    """Device and operator were here a moment ago, however slow the machine is."""
    with business(shop.business), transaction.atomic():
        Device.objects.update(last_seen_at=timezone.now())
        OperatorSession.objects.update(used_at=timezone.now())


def both_ways(shop: Shop, terminal: Client, url: str) -> Any:
    """What the usual way answers, and the fast one with the same bytes and headers."""
    noted_now(shop)
    hints._known.clear()
    usual, statements = get(terminal, url)
    assert not any(FUNCTION in text for text in statements)
    noted_now(shop)
    fast, statements = get(terminal, url)
    assert is_at_once(statements), statements
    assert (usual.status_code, fast.status_code) == (200, 200), (usual.content, fast.content)
    assert usual.content == fast.content
    assert headers(usual) == headers(fast)
    return fast.json()


def headers(answer: Any) -> dict[str, Any]:
    found = {name: value for name, value in answer.items() if name not in OF_A_REQUEST}
    return found | {"Vary": sorted(found["Vary"].split(", "))}


@pytest.fixture
def known(shop: Shop, terminal: Client) -> Client:
    """A terminal that has asked here before."""
    assert get(terminal, look_up(shop, "MUG-1"))[0].status_code == 200
    noted_now(shop)
    return terminal


@pytest.fixture
def shelf(shop: Shop) -> Shop:
    """Of everything that an answer may tell, something."""
    with business(shop.business), transaction.atomic():
        LocationPrice.objects.create(
            variation=shop.tea, location=shop.high_street, price=Decimal("10.0500")
        )
        odd = make_product(
            'Odd "quotes" \\ and / <b>\t\x01\x7f\u2028\u2029 – Straße, 緑茶 🍵',
            sku="ODD-1",
            price="0.1250",
            is_stocked=False,
            category=Category.objects.create(name='Half "price"'),
        )
        Barcode.objects.create(variation=odd, code="00012")
        Barcode.objects.create(variation=odd, code="B-12")
        Barcode.objects.create(variation=odd, code="a-12")
        make_product("Gift card", sku="GIFT", price="20", is_stocked=False, adds_credit=True)
        shop.mug.product.image = "products/1/3f9c0a1b2c3d4e5f.webp"
        shop.mug.product.save()
        shirt = Product.objects.create(name="Shirt", unit=shop.piece)
        for position, size in enumerate(("S", "M", "L")):
            Variation.objects.create(
                product=shirt, name=size, sku=f"SHIRT-{size}", price=15, position=position
            )
        refresh_search([shirt.pk])
        # The SKU of one is the barcode of another, and in another case that of a third.
        Barcode.objects.create(variation=shop.wrapping, code="MUG-1")
        make_product("Mug of another case", sku="mug-1", unit=shop.kilo)
        gone = make_product("Mug that is gone", sku="GONE")
        Product.objects.filter(pk=gone.product_id).update(is_for_sale=False)
    return shop


CODES = ("5901234123457", "MUG-1", "mug-1", "Mug-1", "TEA", "tea", " WRAP ", "ODD-1", "00012",
         "a-12", "A-12", "GIFT", "SHIRT-M")  # fmt: skip
TEXTS = ("mug", "MUG", "tea", "blue mug", "mug blue", "m", "s", "shirt", "odd quotes", "ea", "irt",
         "strasse", "緑茶", "gift", "%", "_", "\\", "590", "5901234123457", "000", "a-1", "nothing",
         "nothing here", "mug mug", "' OR 1=1 --", "🍵", "gone")  # fmt: skip


@pytest.mark.parametrize("who", ["Cashier", "Owner", "operator"])
def test_it_is_the_same_answer(shelf: Shop, who: str) -> None:
    if who == "operator":
        terminal = working(counter(shelf)[1], give_pin(shelf, "Manager"))
    else:
        terminal = with_token(make_device(shelf, user=shelf.people[who])[1])
    assert both_ways(shelf, terminal, look_up(shelf, "MUG-1"))["sku"] == "WRAP"
    for code in CODES:
        both_ways(shelf, terminal, look_up(shelf, code))
    for text in TEXTS:
        both_ways(shelf, terminal, items(shelf, text))
    found = both_ways(shelf, terminal, items(shelf, "shirt"))["results"]
    assert [one["name"] for one in found] == ["Shirt – S", "Shirt – M", "Shirt – L"]


@pytest.mark.parametrize(("currency", "price"), [("EUR", "5.00"), ("JPY", "5"), ("KWD", "5.000")])
def test_amounts_have_the_decimals_of_the_currency(
    shelf: Shop, terminal: Client, currency: str, price: str
) -> None:
    Business.objects.filter(pk=shelf.business.pk).update(currency=currency)
    assert both_ways(shelf, terminal, look_up(shelf, "5901234123457"))["price"] == price
    both_ways(shelf, terminal, items(shelf, "o"))


@pytest.mark.parametrize("permissions", [["sell.create"], ["product.view", "stock.view"]])
def test_stock_is_told_to_who_may_see_it(
    shelf: Shop, terminal: Client, permissions: list[str]
) -> None:
    with business(shelf.business), transaction.atomic():
        Role.objects.update(permissions=permissions)
    mug = both_ways(shelf, terminal, look_up(shelf, "5901234123457"))
    assert mug["stock"] == ("10" if "stock.view" in permissions else None)
    both_ways(shelf, terminal, items(shelf, "mug"))
    with business(shelf.business), transaction.atomic():
        Device.objects.update(permissions=["sell.create", "product.view"])
    assert both_ways(shelf, terminal, look_up(shelf, "5901234123457"))["stock"] is None


def test_of_very_many_both_show_the_same_ones(shop: Shop, terminal: Client) -> None:
    with business(shop.business), transaction.atomic():
        for n in range(70):
            make_product(f"{'Paint' if n % 3 else 'Painting'} {n:02d} {'ab'[n % 2]}", sku=f"PX{n}")
    for text in ("paint", "p", "px", "PX1", "paint b", "ain", "aint in"):
        found = both_ways(shop, terminal, items(shop, text))["results"]
        assert len(found) <= 50
    found = both_ways(shop, terminal, items(shop, "paint"))["results"]
    # Of one word those with the whole word first, and by name what is shown.
    names = [one["name"] for one in found]
    assert len(names) == 50 and names == sorted(names)
    assert sum(name.startswith("Paint ") for name in names) == 46


def change(model: Any, **fields: Any) -> Callable[[Shop], Any]:
    return lambda shop: model.objects.update(**fields)


def elsewhere(shop: Shop) -> None:
    Register.objects.create(
        name="Till 2", location=shop.high_street, prefix="T2", device=Device.objects.get()
    )


@pytest.mark.parametrize(
    "url", [lambda shop: look_up(shop, "MUG-1"), lambda shop: items(shop, "mug")]
)
@pytest.mark.parametrize(
    ("what", "status", "code"),
    [
        (change(Device, revoked_at=LONG_AGO), 401, "not_authenticated"),
        (change(Device, expires_at=LONG_AGO), 401, "not_authenticated"),
        (change(Device, token_hash="0" * 64), 401, "not_authenticated"),
        (change(Device, addresses=["203.0.113.0/24"]), 403, "address_refused"),
        (change(Device, needs_operator=True), 403, "permission_denied"),
        (change(Device, permissions=["sell.view"]), 403, "permission_denied"),
        (change(Membership, is_active=False), 401, "not_authenticated"),
        (change(Role, permissions=["sell.view"]), 403, "permission_denied"),
        (change(Business, is_active=False), 401, "not_authenticated"),
        (change(Location, is_active=False), 401, "not_authenticated"),
        (change(Register, is_active=False), 409, "register_inactive"),
        (change(Register, is_history=True), 404, "not_found"),
        (lambda shop: User.objects.update(is_active=False), 401, "not_authenticated"),
        (change(Membership, all_locations=False), 404, "not_found"),
        (elsewhere, 404, "not_found"),
    ],
)  # fmt: skip
def test_what_ends_it_ends_it_at_the_next_request(
    shop: Shop, known: Client, url: Any, what: Any, status: int, code: str
) -> None:
    assert is_at_once(get(known, url(shop))[1])
    with business(shop.business), transaction.atomic():
        what(shop)
    said(get(known, url(shop))[0], status, code)


@pytest.mark.parametrize(
    "what", [change(Product, is_active=False), change(Product, is_for_sale=False),
             change(Variation, is_active=False)],
)  # fmt: skip
def test_what_is_not_sold_is_not_found(shop: Shop, known: Client, what: Any) -> None:
    with business(shop.business), transaction.atomic():
        what(shop)
    said(get(known, look_up(shop, "MUG-1"))[0], 404, "not_found")
    assert both_ways(shop, known, items(shop, "mug"))["results"] == []


def test_who_signed_out_looks_nothing_up(shop: Shop) -> None:
    terminal = working(counter(shop)[1], give_pin(shop, "Cashier"))
    both_ways(shop, terminal, look_up(shop, "MUG-1"))
    with business(shop.business), transaction.atomic():
        OperatorSession.objects.update(ended_at=timezone.now())
    said(get(terminal, look_up(shop, "MUG-1"))[0], 401, "operator_signed_out")


def test_a_hint_opens_nothing(shop: Shop, other_shop: Shop, known: Client) -> None:
    """A wrong one, as none, is asked about at the door; who has no token has no hint."""
    for token_hash in list(hints._known):
        hints.note(token_hash, other_shop.business.pk)
    answer, statements = get(known, look_up(shop, "MUG-1"))
    assert answer.json()["id"] == str(shop.mug.pk) and not is_at_once(statements)
    stranger = with_token("tb_" + "x" * 43)
    said(get(stranger, look_up(shop, "MUG-1"))[0], 401, "not_authenticated")


def test_nothing_of_another_business(shop: Shop, other_shop: Shop, known: Client) -> None:
    with business(other_shop.business), transaction.atomic():
        make_product("Mug of theirs", sku="THEIRS", barcode="4000000000006")
    for code in ("THEIRS", "4000000000006"):
        said(get(known, look_up(shop, code))[0], 404, "not_found")
    assert both_ways(shop, known, items(shop, "theirs"))["results"] == []
    said(get(known, look_up(other_shop, "MUG-1"))[0], 404, "not_found")


def test_visits_are_noted_by_the_usual_way(shop: Shop, known: Client) -> None:
    with business(shop.business), transaction.atomic():
        Device.objects.update(last_seen_at=LONG_AGO)
    answer, statements = get(known, look_up(shop, "MUG-1"))
    assert answer.status_code == 200 and not is_at_once(statements)
    with business(shop.business), transaction.atomic():
        seen = Device.objects.get().last_seen_at
        assert seen is not None and seen > LONG_AGO + timedelta(days=1)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("items?register={register}&q=" + "x" * 101, 400),
        ("items?register={register}&q=%00", 400),
        ("items?register=nonsense&q=mug", 400),
        ("items?q=mug", 400),
        ("items?register={register}&q=%20", 200),
        ("items?register={register}", 200),
        ("items/lookup?register={register}", 404),
        ("items/lookup?register={register}&code=", 404),
        ("items/lookup?register={register}&code=nothing", 404),
        ("items/lookup?register={register}&code=%ff", 404),
        ("items/lookup?register={register}&id={mug}", 200),
        ("items/lookup?register={register}&id=nonsense", 400),
    ],
)
def test_the_rest_is_answered_by_the_usual_way(
    shop: Shop, known: Client, path: str, status: int
) -> None:
    url = "/api/v1/" + path.format(register=shop.register.pk, mug=shop.mug.pk)
    answer, statements = get(known, url)
    assert answer.status_code == status and not is_at_once(statements)


def test_an_id_beside_a_code_counts_for_nothing(shop: Shop, known: Client) -> None:
    url = f"{look_up(shop, 'TEA')}&id={shop.mug.pk}"
    assert both_ways(shop, known, url)["sku"] == "TEA"


def test_other_verbs_and_kinds_of_answers_go_the_usual_way(shop: Shop, known: Client) -> None:
    head = known.head(look_up(shop, "MUG-1"))
    assert (head.status_code, head.content) == (200, b"")
    said(known.post(look_up(shop, "MUG-1")), 405, "method_not_allowed")
    said(get(known, look_up(shop, "MUG-1"), Accept="text/html")[0], 406, "not_acceptable")
