/** Which register, whose shift: the way to the ticket. */

import { effect } from "@preact/signals";
import { Refused, Unreachable } from "till/api";
import { emptyCatalogue } from "till/catalogue";
import { config } from "till/config";
import { forgetItems } from "till/finding";
import { hold } from "till/locks";
import { refresh, startSelling } from "till/paying";
import { noteSignOut, server } from "till/server";
import * as state from "till/state";
import { persist, recall, remember } from "till/store";
import { money_of, t } from "till/text";

let started = null;

// Nobody is signed in any more, and without a line nobody could tell: nothing of the business stays
// here but the ticket and the sales that wait. The page for signing in (pos/nobody.js) does the same.
effect(() => {
  if (!state.signedOut.value) return;
  remember("me", null);
  emptyCatalogue();
  forgetItems();
});

export async function start() {
  state.phase.value = "loading";
  try {
    await refresh();
  } catch (error) {
    if (noteSignOut(error)) return signIn();
    // Without a server the till of before opens: its ticket and the sales that wait are here.
    state.me.value = error instanceof Unreachable ? recall("me") : null;
    if (!state.me.value) return fail(error instanceof Refused ? error.message : t("no_server"));
  }
  money_of.value = state.me.value.business;
  persist();
  const { registers } = state.me.value;
  const last = recall("register");
  const known = registers.find((one) => one.id === last) ?? (registers.length === 1 ? registers[0] : null);
  if (known) await chooseRegister(known.id);
  else state.phase.value = "registers";
}

function fail(text) {
  state.failure.value = text;
  state.phase.value = "failed";
}

/** To the sign-in page and back here; the ticket is kept. */
export function signIn() {
  location.assign(`${config.sign_in}?next=${encodeURIComponent(location.pathname)}`);
}

/** Work at this register, in this tab alone. */
export async function chooseRegister(id, { steal = false } = {}) {
  const moved = () => (state.phase.value = "moved");
  if (started && started !== id) return leaveRegister(id);
  if (!(await hold(`${config.slug}-${id}`, { steal, lost: moved }))) {
    state.register_id.value = id;
    state.phase.value = "elsewhere";
    return;
  }
  started = id;
  state.register_id.value = id;
  remember("register", id);
  await startSelling();
  showShiftOrTicket();
}

/** A page holds the lock of one register for as long as it lives: begin anew for another. */
export function leaveRegister(id = null) {
  remember("register", id);
  location.reload();
}

export function showShiftOrTicket() {
  state.phase.value = state.shift.value ? "sell" : "shift";
}

export async function openShift(opening_float) {
  await server.post("shifts", { register: state.register_id.value, opening_float });
  await refresh();
  showShiftOrTicket();
}

/** Close the shift; answers it with what was expected and the difference. */
export const closeShift = (counted_cash, note) =>
  server.post(`shifts/${state.shift.value.id}/close`, { counted_cash, note });

/** After the count was seen: ready for the next shift. */
export const afterShift = () => refresh().catch(() => location.reload());
