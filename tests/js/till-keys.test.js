"use strict";
/** Keys, ids and texts. */

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { test, before } = require("node:test");
const { webcrypto } = require("node:crypto");
const { FOLDER, load } = require("./till.cjs");

// Browsers have it everywhere; Node 18, which Debian ships, only as a module.
globalThis.crypto ??= webcrypto;

let keys;
let ids;
before(async () => {
  keys = await load("keys");
  ids = await load("ids");
});

const EMPTY = { empty: true, results: false };
const TYPED = { empty: false, results: false };
const LIST = { empty: false, results: true };

test("function keys work whatever is typed", () => {
  for (const context of [EMPTY, TYPED, LIST]) {
    assert.equal(keys.actionFor({ key: "F9" }, context), "pay_cash");
    assert.equal(keys.actionFor({ key: "F7" }, context), "line_discount");
    assert.equal(keys.actionFor({ key: "Escape" }, context), "back");
  }
});

test("arrows and Delete belong to the text while there is one", () => {
  assert.equal(keys.actionFor({ key: "Delete" }, EMPTY), "remove");
  assert.equal(keys.actionFor({ key: "Delete" }, TYPED), null);
  assert.equal(keys.actionFor({ key: "ArrowRight" }, EMPTY), "more");
  assert.equal(keys.actionFor({ key: "ArrowRight" }, TYPED), null);
  assert.equal(keys.actionFor({ key: "ArrowUp" }, EMPTY), "line_up");
});

test("an open list takes the arrows and Enter", () => {
  assert.equal(keys.actionFor({ key: "ArrowDown" }, LIST), "result_down");
  assert.equal(keys.actionFor({ key: "Enter" }, LIST), "result_add");
  assert.equal(keys.actionFor({ key: "Enter" }, EMPTY), null);
});

test("the system's and the browser's own keys are left to them", () => {
  assert.equal(keys.actionFor({ key: "F4", altKey: true }, EMPTY), null);
  assert.equal(keys.actionFor({ key: "ArrowLeft", metaKey: true }, EMPTY), null);
  assert.equal(keys.actionFor({ key: "F5" }, EMPTY), null);
  assert.equal(keys.actionFor({ key: "p", ctrlKey: true }, EMPTY), "print");
  assert.equal(keys.actionFor({ key: "F9", isComposing: true }, EMPTY), null);
});

test("no key means two things, and the help knows every function key", () => {
  const listed = keys.KEYS.map(({ key }) => key);
  assert.equal(new Set(listed).size, listed.length);
  for (const { key, action } of keys.KEYS.filter(({ key }) => /^F\d+$/.test(key))) {
    assert.equal(keys.actionFor({ key }, EMPTY), action, key);
  }
});

test("ids are UUIDs of version 7 in the order of their making", () => {
  const id = ids.uuid7(0x0190_0000_0001);
  assert.match(id, /^01900000-0001-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.ok(ids.uuid7(1_000) < ids.uuid7(2_000));
  assert.equal(new Set(Array.from({ length: 1000 }, () => ids.uuid7())).size, 1000);
});

test("every text that the modules name is there, and none is left over", () => {
  const sources = fs
    .readdirSync(FOLDER, { recursive: true })
    .filter((name) => name.endsWith(".js"))
    .map((name) => fs.readFileSync(path.join(FOLDER, name), "utf8"))
    .join("\n");
  const named = new Set([...sources.matchAll(/\bt\("(\w+)"/g), ...sources.matchAll(/text: "(key_\w+)"/g)].map((m) => m[1]));
  for (const problem of sources.matchAll(/return "(\w+_quantity|quantity_\w+)"/g)) named.add(problem[1]);
  for (const key of keys.KEYS) named.add(key.text);
  const sales = path.join(__dirname, "../../sales");
  const python = fs
    .readdirSync(sales)
    .filter((name) => /^till_(\w+_)?texts\.py$/.test(name))
    .map((name) => fs.readFileSync(path.join(sales, name), "utf8"))
    .join("\n");
  const written = new Set([...python.matchAll(/^ {4}"(\w+)":/gm)].map((m) => m[1]));
  assert.deepEqual([...named].filter((name) => !written.has(name)), []);
  // Of a name that is put together, t(`cash_${kind}`), the beginning is known.
  const beginnings = [...sources.matchAll(/\bt\(`(\w+_)\$\{/g)].map((match) => match[1]);
  const isNamed = (name) => named.has(name) || beginnings.some((one) => name.startsWith(one));
  assert.deepEqual([...written].filter((name) => !isNamed(name)), []);
});

test("every method of payment has a key of its own", () => {
  const methods = Object.values(keys.METHOD_KEYS);
  assert.deepEqual([...methods].sort(), ["card", "cash", "credit", "other"]);
  assert.equal(keys.METHOD_KEYS.F7, "credit");
});
