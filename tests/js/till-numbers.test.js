"use strict";
/** Numbers of the till's own: none twice, none left out, and another series when in doubt. */

const assert = require("node:assert/strict");
const { test, before } = require("node:test");
const { load } = require("./till.cjs");

let numbering;
before(async () => {
  ({ numbering } = await load("numbers"));
});

/** A browser's store, the sales that wait, and a server that gives series. */
function world() {
  const stored = new Map();
  const series = new Map();
  const waiting = [];
  let ids = 0;
  let away = false;
  const parts = {
    store: { get: async (register) => stored.get(register) ?? null, put: async (one) => void stored.set(one.register, { ...one }) },
    ask: async ({ id, register }) => {
      if (away) throw new Error("away");
      if (!series.has(id)) series.set(id, { prefix: `${register}-A${"ABC"[series.size]}`, last: 0 });
      return series.get(id);
    },
    used: async () => waiting,
    makeId: () => `id${(ids += 1)}`,
  };
  return { stored, series, waiting, parts, till: () => numbering(parts), cut: (yes) => (away = yes) };
}

test("it counts from 1 in the series that the server gives", async () => {
  const { till } = world();
  const numbers = till();
  assert.equal(numbers.next(), null, "before it was ready there is none");
  await numbers.prepare("HS1");
  assert.deepEqual([numbers.next(), numbers.next()], ["HS1-AA000001", "HS1-AA000002"]);
});

test("a page that opens again goes on, with a line and without", async () => {
  const { till, cut } = world();
  const first = till();
  await first.prepare("HS1");
  first.next();
  await first.keep();
  cut(true);
  const second = till();
  await second.prepare("HS1");
  assert.equal(second.next(), "HS1-AA000002");
});

test("a page that died before it kept its counter reads it off the sales that wait", async () => {
  const { till, waiting } = world();
  const first = till();
  await first.prepare("HS1");
  waiting.push(first.next(), first.next(), null);
  const second = till();
  await second.prepare("HS1");
  assert.equal(second.next(), "HS1-AA000003");
});

test("an emptied store, or an older one, gets another series", async () => {
  const { till, stored, series } = world();
  const first = till();
  await first.prepare("HS1");
  const before = structuredClone([...stored]);
  first.next();
  await first.keep();
  series.get("id1").last = 1; // It was handed in.
  stored.clear();
  for (const [key, value] of before) stored.set(key, value);
  const restored = till();
  await restored.prepare("HS1");
  assert.equal(restored.next(), "HS1-AB000001");
  stored.clear();
  const emptied = till();
  await emptied.prepare("HS1");
  assert.equal(emptied.next(), "HS1-AC000001");
});

test("a till that never had a line has no numbers, and asks once for the same series", async () => {
  const { till, cut, series } = world();
  cut(true);
  const numbers = till();
  await assert.rejects(numbers.prepare("HS1"), /away/);
  assert.equal(numbers.next(), null);
  cut(false);
  await till().prepare("HS1");
  assert.deepEqual([...series.keys()], ["id1"]);
});

test("each register has its own", async () => {
  const { till } = world();
  const numbers = till();
  await numbers.prepare("HS1");
  numbers.next();
  await numbers.keep();
  await numbers.prepare("HS2");
  assert.equal(numbers.next(), "HS2-AB000001");
});
