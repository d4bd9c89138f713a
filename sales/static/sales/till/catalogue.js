/**
 * The till's own copy of the catalogue: kept behind the selling, and asked before the server.
 *
 * It belongs to one business, location, register and person. When nobody is signed in any more it
 * is deleted; where the device gives no room, the till works as without it.
 */

import { effect } from "@preact/signals";
import { api, csrfToken, Refused, Unreachable } from "till/api";
import { config } from "till/config";
import { copiesOf, copyName, dropCopies } from "till/copies";
import { copying, LISTS } from "till/copying";
import { isHeld } from "till/locks";
import { looking } from "till/looking";
import { noteSignOut, probe } from "till/server";
import * as state from "till/state";

const POLL_MS = 20_000;
// While there is a line, an older copy is not asked: the server is.
const FRESH_MS = 60_000;
const PAGE = 2000;

// Not the one that cashiers wait for: a slow page of the catalogue does not mean that nobody is there.
const background = api({
  root: config.api,
  csrf: () => csrfToken(config.csrf_cookie),
  reached() {},
  timeout: 30_000,
});

let keeper = null;
let running = null;
let next = null;
let counted = null;

/** Keep a copy for this register from now on. Does not wait for it. */
export async function keepCatalogue({ settings }) {
  const location = state.register.value.location.id;
  const register = state.register_id.value;
  const person = state.me.value.person.id;
  try {
    keeper = copying({
      copies: copiesOf({
        slug: config.slug,
        register,
        bound: { business: config.slug, location, register, person },
        others: (slug, other) => isHeld(`${slug}-${other}`),
        lost: stop,
      }),
      ask: asking({ location, lists: LISTS.join() }),
      told,
      settings,
    });
    await keeper.open();
    await show();
  } catch (error) {
    return refuse(error);
  }
  setInterval(poll, POLL_MS);
  globalThis.addEventListener("online", poll);
  document.addEventListener("visibilitychange", () => !document.hidden && poll());
  return poll();
}

const asking = (query) => ({
  page: (since, tag) => background.getTagged("sync", { since, limit: PAGE, ...query }, tag),
  sums: () => background.get("sync/checksums", query),
  bucket: async (list, bucket) =>
    (await background.get(`sync/buckets/${list}/${bucket}`, { location: query.location })).rows,
});

/** Ask for what is new, once more where a round goes on; resolves when that has been heard. */
export function poll() {
  if (running) {
    next ??= running.then(() => {
      next = null;
      return poll();
    });
    return next;
  }
  running = work(keeper).finally(() => (running = null));
  return running;
}

async function work(mine) {
  if (!mine || state.signedOut.value) return;
  try {
    await mine.round();
    if (mine === keeper) await show();
  } catch (error) {
    if (mine === keeper) await trouble(error);
  }
}

async function trouble(error) {
  if (noteSignOut(error)) return;
  if (error instanceof Unreachable) {
    // Whoever is asked to wait is not told by more questions that the server is there.
    if (error.status !== 429) await probe();
    return;
  }
  if (error instanceof Refused) {
    // Not theirs to see any more.
    if ([403, 404].includes(error.status)) await keeper.forget(true);
    return;
  }
  await refuse(error);
}

/** The device keeps nothing, or has no room for it: go on without. */
async function refuse(error) {
  console.info("no copy of the catalogue:", error);
  stop();
  state.catalogue.value = { phase: "refused" };
  const own = copyName(config.slug, state.register_id.value);
  await dropCopies((name) => !name.startsWith(own)).catch(() => {});
}

/** Let go of the copy, whoever deletes it. */
function stop() {
  keeper?.close();
  keeper = counted = null;
  state.catalogue.value = { phase: "none" };
}

/** Leave nothing of the copies on the device. */
export async function emptyCatalogue() {
  stop();
  await dropCopies().catch((error) => console.info(error));
}

function told({ whole, fresh }) {
  if (whole) return;
  const taken = fresh?.meta.taken ?? 0;
  state.catalogue.value = fresh ? { phase: "filling", taken } : { phase: "none" };
}

async function show() {
  const whole = keeper.whole();
  if (!whole) return;
  const { at, cursor, checked } = whole.meta;
  const now = `${cursor} ${checked}`;
  if (counted?.at !== now) counted = { at: now, count: await whole.count() };
  state.catalogue.value = { phase: "ready", at, count: counted.count };
}

effect(() => state.phase.value === "moved" && stop());

// -- asking it ------------------------------------------------------------------------------------

/** The copy that may be asked now, or null. Without a line every age is good. */
function usable() {
  const whole = state.signedOut.value ? null : keeper?.whole();
  const old = whole && state.connected.value && Date.now() - whole.meta.at > FRESH_MS;
  return old ? null : whole;
}

/** As of when the copy knows what it says; 0 where there is none to ask. */
export const copiedAt = () => usable()?.meta.at ?? 0;

async function ask(look) {
  const copy = usable();
  if (!copy) return null;
  try {
    return await look(
      looking({
        rows: copy.rows(),
        image: (product) => config.product_image.replace("%(id)s", product),
        sees_stock: state.may("stock.view"),
      }),
    );
  } catch (error) {
    // It was taken away while it was read.
    console.info(error);
    return null;
  }
}

/** The item with exactly this code; null where the copy has none, or there is no copy to ask. */
export const copiedByCode = (code) => ask((copy) => copy.byCode(code));

/** What the copy has for these words, best first; null where there is no copy to ask. */
export const copiedByWords = (text) => ask((copy) => copy.search(text));
