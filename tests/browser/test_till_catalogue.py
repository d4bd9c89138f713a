"""The till's own copy of the catalogue: it sells without a line what it never sold before."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from inventory.models import Barcode, LocationPrice, Product, Variation
from sales.models import Sale
from tests.browser.conftest import OpenTill, Server
from tests.browser.till import MUG, Till, stock
from tests.factories import Shop, make_product
from tests.sync.large import fill

pytestmark = [pytest.mark.browser, pytest.mark.sqlite, pytest.mark.slow]

SYNC = "**/api/v1/sync*"
PLATE = "4006381333931"
# What the till says of an item by itself, and what the API says of it.
BOTH = """async (code) => {
  const { copiedByCode } = await import("till/catalogue");
  const { server } = await import("till/server");
  const { register_id } = await import("till/state");
  const asked = { register: register_id.value, code };
  return [await copiedByCode(code), await server.get("items/lookup", asked)];
}"""
KEPT = """async () => {
  const copies = (await indexedDB.databases()).map(({ name }) => name);
  const me = Object.keys(localStorage).filter((key) => key.endsWith(".me"));
  return [copies.filter((name) => name.startsWith("catalogue.")), me];
}"""

# How many items a search finds, and how many rows and keys it reads for that.
READS = """async (text) => {
  let read = 0;
  const counted = [];
  for (const [of, names] of [[IDBObjectStore, ["get", "getAll"]], [IDBIndex, ["getAll", "getAllKeys"]]]) {
    for (const name of names) {
      const original = of.prototype[name];
      counted.push(() => (of.prototype[name] = original));
      of.prototype[name] = function (...asked) {
        const request = original.apply(this, asked);
        request.addEventListener("success", ({ target: { result } }) => {
          read += Array.isArray(result) ? result.length : 1;
        });
        return request;
      };
    }
  }
  const { copiedByWords } = await import("till/catalogue");
  const found = await copiedByWords(text);
  counted.forEach((restore) => restore());
  return [found.length, read];
}"""


@pytest.mark.parametrize("width", [1280, 390])
def test_what_was_never_sold_is_found_and_sold_without_a_line(
    open_till: OpenTill, bound: Shop, server: Server, width: int
) -> None:
    plate = make_product("Crème plate", sku="PL-20", barcode=PLATE, price="7.50")
    till = open_till(width=width)
    page = till.page
    till.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    till.copied(4)
    server.stop()
    page.reload()
    expect(page.get_by_text("products come from the catalogue of")).to_be_visible()
    till.shot("catalogue-offline")
    # By its barcode, by a word without its accent, and by a weight.
    till.scan(PLATE)
    expect(till.quantity("Crème plate", "1")).to_be_visible()
    till.field.press_sequentially("creme pl", delay=60)
    expect(page.get_by_role("option")).to_contain_text("Crème platePL-20none here€7.50")
    till.shot("catalogue-word")
    till.press("Enter")
    expect(till.quantity("Crème plate", "2")).to_be_visible()
    till.scan("0.25*TEA")
    expect(till.quantity("Green tea", "0.25")).to_be_visible()
    expect(till.total).to_have_text("€18.25")
    till.scan("4711")
    expect(till.alert).to_contain_text("Not in the catalogue here")
    till.shot("catalogue-unknown")
    till.pay_exact()
    expect(page.get_by_text("Receipt ACM1-AA000001")).to_be_visible()
    server.start()
    expect(till.outbox()).to_have_count(0)
    sale = Sale.objects.get()
    assert (sale.number, sale.total, sale.is_offline) == ("ACM1-AA000001", Decimal("18.25"), True)
    assert stock(bound.tea) == Decimal("4.25")
    assert stock(plate) == -2
    assert [(line.tax_rate, line.tax_name) for line in sale.lines.order_by("line")] == [
        (Decimal(0), ""),
        (Decimal(20), "VAT 20%"),
    ]
    # Once: another look sends nothing more.
    page.reload()
    till.ready()
    assert Sale.objects.count() == 1


def test_the_copy_says_what_the_api_says(open_till: OpenTill, bound: Shop) -> None:
    LocationPrice.objects.create(
        variation=bound.mug, location=bound.high_street, price=Decimal("4.25")
    )
    LocationPrice.objects.create(variation=bound.tea, location=bound.market, price=Decimal(9))
    Product.objects.filter(pk=bound.tea.product_id).update(image="products/tea.webp")
    Variation.objects.create(product=bound.mug.product, name="Large", sku="mug-l", price=8)
    voucher = make_product("Voucher", sku="V", barcode="V1", price="25", adds_credit=True)
    Product.objects.filter(pk=voucher.product_id).update(tax_rate=bound.tax)
    # A barcode counts before another item's SKU.
    Barcode.objects.create(variation=bound.wrapping, code="TEA-9")
    make_product("Other tea", sku="TEA-9")
    till = open_till("manager")
    till.copied(6)
    for code in ("MUG-1", "mug-1", MUG, "TEA", "WRAP", "V1", "V", "TEA-9", "MUG-L"):
        mine, theirs = till.evaluate(f"() => ({BOTH})({code!r})")
        assert mine == theirs, code
        assert mine is not None


def test_changes_come_and_what_goes_is_gone(open_till: OpenTill, bound: Shop) -> None:
    till = open_till()
    till.copied(3)
    Variation.objects.filter(pk=bound.mug.pk).update(price=Decimal("5.50"))
    bound.wrapping.product.delete()
    make_product("Plate", sku="PL", barcode=PLATE)
    till.poll()
    asked: list[str] = []
    till.page.on("request", lambda request: asked.append(request.url))
    till.scan(MUG, PLATE)
    expect(till.total).to_have_text("€10.50")
    assert not [url for url in asked if "/items" in url]
    till.scan("WRAP")
    expect(till.alert).to_contain_text("Unknown code: WRAP")


def test_a_price_that_changed_since_is_asked_about_before_it_is_paid(
    open_till: OpenTill, bound: Shop
) -> None:
    till = open_till()
    till.copied(3)
    till.page.route(SYNC, lambda route: route.abort())
    till.scan(MUG)
    expect(till.total).to_have_text("€5.00")
    Variation.objects.filter(pk=bound.mug.pk).update(price=Decimal(6))
    till.pay_exact()
    expect(till.dialog).to_contain_text("Prices have changed")
    till.press("Enter")
    expect(till.page.get_by_label("Cash given")).to_have_value("6.00")
    till.press("Enter")
    expect(till.page.get_by_text("Receipt ACM1")).to_be_visible()
    assert Sale.objects.get().total == 6


def test_the_till_sells_while_the_copy_is_made_and_goes_on_after_a_reload(
    open_till: OpenTill, bound: Shop
) -> None:
    till = open_till(shift=False)
    page = till.page
    asked: list[str] = []
    pages = [3]

    def one_page(route: Route) -> None:
        """Pages of three rows, of which only some come before the line breaks."""
        if len(asked) >= pages[0]:
            route.abort()
            return
        asked.append(route.request.url)
        route.continue_(url=route.request.url.replace("limit=2000", "limit=3"))

    page.route(SYNC, one_page)
    till.open_shift()
    expect(page.locator(".till-head > [data-catalogue=filling]")).to_have_text(
        "Catalogue arriving: 9 entries"
    )
    till.shot("catalogue-filling")
    till.scan(MUG)
    expect(till.lines).to_have_count(1)
    pages[0] = 100
    page.reload()
    till.copied(3)
    # Not from the beginning.
    assert len(asked) > 3
    assert all("since=gAAAA" in url for url in asked[1:])
    till.pay_exact()
    expect(page.get_by_text("Receipt ACM1")).to_be_visible()


def test_holes_are_found_and_healed(open_till: OpenTill, bound: Shop) -> None:
    till = open_till()
    till.copied(3)
    # Elsewhere, for the till writes there, too.
    till.page.goto(bound.url("sales/"))
    till.evaluate("""async () => {
      const { name } = (await indexedDB.databases()).find((one) => one.name.startsWith("catalogue."));
      const wait = (request) => new Promise((done) => (request.onsuccess = () => done(request.result)));
      const database = await wait(indexedDB.open(name));
      const transaction = database.transaction(["variations", "meta"], "readwrite");
      const [key] = await wait(transaction.objectStore("variations").getAllKeys());
      transaction.objectStore("variations").delete(key);
      const meta = await wait(transaction.objectStore("meta").get("meta"));
      await wait(transaction.objectStore("meta").put({ ...meta, checked: 0, cursor: meta.cursor }, "meta"));
      database.close();
    }""")
    asked: list[str] = []
    till.page.on("request", lambda request: asked.append(request.url))
    till.page.goto(bound.url("till/"))
    till.copied(3)
    till.poll()
    buckets = [url for url in asked if "/buckets/" in url]
    assert len(buckets) == 1 and "/sync/buckets/variations/" in buckets[0]
    for code in ("MUG-1", "TEA", "WRAP"):
        mine, theirs = till.evaluate(f"() => ({BOTH})({code!r})")
        assert mine == theirs is not None


# -- what may stay ----------------------------------------------------------------------------------


def kept(till: Till) -> Any:
    return till.evaluate(KEPT)


def test_who_is_signed_out_leaves_no_catalogue(
    open_till: OpenTill, bound: Shop, server: Server
) -> None:
    till = open_till()
    page = till.page
    till.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    till.copied(3)
    copies, me = kept(till)
    assert len(copies) == 1 and len(me) == 1
    # The session is ended from elsewhere: the next poll tells.
    page.context.clear_cookies()
    till.poll()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    page.wait_for_function(f"async () => (await ({KEPT})()).flat().length === 0")
    # Without a line nobody gets in again.
    server.stop()
    page.reload()
    expect(page.get_by_role("heading", name="The till cannot open")).to_be_visible()
    server.start()


def test_the_button_for_signing_out_empties_the_device(open_till: OpenTill, bound: Shop) -> None:
    till = open_till("manager")
    till.copied(3)
    till.page.goto(bound.url("sales/"))
    till.page.locator("summary", has_text="Manager Person").click()
    till.page.get_by_role("button", name="Sign out").click()
    expect(till.page.get_by_role("button", name="Sign in")).to_be_visible()
    till.page.wait_for_function(f"async () => (await ({KEPT})()).flat().length === 0")


def test_another_register_has_a_copy_of_its_own(open_till: OpenTill, bound: Shop) -> None:
    till = open_till()
    till.copied(3)
    ((first,), _me) = kept(till)
    bound.wrapping.product.delete()
    market = type(bound.register).objects.create(name="Stall", location=bound.market, prefix="ACM2")
    till.page.reload()
    till.ready()
    till.menu("Another register")
    till.page.get_by_role("button", name="Stall").click()
    till.open_shift()
    till.copied(2)
    ((second,), _me) = kept(till)
    assert str(bound.register.pk) in first and str(market.pk) in second


def test_neither_costs_nor_customers_nor_hidden_stock_are_copied(
    open_till: OpenTill, bound: Shop
) -> None:
    role = bound.roles["Cashier"]
    role.permissions = sorted({*role.permissions, "customer.view"} - {"stock.view"})
    role.save()
    till = open_till()
    till.copied(3)
    rows = till.evaluate("""async () => {
      const { name } = (await indexedDB.databases()).find((one) => one.name.startsWith("catalogue."));
      const wait = (request) => new Promise((done) => (request.onsuccess = () => done(request.result)));
      const database = await wait(indexedDB.open(name));
      const found = {};
      for (const list of database.objectStoreNames) {
        found[list] = await wait(database.transaction(list).objectStore(list).getAll());
      }
      database.close();
      return found;
    }""")
    assert "customers" not in rows and rows["stock"] == []
    assert len(rows["variations"]) == 3
    assert not [name for one in rows["variations"] for name in one if "cost" in name]
    mine, theirs = till.evaluate(f"() => ({BOTH})('MUG-1')")
    assert mine == theirs and mine["stock"] is None


def test_a_device_without_room_goes_on_without(open_till: OpenTill, bound: Shop) -> None:
    till = open_till(shift=False)
    till.page.add_init_script("""
      const put = IDBObjectStore.prototype.put;
      IDBObjectStore.prototype.put = function (value, key) {
        if (this.name === "products") throw new DOMException("full", "QuotaExceededError");
        return key === undefined ? put.call(this, value) : put.call(this, value, key);
      };
    """)
    till.page.reload()
    till.open_shift()
    refused = till.page.locator(".till-head > [data-catalogue=refused]")
    expect(refused).to_have_text("No catalogue kept on this device")
    assert kept(till)[0] == []
    till.scan(MUG)
    expect(till.lines).to_have_count(1)
    till.pay_exact()
    expect(till.page.get_by_text("Receipt ACM1")).to_be_visible()


def test_thousands_of_items_and_none_read_through(
    open_till: OpenTill, bound: Shop, server: Server
) -> None:
    """Asserts how many rows are read, and never how long that takes."""
    fill(bound, 6000, each=2)
    till = open_till()
    till.copied(6003)
    server.stop()
    till.field.press_sequentially("oak 2999", delay=60)
    expect(till.page.get_by_role("option")).to_have_count(2)
    expect(till.page.get_by_role("option").first).to_contain_text("Thing “2999” of oak")
    till.press("Escape")
    for text, found, most in (("thing", 50, 1500), ("2999 oak", 2, 1100), ("oak zebra", 0, 1100)):
        count, read = till.evaluate(f"() => ({READS})({text!r})")
        assert count == found, text
        assert 0 < read < most, (text, read)
    count, read = till.evaluate(f"() => ({READS})('0000000004242')")
    assert count == 1 and read < 20
    till.scan("0000000004242")
    expect(till.quantity("Thing “2121” of oak", "1")).to_be_visible()
    server.start()
    expect(till.page.get_by_text("Online")).to_be_visible()
