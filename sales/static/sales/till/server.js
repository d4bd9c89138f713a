/** The API of this business, and whether it can be reached. */

import { api, csrfToken, Refused } from "till/api";
import { config } from "till/config";
import { connected, signedOut } from "till/state";

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 8000;
let timer = null;
let whenBack = () => {};

export const server = api({
  root: config.api,
  csrf: () => csrfToken(config.csrf_cookie),
  reached(yes) {
    const back = yes && !connected.value;
    connected.value = yes;
    if (!yes) timer ??= setTimeout(retry, FIRST_RETRY_MS, FIRST_RETRY_MS);
    if (back) queueMicrotask(whenBack);
  },
});

async function retry(pause) {
  await probe();
  const longer = Math.min(2 * pause, LAST_RETRY_MS);
  timer = connected.value ? null : setTimeout(retry, longer, longer);
}

/** Ask whether the server is there again; the connection of the device says little about it. */
export async function probe() {
  try {
    await server.get("me");
  } catch (error) {
    if (error instanceof Refused) noteSignOut(error);
  }
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
