/** The API of this business, and whether it can be reached. */

import { api, csrfToken, Refused } from "till/api";
import { config } from "till/config";
import { connected, signedOut } from "till/state";

const RETRY_MS = 4000;
let timer = null;
let whenBack = () => {};

export const server = api({
  root: config.api,
  csrf: () => csrfToken(config.csrf_cookie),
  reached(yes) {
    connected.value = yes;
    if (yes) stop();
    else timer ??= setInterval(probe, RETRY_MS);
  },
});

function stop() {
  clearInterval(timer);
  timer = null;
}

/** Ask whether the server is there again; the connection of the device says little about it. */
export async function probe() {
  try {
    await server.get("me");
  } catch (error) {
    if (!(error instanceof Refused)) return;
    noteSignOut(error);
    if (error.status === 401) return;
  }
  whenBack();
}

/** Call `work` each time the server comes back. */
export function onReturn(work) {
  whenBack = work;
  globalThis.addEventListener("online", probe);
}

/** Remember that the session has ended. Returns whether that was it. */
export function noteSignOut(error) {
  const ended = error instanceof Refused && error.status === 401;
  if (ended) signedOut.value = true;
  return ended;
}
