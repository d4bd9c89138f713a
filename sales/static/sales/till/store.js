/** What outlives the page: the outbox in IndexedDB, the ticket and choices in localStorage. */

import { config } from "till/config";

const DATABASE = `till-${config.slug}`;
const OUTBOX = "outbox";

const asPromise = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

let opened = null;

function open() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(OUTBOX, { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

/** Resolves when the entry is on the disk, and not only in memory: a till may lose its power. */
async function write(change) {
  const transaction = (await open()).transaction(OUTBOX, "readwrite", { durability: "strict" });
  change(transaction.objectStore(OUTBOX));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    transaction.onerror = () => reject(transaction.error);
  });
}

/** Entries in the order of their ids, which is that of their making. */
export const entries = {
  put: (entry) => write((objects) => objects.put(entry)),
  delete: (id) => write((objects) => objects.delete(id)),
  async all() {
    const transaction = (await open()).transaction(OUTBOX);
    return asPromise(transaction.objectStore(OUTBOX).getAll());
  },
};

/** Ask the browser to keep what is stored even when space becomes short. */
export const persist = () => navigator.storage?.persist?.().catch(() => false);

const name = (key) => `${DATABASE}.${key}`;

/** A small value under a name; null where there is none or storage is refused. */
export function recall(key) {
  try {
    return JSON.parse(localStorage.getItem(name(key)));
  } catch {
    return null;
  }
}

export function remember(key, value) {
  try {
    if (value === null) localStorage.removeItem(name(key));
    else localStorage.setItem(name(key), JSON.stringify(value));
  } catch {
    // Refused in some private windows: the value then lives as long as the page.
  }
}
