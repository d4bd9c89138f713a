/**
 * Keeping a copy of the catalogue by the server's sync: a round of pages, and the healing of holes.
 *
 * A copy that has to begin anew is made beside the one that is whole, and then takes its place. Each
 * page goes into the copy together with its cursor, so that a page that dies anywhere goes on there.
 */

/** What the till copies. Customers are asked for one by one and never kept. */
export const LISTS = [
  "tax_rates", "units", "categories", "brands", "products", "variations", "barcodes", "prices", "stock",
];

const DAY_MS = 24 * 3600 * 1000;
// With more holes than that it is cheaper to begin anew.
const MOST_HOLES = 128;
const BUCKETS = 256;
const MODULUS = 2 ** 48;

/** Of rows that come one by one: the sums that `sync/checksums` has, by bucket. */
export function summing() {
  const sums = new Array(BUCKETS).fill(0);
  return {
    add({ id, version }) {
      const bucket = Number.parseInt(id.slice(-2), 16);
      // Two numbers below 2^48 add up exactly.
      sums[bucket] = (sums[bucket] + Number.parseInt(version, 16)) % MODULUS;
    },
    sums: () => sums.map((one) => one.toString(16)),
  };
}

/** The buckets, as [list, two digits], in which the server has something else. */
export function holes(told, mine) {
  return LISTS.filter((list) => told[list]).flatMap((list) =>
    told[list].sums.flatMap((sum, at) =>
      sum === mine[list][at] ? [] : [[list, at.toString(16).padStart(2, "0")]],
    ),
  );
}

/**
 * `copies` has open() → {whole, fresh}, begin() → an empty copy beside those, and drop(copy). A copy
 * has `meta` {cursor, tag, at, checked, whole}, take(answer, meta), note(meta), sums(list) and
 * refill(list, bucket, rows). `ask` has page(cursor, tag) → {data, tag}, where data is null when
 * nothing is new, sums() and bucket(list, bucket). `told({whole, fresh})` hears of each step, `settings()` when
 * those on the server are others than before.
 */
export function copying({ copies, ask, told, settings = () => {}, now = () => Date.now() }) {
  let whole = null;
  let fresh = null;
  let closed = false;

  const say = () => told({ whole, fresh });

  async function open() {
    ({ whole, fresh } = await copies.open());
    say();
  }

  /** Forget the half-made one; where `all`, the whole one too. */
  async function forget(all) {
    const gone = all ? [whole, fresh] : [fresh];
    fresh = null;
    if (all) whole = null;
    say();
    for (const copy of gone) if (copy) await copies.drop(copy);
  }

  /** Take in one page; whether there are more. */
  async function page(began) {
    const copy = fresh ?? whole;
    const { data, tag } = await ask.page(copy?.meta.cursor ?? "", copy?.meta.tag ?? "");
    if (closed) throw new Error("let go of meanwhile");
    if (data === null) {
      await copy.note({ at: began });
      return false;
    }
    if (data.reset) {
      // What one may see has become less, or is another place's: nothing of it is shown meanwhile.
      await forget(data.reset === "access");
      fresh = await copies.begin();
    }
    const target = fresh ?? whole;
    const meta = { cursor: data.cursor, tag, taken: (target.meta.taken ?? 0) + count(data.rows) };
    if (!data.more) Object.assign(meta, { whole: true, at: began });
    // What has just come is right; the search for holes is for what happens to it on the device.
    if (!data.more && fresh) meta.checked = began;
    await target.take(data, meta);
    if (data.settings && data.reset !== "new") settings();
    if (fresh && !data.more) {
      const before = whole;
      whole = fresh;
      fresh = null;
      if (before) await copies.drop(before);
    }
    say();
    return data.more;
  }

  /** Everything that is new, to the end of the round; then, once a day, the search for holes. */
  async function round() {
    const began = now();
    while (await page(began));
    if (now() - whole.meta.checked > DAY_MS) await check();
    say();
  }

  /** Compare with the server's checksums and fetch what differs; how many buckets that were. */
  async function check() {
    const sums = await ask.sums();
    const mine = {};
    for (const list of LISTS) if (sums[list]) mine[list] = await whole.sums(list);
    const found = holes(sums, mine);
    if (found.length > MOST_HOLES) {
      await forget(true);
      return found.length;
    }
    for (const [list, bucket] of found) {
      await whole.refill(list, bucket, await ask.bucket(list, bucket));
    }
    await whole.note({ checked: now() });
    return found.length;
  }

  /** Let go of the copies; they stay on the device. */
  function close() {
    closed = true;
    for (const copy of [whole, fresh]) copy?.close();
    whole = fresh = null;
  }

  return { open, round, check, forget, close, whole: () => whole };
}

const count = (rows) => Object.values(rows).reduce((sum, some) => sum + some.length, 0);
