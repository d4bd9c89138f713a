"use strict";
/** Sales on their way: saved before they are sent, gone after the answer, never doubled, never lost. */

const assert = require("node:assert/strict");
const { test, before, beforeEach } = require("node:test");
const { load } = require("./till.cjs");

let api;
let outbox;
before(async () => {
  api = await load("api");
  ({ outbox } = await load("outbox"));
});

let stored;
let log;
const store = {
  put: async (entry) => {
    log.push(`put ${entry.id} ${entry.state}`);
    stored.set(entry.id, entry);
  },
  delete: async (id) => {
    log.push(`delete ${id}`);
    stored.delete(id);
  },
  all: async () => [...stored.values()],
};
const entry = (id) => ({ id, register: "r1", body: `{"id":"${id}"}`, state: "sending", error: null });

function box(send) {
  const lock = (_name, work) => work();
  const sendAll = async () => [];
  return outbox({ store, send: async (body) => (log.push(`send ${body}`), send(body)), sendAll, lock, changed: async () => {} });
}

beforeEach(() => {
  stored = new Map();
  log = [];
});

test("a sale is kept before it is sent and forgotten after its answer", async () => {
  const told = (sale) => log.push(`recorded ${sale.number}`);
  const sale = await box(() => ({ number: "HS1-1" })).deliver(entry("a"), told);
  assert.equal(sale.number, "HS1-1");
  // The ticket is cleared before the entry goes: between the two, a dying page has the entry.
  assert.deepEqual(log, ["put a sending", 'send {"id":"a"}', "recorded HS1-1", "delete a"]);
});

test("without an answer it waits, and goes out again with the same words", async () => {
  let down = true;
  const sales = box((body) => {
    if (down) throw new api.Unreachable();
    return { id: JSON.parse(body).id };
  });
  assert.equal(await sales.deliver(entry("a"), assert.fail), null);
  assert.equal(stored.get("a").state, "waiting");
  await assert.rejects(sales.flush(), api.Unreachable);
  assert.equal(stored.size, 1);
  down = false;
  assert.deepEqual(await sales.flush(), [{ id: "a" }]);
  assert.equal(stored.size, 0);
  assert.deepEqual(new Set(log.filter((line) => line.startsWith("send"))), new Set(['send {"id":"a"}']));
});

test("a refusal that the cashier sees leaves nothing behind", async () => {
  const sales = box(() => {
    throw new api.Refused(409, { code: "out_of_stock", fields: { mug: "0" } });
  });
  await assert.rejects(sales.deliver(entry("a"), assert.fail), { code: "out_of_stock" });
  assert.equal(stored.size, 0);
});

test("a refusal after the customer has gone is kept, with its reason, and blocks no other", async () => {
  stored.set("a", { ...entry("a"), state: "waiting" });
  stored.set("b", { ...entry("b"), state: "waiting" });
  const sales = box((body) => {
    if (body.includes('"a"')) throw new api.Refused(409, { code: "out_of_stock", message: "Too few." });
    return { id: "b" };
  });
  assert.deepEqual(await sales.flush(), [{ id: "b" }]);
  assert.deepEqual([...stored.keys()], ["a"]);
  assert.equal(stored.get("a").state, "refused");
  assert.equal(stored.get("a").error.message, "Too few.");
  assert.deepEqual(await sales.flush(), [], "a refused sale is not sent again by itself");
});

test("signed out: nothing is judged, everything waits", async () => {
  stored.set("a", { ...entry("a"), state: "waiting" });
  const sales = box(() => {
    throw new api.Refused(401, { code: "not_authenticated" });
  });
  await assert.rejects(sales.flush(), { status: 401 });
  assert.equal(stored.get("a").state, "waiting");
});

test("only this register's sales are sent from here", async () => {
  stored.set("a", { ...entry("a"), register: "r2", state: "waiting" });
  assert.deepEqual(await box(() => ({})).flush({ own: (one) => one.register === "r1" }), []);
  assert.equal(stored.size, 1);
});

// -- made offline ---------------------------------------------------------------------------------

const made = (id) => ({ ...entry(id), state: "waiting", offline: `{"id":"${id}","offline":true}` });
const taken = (id, status = "recorded") => ({ id, status, number: `HS1-AA${id}`, review: [], error: null });

function offlineBox(sendAll) {
  const lock = (_name, work) => work();
  return outbox({ store, send: assert.fail, sendAll, lock, changed: async () => {} });
}

test("what was made offline is handed in together, in its order, and forgotten when it is taken", async () => {
  const asked = [];
  const sales = offlineBox(async (texts) => {
    asked.push(texts);
    return texts.map((text) => taken(JSON.parse(text).id));
  });
  for (let n = 0; n < 30; n += 1) await sales.keep(made(`s${n}`));
  const arrived = await sales.flush();
  assert.deepEqual(asked.map((one) => one.length), [25, 5]);
  assert.equal(asked[0][0], '{"id":"s0","offline":true}');
  assert.equal(arrived.length, 30);
  assert.equal(stored.size, 0);
});

test("recorded, remarked, known already and held: all are the server's now", async () => {
  const statuses = ["recorded", "recorded_with_remarks", "already", "held"];
  for (const one of statuses) stored.set(one, made(one));
  const arrived = await offlineBox(async (texts) => texts.map((text) => taken(JSON.parse(text).id, JSON.parse(text).id))).flush();
  assert.deepEqual(arrived.map(({ status }) => status), statuses);
  assert.equal(stored.size, 0);
});

test("what is left for later waits, what is refused is kept with its reason", async () => {
  stored.set("a", made("a"));
  stored.set("b", made("b"));
  const error = { code: "id_taken", message: "Another one.", fields: {} };
  const answers = [{ ...taken("a", "later") }, { ...taken("b", "id_taken"), error }];
  assert.deepEqual(await offlineBox(async () => answers).flush(), []);
  assert.equal(stored.get("a").state, "waiting");
  assert.deepEqual([stored.get("b").state, stored.get("b").error], ["refused", error]);
});

test("a lost or a wrong answer forgets nothing, and the same is handed in again", async () => {
  const lost = [
    async () => { throw new api.Unreachable(); },
    async () => [],
    async () => [taken("other")],
    async () => { throw new api.Refused(401, { code: "not_authenticated" }); },
  ];
  stored.set("a", made("a"));
  for (const sendAll of lost) {
    await assert.rejects(offlineBox(sendAll).flush());
    assert.deepEqual(stored.get("a"), made("a"));
  }
});

test("a number is given to what waits, and to nothing that has gone", async () => {
  stored.set("a", made("a"));
  const sales = offlineBox(assert.fail);
  const numbered = await sales.amend("a", (one) => ({ ...one, number: "HS1-AA1" }));
  assert.equal(numbered.number, "HS1-AA1");
  assert.equal(stored.get("a").number, "HS1-AA1");
  assert.equal(await sales.amend("b", assert.fail), null);
});

test("what the release before has kept is sent as it sent it", async () => {
  stored.set("a", { ...entry("a"), state: "waiting" });
  assert.deepEqual(await box(() => ({ id: "a" })).flush(), [{ id: "a" }]);
});

test("the three ends of a request", async () => {
  const told = [];
  const answer = (status, text) => async () => new Response(text, { status });
  const ask = (fetch, timeout = 600_000) =>
    api.api({ root: "http://till.test/", csrf: () => "token", reached: (yes) => told.push(yes), fetch, timeout }).get("me");
  assert.deepEqual(await ask(answer(200, '{"a":1}')), { a: 1 });
  await assert.rejects(ask(answer(409, '{"code":"no_open_shift","message":"Open a shift."}')), { name: "Refused", code: "no_open_shift" });
  await assert.rejects(ask(answer(403, "<h1>Forbidden</h1>")), { name: "Refused", status: 403 });
  for (const lost of [answer(502, "{}"), answer(200, "<h1>Hotel</h1>"), async () => { throw new TypeError("network"); }]) {
    await assert.rejects(ask(lost), { name: "Unreachable" });
  }
  const slow = (_url, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  await assert.rejects(ask(slow, 20), { name: "Unreachable" });
  assert.deepEqual(told, [true, true, true, false, false, false, false]);
});
