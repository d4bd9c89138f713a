/**
 * The copies of the catalogue in IndexedDB: at most two, one whole and one that is being made.
 *
 * A copy is a database of its own, so that taking it away is one step. Its name carries business and
 * register, its `meta` everything that it is bound to.
 */

import { LISTS, summing } from "till/copying";
import { beginning, wordsOf } from "till/words";

const PREFIX = "catalogue.";
const META = "meta";
// So many rows go into a transaction before the page may do something else.
const AT_ONCE = 250;
const BATCH = 1000;

const INDEXES = {
  brands: { words: true },
  products: { words: true, brand: false },
  variations: { words: true, product: false, sku: false },
  barcodes: { variation: false, code: false },
};
const WORDS = {
  brands: ({ name }) => wordsOf(name),
  products: ({ name, sku }) => wordsOf(name, sku),
  variations: ({ name, sku }) => wordsOf(name, sku),
};

// By their buckets, so that one of those is a range.
const keyOf = (id) => id.slice(-2) + id;
const bucketRange = (bucket) => IDBKeyRange.bound(...beginning(bucket));

const asPromise = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

function finished(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error("aborted"));
  });
}

function openDatabase(name) {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore(META);
    for (const list of LISTS) {
      const rows = request.result.createObjectStore(list);
      for (const [index, multiEntry] of Object.entries(INDEXES[list] ?? {})) {
        rows.createIndex(index, index, { multiEntry });
      }
    }
  };
  return asPromise(request);
}

const deleteDatabase = (name) => asPromise(indexedDB.deleteDatabase(name));

/** What the names of a register's copies begin with. */
export const copyName = (slug, register) => `${PREFIX}${slug}.${register}.`;

/** Delete every copy on this device but those whose names `keep` is true of. */
export async function dropCopies(keep = () => false) {
  for (const { name } of await indexedDB.databases()) {
    if (name.startsWith(PREFIX) && !keep(name)) await deleteDatabase(name);
  }
}

/**
 * The copies of one register. `bound` is plain data: what was kept for anything else is deleted.
 * `lost()` is told when another page deletes a copy that is open here. `others(slug, register)`
 * says whether a copy of another register is in use.
 */
export function copiesOf({ slug, register, bound, lost, others = async () => false }) {
  const own = ["a", "b"].map((one) => copyName(slug, register) + one);
  const binding = JSON.stringify(bound);

  async function open() {
    const used = new Set();
    for (const { name } of await indexedDB.databases()) {
      const [its_slug, its_register] = name.slice(PREFIX.length).split(".");
      if (name.startsWith(PREFIX) && (await others(its_slug, its_register))) used.add(name);
    }
    await dropCopies((name) => own.includes(name) || used.has(name));
    const found = { whole: null, fresh: null };
    const there = new Set((await indexedDB.databases()).map(({ name }) => name));
    for (const name of own.filter((one) => there.has(one))) {
      const copy = await opened(name);
      const kind = copy.meta?.binding === binding && (copy.meta.whole ? "whole" : "fresh");
      // Two whole ones: the page died between the new one's end and the old one's. Either is right.
      if (!kind || found[kind]) await drop(copy);
      else found[kind] = copy;
    }
    return found;
  }

  async function opened(name) {
    const database = await openDatabase(name);
    const copy = copyIn(database, name);
    await copy.read();
    database.onversionchange = () => {
      database.close();
      lost();
    };
    return copy;
  }

  async function begin() {
    const there = new Set((await indexedDB.databases()).map(({ name }) => name));
    const copy = await opened(own.find((name) => !there.has(name)));
    await copy.note({ binding, cursor: "", tag: "", whole: false });
    return copy;
  }

  async function drop(copy) {
    copy.close();
    await deleteDatabase(copy.name);
  }

  return { open, begin, drop };
}

function copyIn(database, name) {
  const copy = { name, meta: null, close: () => database.close() };

  copy.read = async () => {
    copy.meta = (await asPromise(database.transaction(META).objectStore(META).get(META))) ?? null;
  };

  /** One transaction: `work` and the new meta, or nothing of both. */
  async function write(lists, meta, work = async () => {}) {
    const next = { ...copy.meta, ...meta };
    const transaction = database.transaction([...lists, META], "readwrite", { durability: "relaxed" });
    const done = finished(transaction);
    try {
      await work((list) => transaction.objectStore(list));
      transaction.objectStore(META).put(next, META);
    } catch (error) {
      done.catch(() => {});
      try {
        transaction.abort();
      } catch {
        // It has ended by itself, and says why: the store is full.
        await done;
      }
      throw error;
    }
    await done;
    copy.meta = next;
  }

  copy.note = (meta) => write([], meta);

  async function putAll(objects, list, rows) {
    const words = WORDS[list];
    for (let at = 0; at < rows.length; at += AT_ONCE) {
      const requests = rows
        .slice(at, at + AT_ONCE)
        .map((row) => objects.put(words ? { ...row, words: words(row) } : row, keyOf(row.id)));
      await asPromise(requests.at(-1));
    }
  }

  copy.take = ({ removed, rows }, meta) =>
    write(LISTS, meta, async (objects) => {
      for (const list of LISTS) {
        for (const id of removed[list] ?? []) objects(list).delete(keyOf(id));
        await putAll(objects(list), list, rows[list] ?? []);
      }
    });

  copy.refill = (list, bucket, rows) =>
    write([list], {}, async (objects) => {
      objects(list).delete(bucketRange(bucket));
      await putAll(objects(list), list, rows);
    });

  copy.sums = async (list) => {
    const total = summing();
    let range = null;
    for (;;) {
      const rows = await asPromise(database.transaction(list).objectStore(list).getAll(range, BATCH));
      rows.forEach(total.add);
      if (rows.length < BATCH) return total.sums();
      range = IDBKeyRange.lowerBound(keyOf(rows.at(-1).id), true);
    }
  };

  copy.count = () => asPromise(database.transaction("variations").objectStore("variations").count());

  /** What `looking` reads, as it is at one moment. */
  copy.rows = () => {
    const transaction = database.transaction(LISTS);
    const index = (list, name) => transaction.objectStore(list).index(name);
    const range = (prefix) => IDBKeyRange.bound(...beginning(prefix));
    return {
      get: (list, id) => asPromise(transaction.objectStore(list).get(keyOf(id))),
      with: (list, name, value, limit) => asPromise(index(list, name).getAll(value, limit)),
      begins: (list, name, prefix, limit) => asPromise(index(list, name).getAll(range(prefix), limit)),
      async ids(list, name, prefix, limit) {
        const keys = await asPromise(index(list, name).getAllKeys(range(prefix), limit));
        return keys.map((key) => key.slice(2));
      },
    };
  };

  return copy;
}
