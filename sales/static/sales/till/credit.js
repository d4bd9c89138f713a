/** What the customer on the ticket has to spend. The server keeps it and has the last word. */

import { noteSignOut, server } from "till/server";
import * as state from "till/state";

/** Whether this person may take credit as a payment. */
export const mayTakeCredit = () => state.may("customer.credit.view") && state.may("customer.view");

/** Remember what the server has just said of a customer. */
export function knowCredit({ id, credit, credit_expires }) {
  state.credit.value = { id, amount: credit ?? null, expires: credit_expires ?? null, failed: false };
}

/** Ask what the customer on the ticket has now; other tills spend too. */
export async function askCredit() {
  const customer = state.cart.value.customer;
  if (!customer || !mayTakeCredit()) return;
  const current = () => state.cart.value.customer?.id === customer.id;
  try {
    const found = await server.get(`customers/${customer.id}`);
    if (current()) knowCredit(found);
  } catch (error) {
    noteSignOut(error);
    if (current()) state.credit.value = { id: customer.id, amount: null, expires: null, failed: true };
  }
}

/** {amount, expires, failed} of the customer on the ticket, or null where nothing is known. */
export function creditHere() {
  const customer = state.cart.value.customer;
  return customer && state.credit.value?.id === customer.id ? state.credit.value : null;
}
