/**
 * Sales on their way: saved before the request goes out and removed after its answer.
 *
 * An entry is {id, register, body, offline, number, total, change, created, state, error, cart}.
 * `state` is "sending" while a cashier waits for the answer, "waiting" after none came or none was
 * to be had, "refused" when the server said no to a sale that the till had taken for done. `body` is
 * what is sent with a line, `offline` what is handed in later, with the prices that were charged:
 * the server knows both for the same sale. Both are kept as the very text that is sent.
 */

import { Unreachable } from "till/api";

// So many at once are answered before a request is given up.
const AT_ONCE = 25;
// What became of a sale that the till may forget.
const TAKEN = new Set(["recorded", "recorded_with_remarks", "already", "held"]);

/**
 * `store` has put, delete and all; `send(body)` answers the sale, or throws Unreachable when no
 * one knows what became of it, or another error when it was refused; `sendAll(texts)` hands in sales
 * made offline and answers each in its turn: {id, status, number, receipt_url, review, error}.
 * `lock(name, work)` lets one holder of a name work at a time; `changed()` is told that the entries
 * are others now.
 */
export function outbox({ store, send, sendAll, lock, changed }) {
  async function save(entry) {
    await store.put(entry);
    await changed();
  }

  async function remove(id) {
    await store.delete(id);
    await changed();
  }

  /**
   * The sale, or null when it waits; a refusal removes the entry and is thrown. `recorded(sale)` is
   * called while the entry still stands: a page that dies at any point finds the sale in the entry
   * or nowhere, and never on a ticket that asks for the money again.
   */
  function deliver(entry, recorded) {
    return lock(`sale-${entry.id}`, async () => {
      await save({ ...entry, state: "sending" });
      let sale;
      try {
        sale = await send(entry.body);
      } catch (error) {
        if (error instanceof Unreachable) {
          await save({ ...entry, state: "waiting" });
          return null;
        }
        await remove(entry.id);
        throw error;
      }
      // It is recorded: should the browser's store fail now, the entry is sent once more and the
      // same sale comes back.
      recorded(sale);
      await remove(entry.id).catch((error) => console.warn(error));
      return sale;
    });
  }

  async function again(entry) {
    try {
      const sale = await send(entry.body);
      await remove(entry.id);
      return sale;
    } catch (error) {
      if (error instanceof Unreachable) throw error;
      // Signing in again mends it; the sale itself was not judged.
      if (error.status === 401 || error.code === "password_expired") throw error;
      const { code, message, fields } = error;
      await save({ ...entry, state: "refused", error: { code, message, fields } });
      return null;
    }
  }

  /** Keep a sale that was made offline, to be handed in later. */
  const keep = (entry) => save({ ...entry, state: "waiting" });

  /** Change an entry that waits, while nothing is sent; null where it is gone. */
  function amend(id, change) {
    return lock("outbox", async () => {
      const entry = (await store.all()).find((one) => one.id === id);
      if (entry?.state !== "waiting") return null;
      const amended = change(entry);
      await save(amended);
      return amended;
    });
  }

  async function settle(entry, answer) {
    if (answer.id !== entry.id) throw new Unreachable(new Error("answers in another order"));
    if (TAKEN.has(answer.status)) {
      await remove(entry.id);
      return answer;
    }
    if (answer.status !== "later") await save({ ...entry, state: "refused", error: answer.error });
    return null;
  }

  /** Hand in what was made offline, some at once; answers what the server has taken. */
  async function handIn(entries) {
    const arrived = [];
    for (let at = 0; at < entries.length; at += AT_ONCE) {
      const some = entries.slice(at, at + AT_ONCE);
      const answers = await sendAll(some.map((entry) => entry.offline));
      if (answers.length !== some.length) throw new Unreachable(new Error("answers are missing"));
      for (const [index, entry] of some.entries()) {
        const taken = await settle(entry, answers[index]);
        if (taken) arrived.push(taken);
      }
    }
    return arrived;
  }

  /**
   * Send what is left from before, oldest first; stops at the first that finds no server. Returns
   * the sales that arrived.
   */
  function flush({ own = () => true } = {}) {
    return lock("outbox", async () => {
      const left = (await store.all()).filter((entry) => entry.state !== "refused" && own(entry));
      const arrived = await handIn(left.filter((entry) => entry.offline && entry.state === "waiting"));
      // Kept by the release before, which knew one way of sending.
      for (const entry of left.filter((one) => !one.offline)) {
        const sale = await lock(`sale-${entry.id}`, async () => {
          const current = (await store.all()).find((other) => other.id === entry.id);
          return current ? again(current) : null;
        });
        if (sale) arrived.push(sale);
      }
      return arrived;
    });
  }

  return { deliver, keep, amend, flush, remove, all: () => store.all() };
}
