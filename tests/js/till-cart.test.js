"use strict";
/** The ticket: what scans, changes and refusals make of it. */

const assert = require("node:assert/strict");
const { test, before } = require("node:test");
const { item, load } = require("./till.cjs");

let carts;
before(async () => {
  carts = await load("cart");
});

const tea = item({ id: "tea", name: "Green tea", price: "12.99", allow_decimal: true });

function ticket(...scans) {
  return scans.reduce(
    (cart, [what, quantity], index) => carts.addItem(cart, what, quantity, `line${index}`).cart,
    carts.newCart("sale-1"),
  );
}

test("the same item again counts up its last line", () => {
  const cart = ticket([item(), "1"], [tea, "0.25"], [item(), "2"]);
  assert.deepEqual(cart.lines.map((l) => [l.item.id, l.quantity]), [["mug", "3"], ["tea", "0.25"]]);
});

test("a line with a price of its own is left alone by the next scan", () => {
  const one = carts.changeLine(ticket([item(), "1"]), "line0", { unit_price: "3.00" });
  const { cart, key } = carts.addItem(one, item(), "1", "line9");
  assert.deepEqual(cart.lines.map((l) => [l.quantity, l.unit_price]), [["1", "3.00"], ["1", null]]);
  assert.equal(key, "line9");
});

test("a scan brings the item's present price to all of its lines", () => {
  const { cart } = carts.addItem(ticket([item(), "1"]), item({ price: "6.00" }), "1", "x");
  assert.equal(carts.figures(cart, 2).priced.total, "12.00");
});

test("figures: line discount, sale discount, tax, to the cent", () => {
  let cart = ticket([item(), "2"], [tea, "0.25"]);
  cart = carts.changeLine(cart, "line0", { discount: { kind: "percent", value: "10" } });
  cart = { ...cart, discount: { kind: "fixed", value: "1.00" } };
  const { priced, lines, error } = carts.figures(cart, 2);
  assert.equal(error, null);
  assert.equal(priced.subtotal, "12.25");
  assert.equal(priced.total, "11.25");
  assert.equal(lines.get("line0").discount, "1.00");
});

test("an empty ticket has no figures, and a discount that no longer fits is said", () => {
  assert.equal(carts.figures(carts.newCart("a"), 2).priced, null);
  const cart = { ...ticket([item(), "1"]), discount: { kind: "fixed", value: "9.00" } };
  const { priced, error } = carts.figures(cart, 2);
  assert.equal(priced, null);
  assert.equal(error.code, "discount_too_large");
});

test("what is sent names the lines in order, and nothing the server would not want", () => {
  const cart = { ...ticket([item(), "2"], [tea, "0.25"]), customer: { id: "c1", name: "Carla" } };
  const payments = [{ method: "cash", amount: "20.00" }];
  assert.deepEqual(carts.saleRequest(cart, { register: "r1", payments, total: "13.25" }), {
    id: "sale-1",
    register: "r1",
    lines: [
      { variation: "mug", quantity: "2", discount: null, unit_price: null },
      { variation: "tea", quantity: "0.25", discount: null, unit_price: null },
    ],
    discount: null,
    payments,
    total: "13.25",
    customer: "c1",
    note: "",
  });
});

test("quantities: more than zero, plausible, whole where the unit is", () => {
  assert.equal(carts.quantityProblem(item(), "3"), null);
  assert.equal(carts.quantityProblem(tea, "0.25"), null);
  assert.equal(carts.quantityProblem(item(), "0.5"), "whole_quantity");
  assert.equal(carts.quantityProblem(item(), "0"), "bad_quantity");
  assert.equal(carts.quantityProblem(item(), null), "bad_quantity");
  assert.equal(carts.quantityProblem(item(), "5901234"), "quantity_too_large");
});

test("stock refusals mark every line of the item, and changing the line takes the mark away", () => {
  const marked = carts.markStock(ticket([item(), "20"], [tea, "1"]), { mug: "10.0000" });
  assert.deepEqual(marked.lines[0].problem, { code: "out_of_stock", available: "10" });
  assert.equal(marked.lines[1].problem, null);
  assert.equal(carts.changeLine(marked, "line0", { quantity: "10" }).lines[0].problem, null);
});

test("other prices are named once, gone items marked, untouched ones left", () => {
  const now = new Map([["mug", item({ price: "6.00" })], ["tea", null]]);
  const { cart, changes } = carts.refreshItems(ticket([item(), "1"], [tea, "1"]), now);
  assert.deepEqual(changes, [
    { name: "Blue mug", before: "5.0000", after: "6.00" },
    { name: "Green tea", before: "12.99", after: null },
  ]);
  assert.equal(cart.lines[0].item.price, "6.00");
  assert.equal(cart.lines[1].problem.code, "gone");
  assert.deepEqual(carts.refreshItems(ticket([item(), "1"]), new Map([["mug", item()]])).changes, []);
});

test("selection moves with the arrows, stops at the ends, and survives removal", () => {
  const cart = ticket([item(), "1"], [tea, "1"]);
  assert.equal(carts.stepLine(cart, null, -1), "line1");
  assert.equal(carts.stepLine(cart, "line1", -1), "line0");
  assert.equal(carts.stepLine(cart, "line0", -1), "line0");
  assert.equal(carts.neighbour(cart, "line0"), "line1");
  assert.equal(carts.neighbour(cart, "line1"), "line0");
  assert.equal(carts.neighbour(carts.removeLine(cart, "line0"), "line1"), null);
});

test("what adds credit needs somebody to have it", () => {
  const card = item({ id: "card", adds_credit: true });
  const cart = ticket([item(), "1"], [card, "1"]);
  assert.equal(carts.lacksCustomer(cart), true);
  assert.equal(carts.lacksCustomer({ ...cart, customer: { id: "1", name: "Carla" } }), false);
  assert.equal(carts.lacksCustomer(ticket([item(), "1"])), false);
});

test("what is handed in later says what was charged", () => {
  const own = carts.changeLine(ticket([item(), "1"], [tea, "0.25"]), "line1", { unit_price: "9.00" });
  const asked = { register: "r1", payments: [{ method: "cash", amount: "8.00" }], total: "7.25" };
  const made = { sold_at: "2026-11-21T10:00:00Z", number: "HS1-AA000001", operator: "m1", cash_step: "0.05" };
  const request = carts.offlineRequest(own, asked, made);
  assert.deepEqual(request.lines.map((l) => [l.variation, l.unit_price, l.own_price, l.tax_rate]), [
    ["mug", "5.0000", false, "20.0000"],
    ["tea", "9.00", true, "20.0000"],
  ]);
  assert.equal(request.number, "HS1-AA000001");
  assert.equal(request.offline, true);
  const online = carts.saleRequest(own, asked);
  for (const name of ["id", "register", "payments", "total", "discount", "customer", "note"]) {
    assert.deepEqual(request[name], online[name], name);
  }
  assert.ok(!("number" in carts.offlineRequest(own, asked, { ...made, number: null })));
});
