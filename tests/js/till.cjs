"use strict";
/**
 * The till's modules outside a browser: bare names are resolved as the page's import map does it,
 * to data: URLs, because without a package.json old versions of node take a .js file for CommonJS.
 */

const fs = require("node:fs");
const path = require("node:path");

const FOLDER = path.join(__dirname, "../../sales/static/sales/till");
const urls = new Map();

function url(name) {
  if (!urls.has(name)) {
    const source = fs.readFileSync(path.join(FOLDER, `${name}.js`), "utf8");
    const linked = source.replace(/from "till\/([\w/]+)"/g, (_, other) => `from "${url(other)}"`);
    urls.set(name, `data:text/javascript;base64,${Buffer.from(linked).toString("base64")}`);
  }
  return urls.get(name);
}

/** The module of that name; the same one for every asker, as in a page. */
const load = (name) => import(url(name));

/** An item as the API gives it. */
const item = (changes = {}) => ({
  id: "mug",
  name: "Blue mug",
  sku: "MUG-1",
  barcodes: ["5901234123457"],
  price: "5.0000",
  tax_rate: "20.0000",
  tax_inclusive: true,
  unit: "pc",
  allow_decimal: false,
  is_stocked: true,
  stock: "10.0000",
  ...changes,
});

module.exports = { FOLDER, load, item };
