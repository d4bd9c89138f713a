/**
 * Receipt numbers of this till's own, for sales that it makes while the server is away.
 *
 * The server gives a series, "HS1-AB", and the till counts in it. A till that does not know how far
 * it had come, because its store was emptied or is an older one, gets another series.
 */

const DIGITS = 6;

/**
 * `store` has get(register) and put(record); `ask({id, register})` answers {prefix, last} from the
 * server; `used()` resolves to the numbers of the sales that wait; `makeId()` makes an id.
 */
export function numbering({ store, ask, used, makeId }) {
  let record = null;

  const counterOf = (number) =>
    number?.startsWith(record.prefix) ? Number(number.slice(record.prefix.length)) : 0;

  async function renew(register) {
    record = { register, id: makeId(), prefix: null, last: 0 };
    // Kept before it is asked for: should the answer be lost, the same series is asked for again.
    await store.put(record);
  }

  async function askForIt() {
    const { prefix, last } = await ask({ id: record.id, register: record.register });
    record = { ...record, prefix };
    return last;
  }

  /** Be ready to number at this register. Throws what `ask` throws where there is no series yet. */
  async function prepare(register) {
    record = await store.get(register);
    if (!record) await renew(register);
    let last = 0;
    try {
      last = await askForIt();
    } catch (error) {
      if (!record.prefix) throw error;
    }
    // A page that died between keeping a sale and keeping its counter: the sale says how far.
    for (const number of await used()) record.last = Math.max(record.last, counterOf(number));
    if (last > record.last) {
      await renew(register);
      await askForIt();
    }
    await store.put(record);
  }

  /** The next number, or null where the till never had a line at this register. */
  function next() {
    if (!record?.prefix) return null;
    record = { ...record, last: record.last + 1 };
    return record.prefix + String(record.last).padStart(DIGITS, "0");
  }

  /** Remember how far it has come; after the sale with the number is kept, so that none is lost. */
  const keep = () => store.put(record);

  return { prepare, next, keep };
}
