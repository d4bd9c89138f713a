/** What a cashier does to the ticket. */

import { effect } from "@preact/signals";
import * as carts from "till/cart";
import { subtract, add, compare } from "till/decimal";
import { uuid7 } from "till/ids";
import * as state from "till/state";
import { recall, remember } from "till/store";
import { money, quantity as shown, t } from "till/text";

const storedAs = () => `cart.${state.register_id.value}`;
let stopKeeping = null;

/** Take up the ticket that this register was left with, and keep every change from now on. */
export function openTicket(sentIds) {
  stopKeeping?.();
  const left = recall(storedAs());
  const usable = left?.id && Array.isArray(left.lines) && !sentIds.has(left.id);
  state.cart.value = usable ? left : carts.newCart(uuid7());
  state.selected.value = state.cart.value.lines.at(-1)?.key ?? null;
  stopKeeping = effect(() => remember(storedAs(), state.cart.value));
}

/** A new ticket under a new id. */
export function freshTicket() {
  state.cart.value = carts.newCart(uuid7());
  state.selected.value = null;
}

function change(cart) {
  if (!state.busy.value) state.cart.value = cart;
}

export function say(text) {
  // The same words twice are announced once; a no-break space makes them others.
  state.announcement.value = state.announcement.value === text ? `${text}\u00a0` : text;
}

/** Add so many of an item and tell it. Clears what was said about the sale before. */
export function put(item, quantity) {
  const problem = carts.quantityProblem(item, quantity);
  if (problem) return warn(t(problem, { name: item.name }));
  const { cart, key } = carts.addItem(state.cart.value, item, quantity, uuid7());
  state.done.value = null;
  state.notice.value = null;
  change(cart);
  state.selected.value = key;
  const line = carts.lineOf(cart, key);
  const total = state.sums.value.priced?.total;
  const said = { name: item.name, quantity: shown(line.quantity) };
  say(t("said_added", { ...said, total: total ? money(total) : "" }));
}

export function warn(text, level = "danger") {
  state.notice.value = { level, text };
}

export function setQuantity(key, quantity) {
  const line = carts.lineOf(state.cart.value, key);
  if (!line) return;
  change(carts.changeLine(state.cart.value, key, { quantity }));
  say(t("said_quantity", { name: line.item.name, quantity: shown(quantity) }));
}

/** Whether the till lets this person take so much off the ticket: fewer of it, or all. */
export const mayTakeOff = () => state.may("sell.void_line");

/** One more or one less of a line; never below what can be sold. */
export function step(key, by) {
  const line = carts.lineOf(state.cart.value, key);
  if (!line || (by < 0 && !mayTakeOff())) return;
  const next = by > 0 ? add(line.quantity, "1") : subtract(line.quantity, "1");
  if (compare(next, "0") > 0 && carts.quantityProblem(line.item, next) === null) setQuantity(key, next);
}

export function setDiscount(key, discount) {
  change(carts.changeLine(state.cart.value, key, { discount }));
}

export function setPrice(key, unit_price) {
  change(carts.changeLine(state.cart.value, key, { unit_price }));
}

export function remove(key) {
  const line = carts.lineOf(state.cart.value, key);
  if (!line || !mayTakeOff()) return;
  const next = carts.neighbour(state.cart.value, key);
  change(carts.removeLine(state.cart.value, key));
  state.selected.value = next;
  say(t("said_removed", { name: line.item.name }));
}

export function select(step) {
  state.selected.value = carts.stepLine(state.cart.value, state.selected.value, step);
  const line = state.selectedLine.value;
  if (line) say(t("said_line", { name: line.item.name, quantity: shown(line.quantity) }));
}

export const setSaleDiscount = (discount) => change({ ...state.cart.value, discount });
export const setCustomer = (customer) => change({ ...state.cart.value, customer });
export const setNote = (note) => change({ ...state.cart.value, note });
