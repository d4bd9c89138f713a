"use strict";
/** Keeping a copy of the catalogue: pages, new copies beside old ones, and holes. */

const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { test, before, beforeEach } = require("node:test");
const { load } = require("./till.cjs");

let copying;
before(async () => {
  copying = await load("copying");
});

const row = (id, version = "1") => ({ id, version });
const MUG = "0199a3c4-7b1e-7d61-9a6e-0d4a35bb2f0e";
const TEA = "5bc8fbbc-bde5-c099-4164-d8399f767cff";

/** A copy in memory, as `copies` keeps it on the device. */
function memory(name) {
  const copy = { name, meta: {}, rows: {}, closed: false };
  const objects = (list) => (copy.rows[list] ??= new Map());
  copy.note = async (meta) => void (copy.meta = { ...copy.meta, ...meta });
  copy.take = async ({ removed, rows }, meta) => {
    if (copy.full) throw new DOMException("full", "QuotaExceededError");
    for (const [list, ids] of Object.entries(removed)) ids.forEach((id) => objects(list).delete(id));
    for (const [list, some] of Object.entries(rows)) some.forEach((one) => objects(list).set(one.id, one));
    await copy.note(meta);
  };
  copy.refill = async (list, bucket, rows) => {
    for (const id of [...objects(list).keys()]) if (id.endsWith(bucket)) objects(list).delete(id);
    rows.forEach((one) => objects(list).set(one.id, one));
  };
  copy.sums = async (list) => {
    const total = copying.summing();
    objects(list).forEach(total.add);
    return total.sums();
  };
  copy.close = () => (copy.closed = true);
  return copy;
}

let device; // {whole, fresh}: what the device has kept
let dropped;
let log;
let clock;
beforeEach(() => {
  device = { whole: null, fresh: null };
  [dropped, log, clock] = [[], [], 1000];
});

/** A keeper whose server gives these answers, one for each page asked for. */
function keeper(answers, more = {}) {
  const copies = {
    open: async () => device,
    begin: async () => memory(`new${dropped.length}`),
    drop: async (copy) => void dropped.push(copy.name),
  };
  const page = async (cursor, tag) => {
    log.push(`${cursor}|${tag}`);
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer === null ? { data: null } : { data: { reset: null, settings: null, removed: {}, rows: {}, more: false, ...answer }, tag: `W/${answer.cursor}` };
  };
  const told = [];
  const kept = copying.copying({ copies, ask: { page, ...more.ask }, told: (one) => told.push(one), settings: more.settings, now: () => clock });
  return Object.assign(kept, { told });
}

const FIRST = { reset: "new", settings: {}, cursor: "c1", rows: { products: [row(MUG)] }, more: true };
const LAST = { cursor: "c2", rows: { variations: [row(TEA)] } };

test("a first copy is not asked before it is whole", async () => {
  const kept = keeper([{ ...FIRST }, LAST]);
  await kept.open();
  assert.equal(kept.whole(), null);
  await kept.round();
  assert.deepEqual(log, ["|", "c1|W/c1"]);
  const { meta, rows } = kept.whole();
  assert.deepEqual([meta.cursor, meta.whole, meta.at, meta.taken], ["c2", true, 1000, 2]);
  assert.deepEqual([...rows.products.keys(), ...rows.variations.keys()], [MUG, TEA]);
  assert.ok(kept.told.slice(0, -2).every(({ whole }) => whole === null));
});

test("after a reload it goes on where it was", async () => {
  device.fresh = memory("a");
  device.fresh.meta = { cursor: "c1", tag: "W/c1", taken: 1 };
  const kept = keeper([LAST]);
  await kept.open();
  await kept.round();
  assert.deepEqual(log, ["c1|W/c1"]);
  assert.equal(kept.whole().name, "a");
  assert.equal(kept.whole().meta.taken, 2);
});

/** With a whole copy that has the mug. */
async function opened(answers, more) {
  device.whole = memory("old");
  await device.whole.take({ removed: {}, rows: { products: [row(MUG)] } }, { cursor: "c5", tag: "t", whole: true, at: 1, checked: 1000 });
  const kept = keeper(answers, more);
  await kept.open();
  return kept;
}

test("what is removed goes, what comes is there, and nothing new is a look at the clock", async () => {
  const kept = await opened([{ cursor: "c6", removed: { products: [MUG] }, rows: { products: [row(TEA)] } }, null]);
  await kept.round();
  assert.deepEqual([...kept.whole().rows.products.keys()], [TEA]);
  clock = 2000;
  await kept.round();
  assert.deepEqual(log, ["c5|t", "c6|W/c6"]);
  assert.equal(kept.whole().meta.at, 2000);
});

for (const reset of ["expired", "restored", "unknown"]) {
  test(`${reset}: the old copy is asked until the new one is whole`, async () => {
    const kept = await opened([{ ...FIRST, reset }, new Error("net"), LAST]);
    await assert.rejects(kept.round());
    assert.equal(kept.whole().name, "old");
    await kept.round();
    assert.equal(kept.whole().name, "new0");
    assert.deepEqual(dropped, ["old"]);
  });
}

test("who may see less is shown nothing of the old copy", async () => {
  const kept = await opened([{ ...FIRST, reset: "access" }, new Error("net")]);
  await assert.rejects(kept.round());
  assert.equal(kept.whole(), null);
  assert.deepEqual(dropped, ["old"]);
});

test("a half-made copy is forgotten when another begins", async () => {
  device.fresh = memory("half");
  device.fresh.meta = { cursor: "c1" };
  const kept = keeper([{ ...FIRST, reset: "expired" }, LAST]);
  await kept.open();
  await kept.round();
  assert.deepEqual(dropped, ["half"]);
  assert.equal(kept.whole().meta.cursor, "c2");
});

test("settings are told where they have changed, and not for a new copy", async () => {
  let told = 0;
  const settings = () => (told += 1);
  const kept = await opened([{ cursor: "c6", settings: { business: {} } }, null], { settings });
  await kept.round();
  await kept.round();
  assert.equal(told, 1);
  device = { whole: null, fresh: null };
  const other = keeper([{ ...FIRST, more: false }], { settings });
  await other.open();
  await other.round();
  assert.equal(told, 1);
});

test("a full device is told, and the cursor stays where it was", async () => {
  const kept = await opened([{ cursor: "c6", rows: { products: [row(TEA)] } }]);
  kept.whole().full = true;
  await assert.rejects(kept.round(), { name: "QuotaExceededError" });
  assert.equal(kept.whole().meta.cursor, "c5");
});

// -- holes ----------------------------------------------------------------------------------------

const VECTORS = JSON.parse(fs.readFileSync(path.join(__dirname, "../vectors/sync.json"), "utf8"));
for (const { name, rows, sums } of VECTORS) {
  test(`checksums: ${name}`, () => {
    const total = copying.summing();
    rows.forEach(total.add);
    const found = Object.fromEntries(total.sums().map((sum, at) => [at.toString(16).padStart(2, "0"), sum]));
    for (const [bucket, sum] of Object.entries(found)) assert.equal(sum, sums[bucket] ?? "0", bucket);
  });
}

const sumsOf = (rows) => {
  const total = copying.summing();
  rows.forEach(total.add);
  return { count: rows.length, sums: total.sums() };
};

test("once a day holes are looked for and filled", async () => {
  const asked = [];
  const ask = {
    sums: async () => (asked.push("sums"), { products: sumsOf([row(MUG, "7"), row(TEA)]), customers: sumsOf([row(TEA)]) }),
    bucket: async (list, bucket) => (asked.push(`${list}/${bucket}`), bucket === "0e" ? [row(MUG, "7")] : [row(TEA)]),
  };
  const kept = await opened([null, null, null], { ask });
  await kept.round();
  assert.deepEqual(asked, []);
  clock += 25 * 3600 * 1000;
  await kept.round();
  assert.deepEqual(asked, ["sums", "products/0e", "products/ff"]);
  assert.deepEqual([...kept.whole().rows.products.values()], [row(MUG, "7"), row(TEA)]);
  await kept.round();
  assert.equal(asked.length, 3);
});

test("a copy that is mostly holes begins anew", async () => {
  const rows = Array.from({ length: 200 }, (_, n) => row(MUG.slice(0, -2) + n.toString(16).padStart(2, "0"), "9"));
  const kept = await opened([null, { ...FIRST, more: false }], { ask: { sums: async () => ({ products: sumsOf(rows) }) } });
  clock += 25 * 3600 * 1000;
  await kept.round();
  assert.equal(kept.whole(), null);
  assert.deepEqual(dropped, ["old"]);
  await kept.round();
  assert.equal(kept.whole().meta.cursor, "c1");
});

test("what is let go of while the server answers begins nothing new", async () => {
  const kept = await opened([{ ...FIRST, reset: "expired" }]);
  const round = kept.round();
  kept.close();
  await assert.rejects(round, /let go/);
  assert.equal(kept.whole(), null);
  assert.deepEqual(dropped, []);
});
