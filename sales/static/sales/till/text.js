/** Texts in the reader's language, and numbers in the format of the business. */

import { signal } from "@preact/signals";
import { config } from "till/config";
import { fixed, trim } from "till/decimal";

/** The business as the API describes it; set once it has answered. */
export const money_of = signal({ currency: "EUR", digits: 2, cash_step: "0", locale: "en" });

const fill = (text, params) => text.replace(/%\((\w+)\)s/g, (_, name) => String(params[name] ?? ""));

/** The text of that name, with %(name)s filled in. */
export function t(name, params = {}) {
  const text = config.texts[name];
  if (text === undefined) console.error(`no text ${name}`);
  return fill(text ?? name, params);
}

/** A refusal of the pricing engine as a sentence. */
export const problemText = (error) => fill(config.problems[error.code] ?? error.message, error.params);

const locale = () => (money_of.value.locale || "en").replace("_", "-");
const formats = new Map();

function format(options) {
  const key = locale() + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.NumberFormat(locale(), options));
  return formats.get(key);
}

/** With the currency's sign; more decimals than the currency has are shown where they say something. */
export function money(value) {
  const { currency, digits } = money_of.value;
  const text = fixed(value, digits);
  const decimals = text.split(".")[1]?.length ?? 0;
  const options = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return format({ style: "currency", currency, ...options }).format(text);
}

export const quantity = (value) => format({ maximumFractionDigits: 4 }).format(trim(value));

/** As a person would type it into a field: with the decimal mark of the business. */
export function editable(value, digits = null) {
  const text = digits === null ? trim(value) : fixed(value, digits);
  const mark = format({}).formatToParts("1.5").find((part) => part.type === "decimal");
  return text.replace(".", mark?.value ?? ".");
}

/** A date without a time, such as 2027-01-31. */
export const day = (iso) =>
  new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeZone: "UTC" }).format(new Date(`${iso}T00:00Z`));

/** When a copy was right: the time of today, else with its day. */
export function catalogueMoment(at) {
  const moment = new Date(at);
  const zone = money_of.value.time_zone;
  const named = (options) => new Intl.DateTimeFormat(locale(), { ...options, timeZone: zone }).format;
  const day = named({ dateStyle: "short" });
  return named(day(moment) === day(new Date()) ? { timeStyle: "short" } : { dateStyle: "short", timeStyle: "short" })(moment);
}

export function clock(moment, zone) {
  return new Intl.DateTimeFormat(locale(), { timeStyle: "short", timeZone: zone }).format(moment);
}
