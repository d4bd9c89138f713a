/** What the person at the till may not do alone, and a supervisor's approval of it. */

import { signal } from "@preact/signals";
import { server } from "till/server";
import * as state from "till/state";

/** Whether somebody here has a PIN and could be asked. */
export const supervised = signal(false);

/** Whether the till offers it: it is allowed, or somebody may be asked to allow it. */
export const mayAsk = (permission) => state.may(permission) || (supervised.value && state.connected.value);

/** What the server will ask for, beyond the right to sell. */
function needed({ lines, discount }) {
  const names = [];
  if (discount) names.push("sell.discount_whole");
  if (lines.some((line) => line.discount)) names.push("sell.discount");
  if (lines.some((line) => line.unit_price !== null)) names.push("sell.price_override");
  return names;
}

export const lacking = (cart) => needed(cart).filter((name) => !state.may(name));

// The last approval of a ticket: {id, content, token, until}. Another content needs another one.
let held = null;
const contentOf = ({ lines, discount }) =>
  JSON.stringify([lines.map(({ item, quantity, discount, unit_price }) => [item.id, quantity, discount, unit_price]), discount]);

export function keepApproval(cart, { approval, expires_at }) {
  held = { id: cart.id, content: contentOf(cart), token: approval, until: new Date(expires_at) };
}

export const isApproved = (cart) =>
  held !== null && held.id === cart.id && held.content === contentOf(cart) && held.until > new Date();

/** The approval that goes with the request of this ticket; undefined without one. */
export const approvalOf = (id) => (held?.id === id ? held.token : undefined);

const here = () => state.register.value.location.id;

/** Find out whether there is anybody to ask. */
export async function lookForSupervisors() {
  try {
    const { results } = await server.get("operators", { location: here() });
    supervised.value = results.length > 0;
  } catch {
    supervised.value = false;
  }
}

/** Who may approve it: {id, name} each. */
export async function supervisorsFor(permissions) {
  const { results } = await server.get("operators", { location: here(), approves: permissions[0] });
  return results;
}

/** Answers {approval, expires_at, …}, or throws why not. */
export const approve = (person, pin, permissions) =>
  server.post("approvals", { person, pin, permissions, location: here() });
