/** What outlives the page: the outbox in IndexedDB, the ticket and choices in localStorage. */

import { config } from "till/config";

const DATABASE = `till-${config.slug}`;
const OUTBOX = "outbox";
// A database of its own: the release before would not open the other one with a newer version.
const NUMBERS = "numbers";

const asPromise = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

const opened = new Map();

function open(name, database, keyPath) {
  if (!opened.has(name)) {
    opened.set(
      name,
      new Promise((resolve, reject) => {
        const request = indexedDB.open(database, 1);
        request.onupgradeneeded = () => request.result.createObjectStore(name, { keyPath });
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      }),
    );
  }
  return opened.get(name);
}

const outbox = () => open(OUTBOX, DATABASE, "id");
const numbers = () => open(NUMBERS, `${DATABASE}-numbers`, "register");

/** Resolves when the entry is on the disk, and not only in memory: a till may lose its power. */
async function write(database, name, change) {
  const transaction = (await database).transaction(name, "readwrite", { durability: "strict" });
  change(transaction.objectStore(name));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error);
    transaction.onerror = () => reject(transaction.error);
  });
}

/** Entries in the order of their ids, which is that of their making. */
export const entries = {
  put: (entry) => write(outbox(), OUTBOX, (objects) => objects.put(entry)),
  delete: (id) => write(outbox(), OUTBOX, (objects) => objects.delete(id)),
  async all() {
    const transaction = (await outbox()).transaction(OUTBOX);
    return asPromise(transaction.objectStore(OUTBOX).getAll());
  },
};

/** How far this till has numbered by itself, by register. */
export const counters = {
  put: (record) => write(numbers(), NUMBERS, (objects) => objects.put(record)),
  async get(register) {
    const transaction = (await numbers()).transaction(NUMBERS);
    return (await asPromise(transaction.objectStore(NUMBERS).get(register))) ?? null;
  },
};

const ITEMS = "items";
const items = () => open(ITEMS, `${DATABASE}-items`, "key");

/** Products that this till has had on a ticket, as they were: {key, register, item}. */
export const seenItems = {
  put: (record) => write(items(), ITEMS, (objects) => objects.put(record)),
  async all() {
    const transaction = (await items()).transaction(ITEMS);
    return asPromise(transaction.objectStore(ITEMS).getAll());
  },
  clear: () => write(items(), ITEMS, (objects) => objects.clear()),
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
