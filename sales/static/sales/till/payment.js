/** Tenders, what they leave open, and the notes a customer is likely to hand over. */

import { compare, fixed, subtract } from "till/decimal";
import { PricingError, changeDue, settle } from "till/pricing";

const kind = (method) => (method === "cash" ? "cash" : "other");

function sums(tenders) {
  let cash = null;
  let other = "0";
  for (const { method, amount } of tenders) {
    if (method === "cash") cash = plus(cash ?? "0", amount);
    else other = plus(other, amount);
  }
  return { cash, other };
}

const plus = (a, b) => subtract(a, subtract("0", b));

/**
 * What is still to be paid after `tenders`, by `method` next: cash is rounded to coins, a card is
 * not. At least zero.
 */
export function remaining(total, tenders, method, { digits, cash_step }) {
  const { cash, other } = sums(tenders);
  const asked = method === "cash" ? (cash ?? "0") : cash;
  return changeDue(total, { cash: asked, other, digits, cash_step: plain(cash_step, digits) }).missing;
}

/**
 * What is left of a customer's `credit` beside the tenders that take from it already; null where it
 * is not known.
 */
export function creditLeft(credit, tenders) {
  if (credit === null) return null;
  const taken = tenders.filter(({ method }) => method === "credit");
  return taken.reduce((left, { amount }) => subtract(left, amount), credit);
}

/** As much of what is due as there is. */
export const atMost = (due, there) => (compare(due, there) > 0 ? there : due);

/** {due, rounding, applied, change} of complete tenders, or a PricingError is thrown. */
export function settled(total, tenders, { digits, cash_step }) {
  const asked = tenders.map(({ method, amount }) => ({ kind: kind(method), amount }));
  return settle(total, asked, { digits, cash_step: plain(cash_step, digits) });
}

/** {missing, change} when `amount` is added by `method`; {error} when that cannot be. */
export function preview(total, tenders, method, amount, money) {
  const { digits, cash_step } = money;
  const all = [...tenders, { method, amount: fixed(amount, digits) }];
  const { cash, other } = sums(all);
  try {
    const step = plain(cash_step, digits);
    return { ...changeDue(total, { cash, other, digits, cash_step: step }), tenders: all };
  } catch (error) {
    if (error instanceof PricingError) return { error };
    throw error;
  }
}

// So much change is a barcode scanned into the amount, or a key held down.
const IMPLAUSIBLE = 100n;

/** Whether this much cash for so little can only be a mistake. */
export function implausible(amount, due) {
  const base = compare(due, "10") > 0 ? due : "10";
  const whole = (value) => BigInt(value.split(".")[0]);
  return whole(amount) > IMPLAUSIBLE * whole(base);
}

/**
 * At most four amounts above `due` that notes and coins make: the next multiples of 5, 10, 20, 50
 * in the size of the amount. Without a table of currencies, it fits yen as well as dinars.
 */
export function suggestions(due, digits) {
  const scale = 10n ** BigInt(digits);
  const minor = BigInt(fixed(due, digits).replace(".", ""));
  if (minor <= 0n) return [];
  let size = 10n ** BigInt(minor.toString().length - 1);
  if (size < scale) size = scale;
  const notes = [size / 2n, size, 2n * size, 5n * size, 10n * size, 20n * size];
  const found = new Set();
  for (const note of notes) {
    if (note >= scale || digits === 0) found.add(((minor + note - 1n) / note) * note);
  }
  return [...found]
    .filter((amount) => amount > minor)
    .sort((a, b) => (a < b ? -1 : 1))
    .slice(0, 4)
    .map((amount) => asText(amount, digits));
}

function asText(minor, digits) {
  const padded = minor.toString().padStart(digits + 1, "0");
  return digits ? `${padded.slice(0, -digits)}.${padded.slice(-digits)}` : padded;
}

/** The currency's own decimals: settings come with four. */
const plain = (value, digits) => fixed(value ?? "0", digits);
