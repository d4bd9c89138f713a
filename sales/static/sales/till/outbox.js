/**
 * Sales on their way: saved before the request goes out and removed after its answer.
 *
 * An entry is {id, register, body, total, change, created, state, error, cart}. `state` is "sending"
 * while a cashier waits for the answer, "waiting" after none came, "refused" when the server said
 * no to a sale that the till had taken for done. The body is kept as the very text that was sent:
 * the server tells a repeated sale by its id and content.
 */

import { Unreachable } from "till/api";

/**
 * `store` has put, delete and all; `send(body)` answers the sale, or throws Unreachable when no
 * one knows what became of it, or another error when it was refused; `lock(name, work)` lets one
 * holder of a name work at a time; `changed()` is told that the entries are others now.
 */
export function outbox({ store, send, lock, changed }) {
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

  /**
   * Send what is left from before, oldest first; stops at the first that finds no server. Returns
   * the sales that arrived.
   */
  function flush({ own = () => true } = {}) {
    return lock("outbox", async () => {
      const arrived = [];
      for (const entry of await store.all()) {
        if (entry.state === "refused" || !own(entry)) continue;
        const sale = await lock(`sale-${entry.id}`, async () => {
          const current = (await store.all()).find((other) => other.id === entry.id);
          return current ? again(current) : null;
        });
        if (sale) arrived.push(sale);
      }
      return arrived;
    });
  }

  return { deliver, flush, remove, all: () => store.all() };
}
