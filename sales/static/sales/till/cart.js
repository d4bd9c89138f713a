/** The ticket as plain data, and what may be done to it. Every function returns a new ticket. */

import { add, compare, isWhole, trim } from "till/decimal";
import { PricingError, priceSale } from "till/pricing";

export const MAX_QUANTITY = "99999";

/** `id` becomes the sale's: it is made before the first scan, so no retry can make a second sale. */
export const newCart = (id) => ({ id, lines: [], discount: null, customer: null, note: "" });

export const lineOf = (cart, key) => cart.lines.find((line) => line.key === key) ?? null;

/**
 * Add so many of an item: to its last line, unless that has a price of its own, else as a new one.
 * Returns {cart, key} with the key of the line that grew. The item's data is renewed on all lines.
 */
export function addItem(cart, item, quantity, key) {
  const lines = cart.lines.map((line) => (line.item.id === item.id ? { ...line, item } : line));
  const last = lines.findLast((line) => line.item.id === item.id);
  if (last && last.unit_price === null) {
    const grown = { ...last, quantity: add(last.quantity, quantity), problem: null };
    return { cart: { ...cart, lines: lines.map((l) => (l === last ? grown : l)) }, key: last.key };
  }
  const line = { key, item, quantity: trim(quantity), discount: null, unit_price: null, problem: null };
  return { cart: { ...cart, lines: [...lines, line] }, key };
}

export function changeLine(cart, key, changes) {
  const lines = cart.lines.map((line) =>
    line.key === key ? { ...line, ...changes, problem: null } : line,
  );
  return { ...cart, lines };
}

export const removeLine = (cart, key) => ({
  ...cart,
  lines: cart.lines.filter((line) => line.key !== key),
});

/** The neighbour that is selected when `key` goes: the line below it, or the new last one. */
export function neighbour(cart, key) {
  const at = cart.lines.findIndex((line) => line.key === key);
  return (cart.lines[at + 1] ?? cart.lines[at - 1])?.key ?? null;
}

/** The line `step` below (or above) the selected one; the last one where none is selected. */
export function stepLine(cart, key, step) {
  const at = cart.lines.findIndex((line) => line.key === key);
  if (at < 0) return cart.lines.at(-1)?.key ?? null;
  return cart.lines[Math.min(Math.max(at + step, 0), cart.lines.length - 1)].key;
}

/** Why this may not be the quantity of this item, as the name of a text; null when it may. */
export function quantityProblem(item, quantity) {
  if (quantity === null || compare(quantity, "0") <= 0) return "bad_quantity";
  if (compare(quantity, MAX_QUANTITY) > 0) return "quantity_too_large";
  if (!item.allow_decimal && !isWhole(quantity)) return "whole_quantity";
  return null;
}

/**
 * The figures of the ticket: {priced, lines, error}. `lines` maps keys to priced lines. When a
 * discount does not fit any more, `error` says so and `priced` is null.
 */
export function figures(cart, digits) {
  if (cart.lines.length === 0) return { priced: null, lines: new Map(), error: null };
  try {
    const priced = priceSale(cart.lines.map(pricingLine), { discount: cart.discount, digits });
    return { priced, lines: new Map(priced.lines.map((line) => [line.key, line])), error: null };
  } catch (error) {
    if (error instanceof PricingError) return { priced: null, lines: new Map(), error };
    throw error;
  }
}

export function pricingLine(line) {
  return {
    key: line.key,
    quantity: line.quantity,
    unit_price: line.unit_price ?? line.item.price,
    tax_rate: line.item.tax_rate ?? "0",
    tax_inclusive: line.item.tax_inclusive,
    discount: line.discount,
  };
}

/** Whether something on the ticket adds credit, and nobody is there to have it. */
export const lacksCustomer = (cart) =>
  !cart.customer && cart.lines.some(({ item }) => item.adds_credit);

/** What is sent to the server. */
export function saleRequest(cart, { register, payments, total }) {
  return {
    id: cart.id,
    register,
    lines: cart.lines.map(({ item, quantity, discount, unit_price }) => ({
      variation: item.id,
      quantity,
      discount,
      unit_price,
    })),
    discount: cart.discount,
    payments,
    total,
    customer: cart.customer?.id ?? null,
    note: cart.note,
  };
}

/**
 * What is handed in of a sale that was made offline: with the prices and taxes that were charged.
 * `made` has sold_at, number (or null), operator and cash_step.
 */
export function offlineRequest(cart, { register, payments, total }, made) {
  const { id, lines, discount, customer, note } = cart;
  const request = {
    id,
    offline: true,
    register,
    sold_at: made.sold_at,
    operator: made.operator,
    lines: lines.map(({ item, quantity, discount: own, unit_price }) => ({
      variation: item.id,
      quantity,
      unit_price: unit_price ?? item.price,
      own_price: unit_price !== null,
      tax_rate: item.tax_rate ?? "0",
      tax_name: item.tax_name ?? "",
      tax_inclusive: item.tax_inclusive,
      discount: own,
    })),
    discount,
    payments,
    total,
    cash_step: made.cash_step,
    customer: customer?.id ?? null,
    note,
  };
  return made.number ? { ...request, number: made.number } : request;
}

/** Say on the lines of an item how many there are, as the server refused them. */
export function markStock(cart, available) {
  const lines = cart.lines.map((line) =>
    line.item.id in available
      ? { ...line, problem: { code: "out_of_stock", available: trim(available[line.item.id]) } }
      : line,
  );
  return { ...cart, lines };
}

const PRICE_FIELDS = ["price", "tax_rate", "tax_inclusive"];

/**
 * Take over what items cost now. Returns {cart, changes}: {name, before, after} for each item whose
 * price is another one, and lines whose item is gone (null in `items`) with `after: null`.
 */
export function refreshItems(cart, items) {
  const changes = [];
  const seen = new Set();
  const lines = cart.lines.map((line) => {
    const item = items.get(line.item.id);
    if (item === undefined) return line;
    const before = line.item;
    const same = item && PRICE_FIELDS.every((name) => String(before[name]) === String(item[name]));
    if (!same && !seen.has(before.id)) {
      seen.add(before.id);
      changes.push({ name: before.name, before: before.price, after: item?.price ?? null });
    }
    return item ? { ...line, item } : { ...line, problem: { code: "gone" } };
  });
  return { cart: { ...cart, lines }, changes };
}
