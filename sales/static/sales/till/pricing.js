/**
 * What a sale, a payment and a refund come to: the browser's twin of `sales/pricing.py`.
 *
 * The rules, and the reasons for them, stand there. `tests/vectors/pricing/*.json` and a randomised
 * comparison hold the two together: change both or neither.
 *
 * Decimals come in and go out as strings ("12.50"), never as numbers; inside they are BigInt counts
 * of the smallest unit. Objects have the names of the API's JSON. `digits` is the number of
 * decimals of the currency (ISO 4217: JPY 0, EUR 2, KWD 3). Inputs that cannot be priced throw a
 * `PricingError` with the same code, field and message as on the server; a wrong type throws a
 * TypeError.
 */

const PLACES = 4;
const LIMIT = 10n ** 12n;
const MAX_TAX_RATE = 1000n;
const ONE = 10n ** BigInt(PLACES);
const HUNDRED_PERCENT = 100n * ONE;

export const MESSAGES = {
  no_lines: "A sale needs at least one line.",
  not_a_number: "This is not a number.",
  too_large: "This is implausible: more than %(limit)s.",
  too_precise: "At most %(places)s decimal places are possible here.",
  not_positive: "This must be more than zero.",
  negative: "This must not be negative.",
  percent_range: "This must be between 0 and %(limit)s percent.",
  discount_too_large:
    "The discount of %(discount)s is more than the %(limit)s that it applies to.",
  nothing_to_spread: "There is nothing to spread this amount over.",
  underpaid: "%(missing)s is still to be paid.",
  overpaid: "Only cash can be more than what is due: this is %(excess)s too much.",
  cash_step: "Cash is counted in steps of %(step)s.",
  refund_too_large: "Only %(limit)s can still be refunded.",
};

/** An input that cannot be priced, with the field to blame as a path: `lines.2.discount`. */
export class PricingError extends Error {
  constructor(code, field, params = {}) {
    const text = MESSAGES[code].replace(/%\((\w+)\)s/g, (_, name) => String(params[name]));
    super(`${field}: ${text}`);
    this.name = "PricingError";
    this.code = code;
    this.field = field;
    this.params = Object.fromEntries(
      Object.entries(params).map(([name, value]) => [name, String(value)]),
    );
  }
}

/**
 * Price a sale. `lines` are {key, quantity, unit_price, tax_rate, tax_inclusive, discount}; a
 * discount is null or {kind: "fixed" | "percent", value}, and `discount` is the one on the sale.
 */
export function priceSale(lines, { discount = null, digits }) {
  if (lines.length === 0) throw new PricingError("no_lines", "lines");
  checkDigits(digits);
  const drafts = lines.map((line, index) => draftLine(line, `lines.${index}`, digits));
  const subtotal = sum(drafts.map((draft) => draft.amount));
  const shares = spreadOverLines(discountUnits(discount, subtotal, "discount", digits), drafts);
  const priced = drafts.map((draft, index) => finishLine(draft, shares[index], digits));
  const limit = LIMIT * 10n ** BigInt(digits);
  const gross = sum(drafts.map((draft) => draft.gross));
  const total = sum(priced.map((line) => scaled(line.total, "total", digits, null)));
  if (gross > limit || total > limit) throw new PricingError("too_large", "lines", { limit: LIMIT });
  return summarise(priced, { digits });
}

/** Add up lines that are already priced: those of a sale, or the parts of a refund. */
export function summarise(lines, { digits }) {
  const column = (name) => sum(lines.map((line) => scaled(line[name], name, digits, null)));
  const byRate = new Map();
  for (const line of lines) {
    const rate = scaled(line.tax_rate, "tax_rate", PLACES);
    const { net, tax } = byRate.get(rate) ?? { net: 0n, tax: 0n };
    byRate.set(rate, {
      net: net + scaled(line.net, "net", digits, null),
      tax: tax + scaled(line.tax, "tax", digits, null),
    });
  }
  const gross = column("gross");
  const lineDiscount = column("discount");
  const rates = [...byRate].sort(([a], [b]) => compare(a, b));
  return {
    lines,
    gross: money(gross, digits),
    line_discount: money(lineDiscount, digits),
    subtotal: money(gross - lineDiscount, digits),
    discount: money(column("sale_discount"), digits),
    net: money(column("net"), digits),
    tax: money(column("tax"), digits),
    total: money(column("total"), digits),
    taxes: rates.map(([rate, { net, tax }]) => ({
      rate: plain(money(rate, PLACES)),
      net: money(net, digits),
      tax: money(tax, digits),
    })),
    item_count: Number(sum(lines.map((line) => items(line.quantity)))),
    rounding: money(0n, digits),
  };
}

/** Spread `amount` in proportion to `weights`, by largest remainder; the parts sum to it. */
export function allocate(amount, weights, { digits }) {
  checkDigits(digits);
  const units = scaled(amount, "amount", digits);
  const shares = weights.map((weight, index) => notNegative(weight, `weights.${index}`, PLACES));
  if (units !== 0n && sum(shares) === 0n) throw new PricingError("nothing_to_spread", "weights");
  return spread(units, shares).map((part) => money(part, digits));
}

/** Round to the nearest multiple of `step`, half up; a step of zero changes nothing. */
export function cashRound(total, step, { digits }) {
  checkDigits(digits);
  const units = scaled(total, "total", digits);
  return money(toStep(units, notNegative(step, "cash_step", digits)), digits);
}

/**
 * What is missing, or to be given back, when `other` was paid exactly and `cash` handed over.
 * Only what is left for cash is rounded, and nothing where `cash` is null.
 */
export function changeDue(total, { cash, other = "0", digits, cash_step = "0" }) {
  checkDigits(digits);
  const due = notNegative(total, "total", digits);
  const step = notNegative(cash_step, "cash_step", digits);
  const rest = due - notNegative(other, "other", digits);
  if (rest < 0n) throw new PricingError("overpaid", "other", { excess: money(-rest, digits) });
  const given = cash === null ? 0n : notNegative(cash, "cash", digits);
  if (step && given % step) {
    throw new PricingError("cash_step", "cash", { step: money(step, digits) });
  }
  const rounded = cash === null ? rest : toStep(rest, step);
  return {
    rounding: money(rounded - rest, digits),
    missing: money(rounded > given ? rounded - given : 0n, digits),
    change: money(given > rounded ? given - rounded : 0n, digits),
  };
}

/** Check that `tenders` ({kind: "cash" | "other", amount}) pay `total`; how much each paid. */
export function settle(total, tenders, { digits, cash_step = "0" }) {
  checkDigits(digits);
  let cash = null;
  let other = 0n;
  const amounts = tenders.map((tender, index) => {
    const field = `tenders.${index}.amount`;
    const units = notNegative(tender.amount, field, digits);
    if (isCash(tender)) cash = (cash ?? 0n) + units;
    else if (units === 0n) throw new PricingError("not_positive", field);
    else other += units;
    return units;
  });
  const balance = balanceOf(total, cash, other, { digits, cash_step });
  if (scaled(balance.missing, "missing", digits) > 0n) {
    throw new PricingError("underpaid", "tenders", { missing: balance.missing });
  }
  const rounding = scaled(balance.rounding, "rounding", digits);
  let change = scaled(balance.change, "change", digits);
  const applied = amounts.map(() => 0n);
  for (let index = tenders.length - 1; index >= 0; index -= 1) {
    const back = isCash(tenders[index]) ? smaller(change, amounts[index]) : 0n;
    change -= back;
    applied[index] = amounts[index] - back;
  }
  return {
    due: money(scaled(total, "total", digits) + rounding, digits),
    rounding: balance.rounding,
    applied: applied.map((units) => money(units, digits)),
    change: balance.change,
  };
}

/**
 * What `quantity` of a sold line is worth when `refunded` of it came back before: everything
 * returned so far less everything returned before, so that any split sums to the line.
 */
export function refundShare(line, { refunded, quantity, digits, key = "" }) {
  checkDigits(digits);
  const sold = positive(line.quantity, "line.quantity", PLACES);
  const before = notNegative(refunded, "refunded", PLACES);
  const after = before + positive(quantity, "quantity", PLACES);
  if (after > sold) {
    const left = money(sold > before ? sold - before : 0n, PLACES);
    throw new PricingError("refund_too_large", "quantity", { limit: plain(left) });
  }
  const totalSold = notNegative(line.total, "line.total", digits);
  const taxSold = notNegative(line.tax, "line.tax", digits);
  const part = (units) => halfUp(units * after, sold) - halfUp(units * before, sold);
  const taxOf = (total) => (totalSold ? halfUp(taxSold * total, totalSold) : 0n);
  const total = part(totalSold);
  const tax =
    taxOf(halfUp(totalSold * after, sold)) - taxOf(halfUp(totalSold * before, sold));
  const discount = part(notNegative(line.discount, "line.discount", digits));
  const saleDiscount = part(notNegative(line.sale_discount, "line.sale_discount", digits));
  const displayed = line.tax_inclusive ? total : total - tax;
  return {
    key,
    quantity,
    unit_price: line.unit_price,
    gross: money(displayed + discount + saleDiscount, digits),
    discount: money(discount, digits),
    sale_discount: money(saleDiscount, digits),
    net: money(total - tax, digits),
    tax: money(tax, digits),
    total: money(total, digits),
    tax_rate: line.tax_rate,
    tax_inclusive: line.tax_inclusive,
  };
}

function draftLine(line, field, digits) {
  if (typeof line.tax_inclusive !== "boolean") {
    throw new TypeError(`${field}.tax_inclusive: must be true or false`);
  }
  const quantity = positive(line.quantity, `${field}.quantity`, PLACES);
  const unitPrice = notNegative(line.unit_price, `${field}.unit_price`, PLACES);
  const rate = percent(line.tax_rate, `${field}.tax_rate`, MAX_TAX_RATE);
  const scale = 10n ** BigInt(digits);
  const gross = halfUp(quantity * unitPrice * scale, ONE * ONE);
  if (gross > LIMIT * scale) throw new PricingError("too_large", field, { limit: LIMIT });
  const discount = discountUnits(line.discount ?? null, gross, `${field}.discount`, digits);
  return { line, gross, discount, amount: gross - discount, rate };
}

function finishLine({ line, gross, discount, amount, rate }, saleDiscount, digits) {
  const displayed = amount - saleDiscount;
  const divisor = line.tax_inclusive ? HUNDRED_PERCENT + rate : HUNDRED_PERCENT;
  const tax = halfUp(displayed * rate, divisor);
  const net = line.tax_inclusive ? displayed - tax : displayed;
  return {
    key: line.key,
    quantity: line.quantity,
    unit_price: line.unit_price,
    gross: money(gross, digits),
    discount: money(discount, digits),
    sale_discount: money(saleDiscount, digits),
    net: money(net, digits),
    tax: money(tax, digits),
    total: money(net + tax, digits),
    tax_rate: line.tax_rate,
    tax_inclusive: line.tax_inclusive,
  };
}

function discountUnits(discount, base, field, digits) {
  if (discount === null) return 0n;
  if (discount.kind === "percent") {
    return halfUp(base * percent(discount.value, field, 100n), HUNDRED_PERCENT);
  }
  if (discount.kind !== "fixed") throw new TypeError(`${field}: unknown kind ${discount.kind}`);
  const units = notNegative(discount.value, field, digits);
  if (units > base) {
    const params = { discount: money(units, digits), limit: money(base, digits) };
    throw new PricingError("discount_too_large", field, params);
  }
  return units;
}

/** Spread by the lines' amounts, in an order that does not depend on the ticket's. */
function spreadOverLines(units, drafts) {
  const order = drafts.map((_, index) => index);
  const excludesTax = (index) => (drafts[index].line.tax_inclusive ? 0 : 1);
  order.sort(
    (a, b) => compare(drafts[b].rate, drafts[a].rate) || excludesTax(a) - excludesTax(b) || a - b,
  );
  const parts = spread(units, order.map((index) => drafts[index].amount));
  const shares = [];
  order.forEach((index, place) => {
    shares[index] = parts[place];
  });
  return shares;
}

function spread(units, weights) {
  const whole = sum(weights);
  if (units === 0n || whole === 0n) return weights.map(() => 0n);
  const size = magnitude(units);
  const parts = weights.map((weight) => (size * weight) / whole);
  const remainders = weights.map((weight) => (size * weight) % whole);
  const order = weights.map((_, index) => index);
  order.sort(
    (a, b) =>
      compare(remainders[b], remainders[a]) || compare(weights[b], weights[a]) || a - b,
  );
  for (const index of order.slice(0, Number(size - sum(parts)))) parts[index] += 1n;
  return units < 0n ? parts.map((part) => -part) : parts;
}

/** `changeDue` for the tenders of `settle`, whose field is to blame. */
function balanceOf(total, cash, other, { digits, cash_step }) {
  try {
    return changeDue(total, {
      cash: cash === null ? null : money(cash, digits),
      other: money(other, digits),
      digits,
      cash_step,
    });
  } catch (error) {
    if (error instanceof PricingError && ["cash", "other"].includes(error.field)) {
      throw new PricingError(error.code, "tenders", error.params);
    }
    throw error;
  }
}

function isCash(tender) {
  if (tender.kind === "cash") return true;
  if (tender.kind === "other") return false;
  throw new TypeError(`unknown kind of tender ${tender.kind}`);
}

function items(quantity) {
  const units = scaled(quantity, "quantity", PLACES);
  return units % ONE === 0n ? units / ONE : 1n;
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0n);
}

function compare(a, b) {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function smaller(a, b) {
  return a < b ? a : b;
}

function magnitude(value) {
  return value < 0n ? -value : value;
}

/** Divide and round half away from zero; `denominator` is positive. */
function halfUp(numerator, denominator) {
  const rounded = (2n * magnitude(numerator) + denominator) / (2n * denominator);
  return numerator < 0n ? -rounded : rounded;
}

function toStep(units, step) {
  return step ? halfUp(units, step) * step : units;
}

/** The string with exactly `digits` decimals that stands for so many minor units. */
function money(units, digits) {
  const sign = units < 0n ? "-" : "";
  const text = magnitude(units).toString().padStart(digits + 1, "0");
  if (digits === 0) return sign + text;
  return `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

function plain(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function checkDigits(digits) {
  if (!Number.isInteger(digits) || digits < 0 || digits > PLACES) {
    throw new RangeError(`a currency has 0 to ${PLACES} digits, not ${digits}`);
  }
}

/** The number in units of 10^-places, exactly; our own sums pass `null` for no limit. */
function scaled(value, field, places, limit = LIMIT) {
  if (typeof value !== "string") {
    throw new TypeError(`${field}: money and quantities are strings, not ${typeof value}`);
  }
  const match = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(value);
  if (!match) throw new PricingError("not_a_number", field);
  const [, sign, whole, decimals = ""] = match;
  const fraction = decimals.replace(/0+$/, "");
  const exceeds = BigInt(whole) > LIMIT || (BigInt(whole) === LIMIT && fraction !== "");
  if (limit !== null && exceeds) throw new PricingError("too_large", field, { limit });
  if (fraction.length > places) throw new PricingError("too_precise", field, { places });
  const units = BigInt(whole + fraction.padEnd(places, "0"));
  return sign === "-" ? -units : units;
}

function notNegative(value, field, places) {
  const units = scaled(value, field, places);
  if (units < 0n) throw new PricingError("negative", field);
  return units;
}

function positive(value, field, places) {
  const units = scaled(value, field, places);
  if (units <= 0n) throw new PricingError("not_positive", field);
  return units;
}

function percent(value, field, limit) {
  const units = scaled(value, field, PLACES);
  if (units < 0n || units > limit * ONE) throw new PricingError("percent_range", field, { limit });
  return units;
}
