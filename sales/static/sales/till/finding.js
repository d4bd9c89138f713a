/** From what is scanned or typed to items: exact codes at once and in order, words as one types. */

import { Refused, Unreachable } from "till/api";
import { copiedAt, copiedByCode, copiedByWords, poll } from "till/catalogue";
import { uuid7 } from "till/ids";
import { maybeWords, parse, scanQueue } from "till/scan";
import { noteSignOut, server } from "till/server";
import * as state from "till/state";
import { seenItems } from "till/store";
import { put, say, warn } from "till/ticket";
import { t } from "till/text";

const PAUSE_MS = 120;
// The copy on the device answers at once; a quick finger is still not asked after for each key.
const SHORT_PAUSE_MS = 40;
// Known codes are answered without the server for this long; a price change arrives after it.
const FRESH_MS = 60_000;
const known = new Map();

function learn(item, at = Date.now()) {
  for (const code of [item.sku, ...item.barcodes]) {
    if (code) known.set(code.toLowerCase(), { item, at });
  }
}

/** Stock has changed after a sale, and what is known of it is old: good enough without a line. */
export function forget() {
  known.forEach((found) => (found.at = 0));
  if (state.connected.value) poll();
}

/** Nobody is signed in any more: know nothing. */
export async function forgetItems() {
  known.clear();
  await seenItems.clear().catch((error) => console.info(error));
}

/** What this till has sold before at the register can be sold while the server is away. */
export async function recallItems(register) {
  try {
    for (const one of await seenItems.all()) if (one.register === register) learn(one.item, 0);
  } catch (error) {
    console.warn(error);
  }
}

function keep(item) {
  learn(item);
  const register = state.register_id.value;
  seenItems.put({ key: `${register} ${item.id}`, register, item }).catch((error) => console.warn(error));
}

/** The item with exactly this code, or null where there is none. */
async function itemByCode(code) {
  const found = known.get(code.toLowerCase());
  const isFresh = found && (!state.connected.value || Date.now() - found.at < FRESH_MS);
  // Whichever has heard of it last: what the server said of this item, or the copy.
  if (isFresh && found.at >= copiedAt()) return found.item;
  const copied = await copiedByCode(code);
  if (copied) return copied;
  if (isFresh) return found.item;
  // Nothing is waited for where nobody answers and the whole catalogue is here.
  if (!state.connected.value && copiedAt()) return null;
  try {
    const item = await server.get("items/lookup", { register: state.register_id.value, code });
    keep(item);
    return item;
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    if (error instanceof Unreachable && found) return found.item;
    throw error;
  }
}

/** The item as the server knows it now, or null where it is not sold any more. */
export async function itemNow(id) {
  try {
    const item = await server.get("items/lookup", { register: state.register_id.value, id });
    keep(item);
    return item;
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  }
}

/** Among what this till knows: each word begins one of the name's. */
function knownByWords(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const items = new Map([...known.values()].map(({ item }) => [item.id, item]));
  return [...items.values()]
    .filter(({ name }) => words.every((word) => name.toLowerCase().split(/\s+/).some((one) => one.startsWith(word))))
    .slice(0, 50);
}

async function itemsByWords(text) {
  const copied = await copiedByWords(text);
  if (copied?.length || (copied && !state.connected.value)) return copied;
  if (!state.connected.value && known.size) return knownByWords(text);
  const answer = await server.get("items", { register: state.register_id.value, q: text });
  return answer.results;
}

/** {items, quantity}: "2x4 timber" is a name first, and only then two of something. */
async function findWords({ text, quantity, plain }) {
  if (plain) {
    const items = await itemsByWords(plain);
    if (items.length) return { items, quantity: "1" };
  }
  return { items: await itemsByWords(text), quantity };
}

// -- scans ----------------------------------------------------------------------------------------

const queue = scanQueue({ lookup, apply });

/** Take in a scan. It is shown at once and becomes a line in its turn. */
export function scan(input, { words = false } = {}) {
  const { text, quantity, plain } = parse(input);
  if (!text) return;
  const key = uuid7();
  state.pending.value = [...state.pending.value, { key, text, quantity }];
  state.done.value = null;
  queue.push({ key, input, text, quantity, plain, words });
}

/** Resolves when every scan so far stands on the ticket. */
export const scansDone = () => queue.idle();

/** {item, quantity}, {items, quantity} for words, or {}. */
async function lookup({ text, quantity, plain, words }) {
  if (plain) {
    const item = await itemByCode(plain);
    if (item) return { item, quantity: "1" };
  }
  const item = await itemByCode(text);
  if (item) return { item, quantity };
  return words && maybeWords(text) ? findWords({ text, quantity, plain }) : {};
}

async function apply(scanned, { item: answer, error }) {
  // The ticket of a sale on its way stands still; the scan belongs to the next one.
  while (state.busy.value) await new Promise((resolve) => setTimeout(resolve, 20));
  state.pending.value = state.pending.value.filter(({ key }) => key !== scanned.key);
  if (error) return failed(scanned, error);
  if (answer.item) return put(answer.item, answer.quantity);
  const { items = [], quantity } = answer;
  if (items.length === 1) return put(items[0], quantity);
  if (items.length && state.query.value === "") {
    stopPayment();
    state.query.value = scanned.input;
    state.results.value = { text: scanned.input, items, quantity, active: 0 };
    return say(t("said_results", { count: items.length }));
  }
  return unknown(scanned.text);
}

/** What was scanned last is not on the ticket: nobody pays before they have seen that. */
function stopPayment() {
  if (state.dialog.value?.name === "pay") state.dialog.value = null;
}

function failed(scanned, error) {
  stopPayment();
  if (noteSignOut(error)) return;
  if (error instanceof Refused) warn(error.message);
  else warn(t("scan_unreachable", { code: scanned.text }));
}

function unknown(code) {
  stopPayment();
  // Quick scans go on while one is unknown: what was said before stays readable.
  const before = state.notice.value?.codes ?? [];
  const codes = [...before.filter((one) => one !== code), code].slice(-4);
  const said = { code: codes.join(", ") };
  const text = state.connected.value ? t("unknown_code", said) : t("unknown_offline", said);
  state.notice.value = { level: "danger", codes, text };
}

// -- words ----------------------------------------------------------------------------------------

let timer = null;
let asked = 0;

/** The field has another content: look for it in a moment. */
export function typedText(input) {
  state.query.value = input;
  clearTimeout(timer);
  asked += 1;
  if (parse(input).text.length < 2) state.results.value = null;
  else timer = setTimeout(search, copiedAt() ? SHORT_PAUSE_MS : PAUSE_MS, input, asked);
}

async function search(input, turn) {
  try {
    const { items, quantity } = await findWords(parse(input));
    // Answers may overtake each other; only the last question counts.
    if (turn !== asked) return;
    state.results.value = { text: input, items, quantity, active: 0 };
    say(t("said_results", { count: items.length }));
  } catch (error) {
    if (turn !== asked || noteSignOut(error)) return;
    state.results.value = { text: input, items: [], active: 0, error: true };
  }
}

/** Empty the field and close the list. */
export function clearField() {
  clearTimeout(timer);
  asked += 1;
  state.query.value = "";
  state.results.value = null;
}

/** Whether the list is about exactly what stands in the field. */
export const listIsOpen = () =>
  Boolean(state.results.value?.items.length) && state.results.value.text === state.query.value;

export function moveInList(step) {
  const { items, active } = state.results.value;
  const next = (active + step + items.length) % items.length;
  state.results.value = { ...state.results.value, active: next };
}

export function addFromList(index = state.results.value.active) {
  const { items, quantity } = state.results.value;
  const item = items[index];
  if (!copiedAt()) keep(item);
  clearField();
  put(item, quantity);
}
