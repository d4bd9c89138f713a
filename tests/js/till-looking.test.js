"use strict";
/** Items out of the copy of the catalogue: by code and by words, through its indexes alone. */

const assert = require("node:assert/strict");
const { test, before } = require("node:test");
const { load } = require("./till.cjs");

let looking;
let words;
before(async () => {
  looking = await load("looking");
  words = await load("words");
});

const id = (n) => `id${String(n).padStart(6, "0")}`;

/** Lists in memory with the indexes of the copy; counts the rows that are read. */
function copy(lists) {
  const count = { read: 0 };
  const all = (list) => lists[list] ?? [];
  const values = (list, row, index) => {
    if (index !== "words") return [row[index]];
    return list === "brands" ? words.wordsOf(row.name) : words.wordsOf(row.name, row.sku);
  };
  const told = (found, limit = Infinity) => {
    const some = found.slice(0, limit);
    count.read += some.length;
    return some;
  };
  const begins = (list, index, prefix, limit) =>
    told(all(list).filter((row) => values(list, row, index).some((one) => one?.startsWith(prefix))), limit);
  const byId = new Map(Object.entries(lists).map(([list, rows]) => [list, new Map(rows.map((row) => [row.id, row]))]));
  const rows = {
    get: async (list, key) => told([byId.get(list)?.get(key)].filter(Boolean))[0],
    with: async (list, index, value, limit) => told(all(list).filter((row) => row[index] === value), limit),
    begins: async (...asked) => begins(...asked),
    ids: async (...asked) => begins(...asked).map((row) => row.id),
  };
  const look = (more = {}) => looking.looking({ rows, image: (key) => `/${key}/`, sees_stock: true, ...more });
  return { look, count };
}

const product = (changes) => ({
  kind: "single", sku: "", category: null, brand: null, unit: null, tax_rate: null, tax_inclusive: true,
  is_stocked: true, is_for_sale: true, adds_credit: false, has_image: false, is_active: true, ...changes,
});
const variation = (changes) => ({ name: "", sku: "", price: "5.00", position: 0, is_active: true, ...changes });

const SHOP = () => ({
  tax_rates: [{ id: "t", name: "VAT 20%", rate: "20" }],
  units: [{ id: "kg", short_name: "kg", allow_decimal: true }],
  categories: [{ id: "c", name: "Kitchen" }],
  brands: [{ id: "b", name: "Ågren & Söhne" }],
  products: [
    product({ id: "p1", name: "Crème t-light", tax_rate: "t", category: "c", brand: "b", has_image: true }),
    product({ id: "p2", name: "Tea", unit: "kg", tax_inclusive: false, sku: "TEAS" }),
    product({ id: "p3", name: "Voucher", adds_credit: true, tax_rate: "t" }),
    product({ id: "p4", name: "Old tea", is_active: false }),
    product({ id: "p5", name: "Raw tea", is_for_sale: false }),
  ],
  variations: [
    variation({ id: "v1", product: "p1", sku: "TL-1", name: "Red" }),
    variation({ id: "v2", product: "p2", sku: "TEA", price: "12.99" }),
    variation({ id: "v3", product: "p3", sku: "V" }),
    variation({ id: "v4", product: "p4", sku: "OLD" }),
    variation({ id: "v5", product: "p5", sku: "RAW" }),
    variation({ id: "v6", product: "p1", sku: "TL-2", name: "Blue", is_active: false }),
  ],
  barcodes: [{ id: "x1", variation: "v1", code: "5901234123457" }, { id: "x2", variation: "v2", code: "V" }],
  prices: [{ id: "v1", price: "4.25" }],
  stock: [{ id: "v2", quantity: "4.5" }],
});

test("an item has everything that pricing needs", async () => {
  const { look } = copy(SHOP());
  assert.deepEqual(await look().byCode("tl-1"), {
    id: "v1", product: "p1", name: "Crème t-light – Red", sku: "TL-1", barcodes: ["5901234123457"],
    price: "4.25", tax_rate: "20", tax_name: "VAT 20%", tax_inclusive: true, unit: "", allow_decimal: false,
    is_stocked: true, adds_credit: false, stock: "0", category: "Kitchen", image: "/p1/",
  });
  const tea = await look().byCode("TEA");
  assert.deepEqual([tea.unit, tea.allow_decimal, tea.stock, tea.tax_rate, tea.tax_inclusive], ["kg", true, "4.5", "0", false]);
  const voucher = (await look().search("vouch"))[0];
  assert.deepEqual([voucher.adds_credit, voucher.tax_rate, voucher.is_stocked, voucher.stock], [true, "0", false, null]);
  assert.equal((await look({ sees_stock: false }).byCode("TEA")).stock, null);
});

test("a barcode counts before another item's SKU, and what is switched off is not there", async () => {
  const { look } = copy(SHOP());
  assert.equal((await look().byCode(" V ")).id, "v2");
  for (const code of ["OLD", "RAW", "TL-2", "", "5901234"]) assert.equal(await look().byCode(code), null, code);
});

test("words are found by their beginnings, without accents, in any order, with the brand", async () => {
  const { look } = copy(SHOP());
  const found = async (text) => (await look().search(text)).map((one) => one.id);
  for (const text of ["creme", "LIGHT cre", "red t-l", "sohne cre", "agren", "tl-", "590123"]) {
    assert.deepEqual(await found(text), ["v1"], text);
  }
  assert.deepEqual(await found("tea"), ["v2"]);
  assert.deepEqual(await found("teas"), ["v2"]);
  for (const text of ["creme tea", "ight", "blue", "&&", "  "]) assert.deepEqual(await found(text), [], text);
  assert.deepEqual(await found("5901234123457"), ["v1"]);
});

test("words as the server compares them", () => {
  assert.equal(words.searchForm("  Straße ①  ＡＢＣ\tÉtude "), "strasse 1 abc etude");
  assert.deepEqual(words.wordsOf("t-light", "", null, "Light").sort(), ["light", "t", "t-light"]);
  assert.deepEqual(words.cases("aB1"), ["aB1", "AB1", "ab1"]);
  assert.deepEqual(words.cases("12"), ["12"]);
});

test("a large catalogue is not read through", async () => {
  const many = 30_000;
  const lists = { products: [], variations: [], barcodes: [] };
  for (let n = 0; n < many; n += 1) {
    lists.products.push(product({ id: `p${id(n)}`, name: `Thing ${n} of oak${n === 777 ? " veneer" : ""}` }));
    lists.variations.push(variation({ id: id(n), product: `p${id(n)}`, sku: `SKU-${n}` }));
    lists.barcodes.push({ id: `b${id(n)}`, variation: id(n), code: String(n).padStart(13, "0") });
  }
  const { look, count } = copy(lists);
  const reads = async (work) => {
    count.read = 0;
    return [await work(), count.read];
  };
  const [item, few] = await reads(() => look().byCode("0000000012345"));
  assert.equal(item.sku, "SKU-12345");
  assert.ok(few < 10, `${few} rows for a code`);
  for (const [text, expected] of [["thing", 50], ["thing veneer", 1], ["oak thing zebra", 0], ["oak thing", 50]]) {
    const [found, read] = await reads(() => look().search(text));
    assert.equal(found.length, expected, text);
    assert.ok(read < 6000, `${read} rows for ${text}`);
  }
});
