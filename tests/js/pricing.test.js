"use strict";
/** The golden vectors in the browser's twin of the pricing engine: `node --test tests/js/*.test.js`. */

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { test, before } = require("node:test");
const { load, answer } = require("./calls.cjs");

const VECTORS = path.join(__dirname, "../vectors/pricing");
let pricing;
before(async () => {
  pricing = await load();
});

function covers(expected, actual) {
  if (Array.isArray(expected)) {
    return (
      Array.isArray(actual) &&
      expected.length === actual.length &&
      expected.every((item, index) => covers(item, actual[index]))
    );
  }
  if (expected !== null && typeof expected === "object") {
    return Object.keys(expected).every((key) => actual && covers(expected[key], actual[key]));
  }
  return expected === actual;
}

const files = fs.readdirSync(VECTORS).filter((name) => name.endsWith(".json"));
for (const file of files) {
  for (const vector of JSON.parse(fs.readFileSync(path.join(VECTORS, file), "utf8"))) {
    test(`${file}: ${vector.name}`, () => {
      const got = answer(pricing, vector);
      const asked = vector.error ? { error: vector.error } : { result: vector.expect };
      assert.ok(covers(asked, got), JSON.stringify(got, null, 1));
    });
  }
}

test("the vectors are there", () => {
  for (const name of ["pricing", "allocation", "change", "refunds"]) {
    assert.ok(files.includes(`${name}.json`), name);
  }
});

test("a vector that differs is noticed", () => {
  assert.equal(covers({ lines: [{ tax: "0.01" }] }, { lines: [{ tax: "0.02" }] }), false);
  assert.equal(covers([{ tax: "0.01" }], [{ tax: "0.01" }, { tax: "0.01" }]), false);
  assert.equal(covers({ tax: "0.01" }, {}), false);
});

const line = (changes) => ({
  key: "a",
  quantity: "1",
  unit_price: "1.50",
  tax_rate: "20",
  tax_inclusive: true,
  ...changes,
});

test("numbers are refused: a float is not money", () => {
  for (const field of ["quantity", "unit_price", "tax_rate"]) {
    for (const wrong of [1, 1.5, 1n, null, undefined]) {
      const sale = [line({ [field]: wrong })];
      assert.throws(() => pricing.priceSale(sale, { digits: 2 }), TypeError, field);
    }
  }
});

test("a string for the tax setting is refused: 'false' would be true", () => {
  const sale = [line({ tax_inclusive: "false" })];
  assert.throws(() => pricing.priceSale(sale, { digits: 2 }), TypeError);
});

test("unknown kinds of discount and tender are refused", () => {
  const discount = { kind: "half_price", value: "1" };
  assert.throws(() => pricing.priceSale([line()], { discount, digits: 2 }), TypeError);
  const tenders = [{ kind: "cowries", amount: "1.00" }];
  assert.throws(() => pricing.settle("1.00", tenders, { digits: 2 }), TypeError);
});

test("what is no plain decimal is refused", () => {
  for (const quantity of ["", " 1", "1,5", "1e3", "0x10", ".5", "1.", "--1"]) {
    assert.throws(() => pricing.priceSale([line({ quantity })], { digits: 2 }), {
      code: "not_a_number",
      field: "lines.0.quantity",
    });
  }
});

test("the engine imports nothing and knows no float, clock or page", () => {
  const source = fs.readFileSync(
    path.join(__dirname, "../../sales/static/sales/till/pricing.js"),
    "utf8",
  );
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/\/\/.*/g, "");
  for (const word of ["import", "parseFloat", "Math", "toFixed", "Date", "document", "window"]) {
    assert.ok(!new RegExp(`\\b${word}\\b`).test(code), word);
  }
});
