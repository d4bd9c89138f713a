/** What the screen shows, as signals. Only the modules of actions write them. */

import { computed, signal } from "@preact/signals";
import { figures, lineOf, newCart } from "till/cart";
import { uuid7 } from "till/ids";
import { money_of } from "till/text";

/** "loading", "failed", "registers", "shift", "elsewhere" (another tab), "moved" (to one), "sell". */
export const phase = signal("loading");
export const failure = signal("");

export const me = signal(null);
export const register_id = signal(null);
export const register = computed(
  () => me.value?.registers.find((one) => one.id === register_id.value) ?? null,
);
export const shift = computed(() => register.value?.shift ?? null);
export const may = (permission) => me.value?.permissions.includes(permission) ?? false;

export const cart = signal(newCart(uuid7()));
export const selected = signal(null);
export const selectedLine = computed(() => lineOf(cart.value, selected.value));
export const sums = computed(() => figures(cart.value, money_of.value.digits));

/** What a customer has to spend, as far as it was asked for: {id, amount, expires, failed}. */
export const credit = signal(null);

/** Scans whose item is still being asked for: {key, text, quantity}. */
export const pending = signal([]);

/** What is typed in the scan field, and the products found for it. */
export const query = signal("");
export const results = signal(null); // {text, items, active, error}

/** The open dialog: {name, …what it needs}. */
export const dialog = signal(null);
/** {level, text} above the ticket: what the cashier must know; stays until the next success. */
export const notice = signal(null);
/** The sale that was just completed: {sale} or {waiting: entry}, with {total, change}. */
export const done = signal(null);
/** A sale is on its way, and the ticket stands still. */
export const busy = signal(false);

export const connected = signal(true);
/** Entries of the outbox, except the one that a cashier waits for. */
export const waiting = signal([]);
export const signedOut = signal(false);
/** Sales made offline that a manager will look at: {id, number, review}; of this page's life. */
export const reviewed = signal([]);
/**
 * The till's copy of the catalogue: `phase` is "none", "filling" (with the entries so far in
 * `taken`), "ready" (`count` items, as they were at `at`) or "refused" by the device.
 */
export const catalogue = signal({ phase: "none" });
/** The receipt that is on its way to the printer, of a sale that waits. */
export const paper = signal(null);

/** Said to screen readers. */
export const announcement = signal("");
