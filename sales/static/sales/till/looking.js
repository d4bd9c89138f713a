/**
 * Items out of the till's copy of the catalogue, through its indexes alone.
 *
 * `rows` reads the copy: `get(list, id)` answers a row or undefined, `with(list, index, value)` the
 * rows that have exactly this value, `begins(list, index, prefix, limit)` rows whose value begins
 * so, `ids(list, index, prefix, limit)` only their ids; all as promises.
 */

import { askedWords, cases, wordsOf } from "till/words";

export const MOST_FOUND = 50;
// Of a common word so many are looked at, whatever the catalogue holds.
const MOST_TRIED = 1000;
const AT_ONCE = 50;
// Digits of the shortest code that scanners read: nobody types so many to look for a longer one.
const SCANNED = 6;

/** `image(product)` is the address of a product's picture, `sees_stock` whether stock is known. */
export function looking({ rows, image, sees_stock }) {
  const read = new Map();

  /** The row, read once in one search; null where there is none. */
  function row(list, id) {
    if (!id) return null;
    const key = `${list} ${id}`;
    if (!read.has(key)) read.set(key, rows.get(list, id).then((found) => found ?? null));
    return read.get(key);
  }

  /** The variation as the API shows an item; null where it cannot be sold. */
  async function item(variation) {
    const product = await row("products", variation.product);
    if (!(variation.is_active && product?.is_active && product.is_for_sale)) return null;
    const [rate, unit, category, price, level, barcodes] = await Promise.all([
      product.adds_credit ? null : row("tax_rates", product.tax_rate),
      row("units", product.unit),
      row("categories", product.category),
      row("prices", variation.id),
      row("stock", variation.id),
      rows.with("barcodes", "variation", variation.id),
    ]);
    const is_stocked = product.is_stocked && !product.adds_credit;
    return {
      id: variation.id,
      product: product.id,
      name: variation.name ? `${product.name} – ${variation.name}` : product.name,
      sku: variation.sku,
      barcodes: barcodes.map(({ code }) => code),
      price: (price ?? variation).price,
      tax_rate: rate?.rate ?? "0",
      tax_name: rate?.name ?? "",
      tax_inclusive: product.tax_inclusive,
      unit: unit?.short_name ?? "",
      allow_decimal: unit?.allow_decimal ?? false,
      is_stocked,
      adds_credit: product.adds_credit,
      stock: is_stocked && sees_stock ? (level?.quantity ?? "0") : null,
      category: category?.name ?? null,
      image: product.has_image ? image(product.id) : null,
    };
  }

  const items = async (variations) => (await Promise.all(variations.map(item))).filter(Boolean);
  const variationsOf = async (barcodes) =>
    (await Promise.all(barcodes.map(({ variation }) => row("variations", variation)))).filter(Boolean);
  const flat = async (promises) => (await Promise.all(promises)).flat();

  /** Every item with this barcode or SKU, those with the barcode first. */
  async function withCode(text) {
    const code = text.trim();
    if (!code) return [];
    const [barcodes, variations] = await Promise.all([
      flat(cases(code).map((one) => rows.with("barcodes", "code", one))),
      flat(cases(code).map((one) => rows.with("variations", "sku", one))),
    ]);
    const found = await items(unique([...(await variationsOf(barcodes)), ...variations]));
    const likeness = (one) => (one.barcodes.includes(code) ? 0 : one.sku === code ? 1 : 2);
    return found.sort((a, b) => likeness(a) - likeness(b) || (a.id < b.id ? -1 : 1));
  }

  async function codeBegins(text) {
    const [barcodes, variations] = await Promise.all([
      flat(cases(text).map((one) => rows.begins("barcodes", "code", one, MOST_FOUND))),
      flat(cases(text).map((one) => rows.begins("variations", "sku", one, MOST_FOUND))),
    ]);
    return byName(await items(unique([...(await variationsOf(barcodes)), ...variations])));
  }

  /** {products, variations}: ids of what has a word that begins so, MOST_TRIED of each at most. */
  async function having(word) {
    const [named, variations, brands] = await Promise.all([
      rows.ids("products", "words", word, MOST_TRIED),
      rows.ids("variations", "words", word, MOST_TRIED),
      rows.ids("brands", "words", word, AT_ONCE),
    ]);
    const branded = await flat(brands.map((brand) => rows.with("products", "brand", brand, MOST_TRIED)));
    const products = [...new Set([...named, ...branded.map(({ id }) => id)])];
    return { products, variations: [...new Set(variations)] };
  }

  async function hasAll(variation, words) {
    const product = await row("products", variation.product);
    const brand = await row("brands", product?.brand);
    const own = wordsOf(product?.name, product?.sku, variation.name, variation.sku, brand?.name);
    return words.every((word) => own.some((one) => one.startsWith(word)));
  }

  /** Items with every word, beginning with those that have the rarest one. */
  async function withWords(text) {
    const words = askedWords(text);
    if (!words.length) return [];
    const sources = await Promise.all(words.map(having));
    const rarest = sources.reduce((a, b) => (size(b) < size(a) ? b : a));
    const tried = [
      ...rarest.products.map((id) => () => rows.with("variations", "product", id)),
      ...rarest.variations.map((id) => async () => [await row("variations", id)].filter(Boolean)),
    ].slice(0, MOST_TRIED);
    const found = new Map();
    for (let at = 0; at < tried.length && found.size < MOST_FOUND; at += AT_ONCE) {
      const variations = unique(await flat(tried.slice(at, at + AT_ONCE).map((one) => one())));
      const fits = await Promise.all(variations.map((one) => hasAll(one, words)));
      for (const one of await items(variations.filter((_, n) => fits[n]))) found.set(one.id, one);
    }
    return byName([...found.values()]);
  }

  /** The best item with exactly this code, or null. */
  const byCode = async (text) => (await withCode(text))[0] ?? null;

  /** The best matches: exact codes, then codes that begin so, then items with every word. */
  async function search(asked) {
    const text = asked.trim();
    if (!text) return [];
    const exact = await withCode(text);
    if (exact.length && text.length >= SCANNED && /^\d+$/.test(text)) return exact;
    const found = new Map(exact.map((one) => [one.id, one]));
    for (const more of [codeBegins, withWords]) {
      if (found.size >= MOST_FOUND) break;
      for (const one of await more(text)) if (!found.has(one.id)) found.set(one.id, one);
    }
    return [...found.values()].slice(0, MOST_FOUND);
  }

  return { byCode, search };
}

const size = ({ products, variations }) => products.length + variations.length;
const unique = (variations) => [...new Map(variations.map((one) => [one.id, one])).values()];

function byName(found) {
  const key = (one) => one.name.toLowerCase();
  return found.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : a.id < b.id ? -1 : 1));
}
