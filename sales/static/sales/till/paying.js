/** From the ticket to a recorded sale, and what to do about every answer. */

import { batch } from "@preact/signals";
import { Refused } from "till/api";
import { approvalOf, isApproved, keepApproval, lacking, lookForSupervisors } from "till/approval";
import * as carts from "till/cart";
import { keepCatalogue, poll } from "till/catalogue";
import { askCredit } from "till/credit";
import { forget, itemNow, recallItems } from "till/finding";
import { uuid7 } from "till/ids";
import { lock } from "till/locks";
import { numbering } from "till/numbers";
import { outbox } from "till/outbox";
import { settled } from "till/payment";
import { noteSignOut, onReturn, server } from "till/server";
import * as state from "till/state";
import { counters, entries, remember } from "till/store";
import { freshTicket, openTicket, say, warn } from "till/ticket";
import { money, money_of, t } from "till/text";

const withApproval = (approval) => (approval ? { "X-Approval": approval } : undefined);

export const sales = outbox({
  store: entries,
  send: (body) => server.postText("sales", body, withApproval(approvalOf(JSON.parse(body).id))),
  sendAll: async (texts) => (await server.postText("sales/batch", `{"sales":[${texts.join()}]}`)).results,
  lock,
  async changed() {
    const all = await entries.all();
    state.waiting.value = all.filter((entry) => entry.state !== "sending");
  },
});

export const numbers = numbering({
  store: counters,
  ask: (series) => server.post("series", series),
  used: async () => (await entries.all()).map((entry) => entry.number),
  makeId: () => uuid7(),
});

/** Open the payment by this method. Scans that are still looked up may become lines meanwhile. */
export function beginPayment(method) {
  if (state.dialog.value || state.busy.value) return;
  const looking = state.pending.value.length > 0;
  if (carts.lacksCustomer(state.cart.value)) return warn(t("credit_for_nobody"));
  if (!state.sums.value.priced && !looking) return;
  const permissions = lacking(state.cart.value);
  if (permissions.length === 0 || isApproved(state.cart.value)) state.dialog.value = { name: "pay", method };
  else if (!state.connected.value) warn(t("supervisor_offline"));
  else state.dialog.value = { name: "supervisor", permissions, then: (approval) => payApproved(method, approval) };
}

function payApproved(method, approval) {
  keepApproval(state.cart.value, approval);
  state.dialog.value = { name: "pay", method };
}

/**
 * Record the ticket as paid by `tenders`. Does nothing while one is on its way, so that a second
 * Enter is harmless; and the sale's id was made with the ticket, so that no way leads to two.
 */
export async function pay(tenders) {
  if (state.busy.value || state.pending.value.length > 0) return;
  const { priced } = state.sums.value;
  const { change } = settled(priced.total, tenders, money_of.value);
  state.busy.value = true;
  const register = state.register_id.value;
  const cart = state.cart.value;
  const request = carts.saleRequest(cart, { register, payments: tenders, total: priced.total });
  const sold_at = new Date().toISOString();
  const made = { sold_at, number: null, operator: state.me.value.person.id ?? null, cash_step: money_of.value.cash_step };
  const asked = { register, payments: tenders, total: priced.total };
  const entry = {
    id: cart.id,
    register,
    body: JSON.stringify(request),
    offline: JSON.stringify(carts.offlineRequest(cart, asked, made)),
    number: null,
    total: priced.total,
    change,
    created: sold_at,
    state: "sending",
    error: null,
    cart,
  };
  if (!state.connected.value) {
    try {
      await keepOffline(entry, change);
    } finally {
      state.busy.value = false;
    }
    return;
  }
  try {
    const finished = (sale) => finish({ id: cart.id, sale, total: priced.total, change });
    if ((await sales.deliver(entry, finished)) === null) finished(null);
  } catch (error) {
    state.dialog.value = null;
    await refused(error, cart.id);
  } finally {
    state.busy.value = false;
  }
}

/** The server is known to be away: the sale is done here, under a number of this till's own. */
async function keepOffline(entry, change) {
  const kept = numbered(entry);
  await sales.keep(kept);
  if (kept.number) await numbers.keep();
  finish({ id: entry.id, sale: null, total: entry.total, change, number: kept.number });
}

function numbered(entry) {
  const number = entry.number ?? numbers.next();
  if (!number) return entry;
  return { ...entry, number, offline: JSON.stringify({ ...JSON.parse(entry.offline), number }) };
}

/** The entry of a sale that waits, under a number for its receipt; null where it has arrived. */
export async function forReceipt(id) {
  const entry = await sales.amend(id, numbered);
  if (entry?.number) await numbers.keep();
  const shown = state.done.value;
  if (entry && shown?.id === id) state.done.value = { ...shown, number: entry.number };
  return entry;
}

function finish({ id, sale, total, change, note = "", number = null }) {
  state.dialog.value = null;
  state.notice.value = null;
  freshTicket();
  forget();
  state.done.value = { id, sale, total, change, note, number };
  const said = { change: money(change), number: sale?.number ?? number ?? "" };
  say(sale ? t("said_done", said) : t("said_waiting", said));
}

// -- refusals -------------------------------------------------------------------------------------

const ANSWERS = {
  out_of_stock: ({ fields }) => {
    state.cart.value = carts.markStock(state.cart.value, fields);
    warn(t("out_of_stock"));
  },
  not_enough_credit: ({ message }) => {
    askCredit();
    warn(message);
  },
  other_total: () => comparePrices(),
  cannot_sell: ({ message, fields }) => {
    for (const path of Object.keys(fields)) blame(path, fields[path]);
    warn(message);
  },
  no_open_shift: async ({ message }) => {
    await refresh();
    warn(message);
  },
  id_taken: (error, id) => showRecorded(error, id),
};

async function refused(error, id) {
  if (noteSignOut(error)) return;
  if (!(error instanceof Refused)) {
    console.error(error);
    warn(t("unexpected"));
    return;
  }
  const answer = ANSWERS[error.code];
  if (answer) await answer(error, id);
  else warn(sentence(error));
}

/** Where fields are wrong, the first of them says more than the whole. */
function sentence({ code, message, fields }) {
  const [first] = Object.values(fields ?? {});
  return code === "invalid" && first ? [first].flat().join(" ") : message;
}

function blame(path, messages) {
  const line = state.cart.value.lines[/^lines\.(\d+)\./.exec(path)?.[1]];
  if (!line) return;
  const problem = { code: "said", text: [messages].flat().join(" ") };
  const lines = state.cart.value.lines.map((one) => (one === line ? { ...one, problem } : one));
  state.cart.value = { ...state.cart.value, lines };
}

/** The server computes another total: ask for every item again and show what has changed. */
async function comparePrices() {
  const before = state.sums.value.priced?.total;
  const items = new Map();
  try {
    for (const { item } of state.cart.value.lines) {
      if (items.has(item.id)) continue;
      items.set(item.id, await itemNow(item.id));
    }
  } catch {
    warn(t("unreachable"));
    return;
  }
  const { cart, changes } = carts.refreshItems(state.cart.value, items);
  state.cart.value = cart;
  const after = state.sums.value.priced?.total ?? before;
  state.dialog.value = { name: "changes", changes, before, after };
}

/** A sale with this id exists: show that one rather than make a second. */
async function showRecorded(error, id) {
  try {
    const sale = await server.get(`sales/${id}`);
    finish({ id, sale, total: sale.total, change: sale.change, note: t("recorded_before") });
  } catch {
    warn(error.message);
  }
}

// -- what is left from before ---------------------------------------------------------------------

/** Send what waits. Only this till's own: another register's belongs to whoever works there. */
export async function flush() {
  try {
    const arrived = await sales.flush({ own: (entry) => entry.register === state.register_id.value });
    const shown = state.done.value;
    const now = shown && !shown.sale && arrived.find((sale) => sale.id === shown.id);
    if (now?.number) state.done.value = { ...shown, sale: now };
    else if (now) state.done.value = { ...shown, note: t("went_to_review") };
    const odd = arrived.filter((sale) => sale.review?.length);
    state.reviewed.value = [...state.reviewed.value, ...odd];
    if (odd.length) warn(t("some_to_review", { count: odd.length }), "warning");
    if (state.waiting.value.some((entry) => entry.state === "refused")) warn(t("refused_later"));
  } catch (error) {
    noteSignOut(error);
  }
}

/** Put a refused sale back on the ticket, to be mended and paid again; under the same id. */
export async function takeBack(entry) {
  if (state.cart.value.lines.length > 0 || state.busy.value) {
    warn(t("ticket_not_empty"), "warning");
    return;
  }
  state.cart.value = entry.cart;
  state.selected.value = entry.cart.lines.at(-1)?.key ?? null;
  await sales.remove(entry.id);
  state.dialog.value = null;
  warn(entry.error.message, "warning");
}

// -- beginning ------------------------------------------------------------------------------------

/** Begin work at the register: what was on its way, the ticket that was left. */
export async function startSelling() {
  const all = await sales.all();
  openTicket(new Set(all.map((entry) => entry.id)));
  // A page that died while it sent left its sale behind; the id makes sending it again harmless.
  for (const entry of all) {
    if (entry.state === "sending") await entries.put({ ...entry, state: "waiting" });
  }
  state.waiting.value = (await entries.all()).filter((entry) => entry.state !== "sending");
  lookForSupervisors();
  onReturn(async () => {
    lookForSupervisors();
    await flush();
    await getNumbers();
    poll();
  });
  await recallItems(state.register_id.value);
  await getNumbers();
  await flush();
  // Behind the selling, which does not wait for it.
  keepCatalogue({ settings: () => refresh().catch(noteSignOut) });
}

/** Without a line there are no numbers yet, or those of before. */
async function getNumbers() {
  try {
    await numbers.prepare(state.register_id.value);
  } catch (error) {
    noteSignOut(error);
  }
}

/** Ask again who works here and which shifts are open; without an open shift selling ends. */
export async function refresh() {
  const me = await server.get("me");
  batch(() => {
    state.me.value = me;
    if (state.phase.value === "sell" && !state.shift.value) state.phase.value = "shift";
  });
  remember("me", me);
}

/** Void a sale. The id is made once for each asking, so that a second click changes nothing. */
export const voidRequest = (sale) => {
  const id = uuid7();
  return (reason, approval) => server.post(`sales/${sale.id}/void`, { id, reason }, withApproval(approval));
};
