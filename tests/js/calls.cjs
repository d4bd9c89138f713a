"use strict";
/**
 * Calls of the pricing functions as data, as `tests/sales/calls.py` does them in Python.
 *
 * Run by itself it reads a JSON list of {call, args} and writes the list of answers, of the engine
 * or of the file named: this is how the Python tests compare the two on random sales.
 */

const fs = require("node:fs");
const path = require("node:path");

const SOURCE = path.join(__dirname, "../../sales/static/sales/till/pricing.js");

/** Without a package.json, old versions of node take a .js file for CommonJS; a URL says what it is. */
function load(file = SOURCE) {
  const source = fs.readFileSync(file).toString("base64");
  return import(`data:text/javascript;base64,${source}`);
}

function refundSplit(pricing, { line, parts, digits }) {
  const places = (text) => BigInt(text.split(".")[0] + (text.split(".")[1] ?? "").padEnd(4, "0"));
  let before = 0n;
  return parts.map((quantity) => {
    const whole = before.toString().padStart(5, "0");
    const refunded = `${whole.slice(0, -4)}.${whole.slice(-4)}`;
    before += places(quantity);
    return pricing.refundShare(line, { refunded, quantity, digits });
  });
}

const CALLS = {
  price_sale: (p, a) => p.priceSale(a.lines, { discount: a.discount, digits: a.digits }),
  allocate: (p, a) => p.allocate(a.amount, a.weights, { digits: a.digits }),
  cash_round: (p, a) => p.cashRound(a.total, a.step, { digits: a.digits }),
  change_due: (p, a) => p.changeDue(a.total, a),
  settle: (p, a) => p.settle(a.total, a.tenders, a),
  refund_split: refundSplit,
};

/** The result, or the code, field and text of the refusal; anything else is a fault and thrown. */
function answer(pricing, { call, args }) {
  try {
    return { result: CALLS[call](pricing, args) };
  } catch (error) {
    if (!(error instanceof pricing.PricingError)) throw error;
    return { error: { code: error.code, field: error.field, message: error.message } };
  }
}

async function main() {
  const pricing = await load(process.argv[2]);
  const calls = JSON.parse(fs.readFileSync(0, "utf8"));
  process.stdout.write(JSON.stringify(calls.map((call) => answer(pricing, call))));
}

module.exports = { load, answer };
if (require.main === module) main();
