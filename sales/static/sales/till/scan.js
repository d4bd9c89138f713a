/** What stands in the scan field: a code or words, how many of it, and who typed it. */

import { compare, typed } from "till/decimal";

const STAR = /^\s*(\d+(?:[.,]\d{1,4})?)\s*[*×]\s*(.*)$/s;
const CROSS = /^\s*(\d+(?:[.,]\d{1,4})?)\s*x\s*(.*)$/is;
// A person needs longer for one key; the slowest scanners take about 30 ms.
const SCANNER_MS = 40;

/**
 * {text, quantity, plain}: "3*4006381" is three of 4006381. After "3x", which may also begin a
 * name ("2x4 timber"), `plain` is the whole input and has to be tried first; otherwise it is null.
 */
export function parse(input) {
  const star = STAR.exec(input);
  const match = star ?? CROSS.exec(input);
  const quantity = match && typed(match[1]);
  if (!quantity || compare(quantity, "0") === 0) {
    return { text: input.trim(), quantity: "1", plain: null };
  }
  const text = match[2].trim();
  return { text, quantity, plain: star || text === "" ? null : input.trim() };
}

/** "3*" alone: the code is still to come. */
export const awaitsCode = (input) => /[*×x]\s*$/i.test(input) && parse(input).text === "";

/** Digits enough for a barcode: such a text is no quantity, no amount, and no word. */
export const looksLikeBarcode = (text) => /^\d{7,}$/.test(text.trim());

/** Whether an unknown code may be meant as words to search for. */
export const maybeWords = (text) => !/^\d{4,}$/.test(text) && text.length > 1;

/** The codes of a pasted text: one a line. Null for ordinary text, which is left in the field. */
export function pastedCodes(text) {
  const codes = text.split(/[\r\n\t]+/).map((code) => code.trim()).filter(Boolean);
  if (codes.length > 1) return codes;
  return codes.length === 1 && /\d/.test(codes[0]) && !/\s/.test(codes[0]) ? codes : null;
}

/**
 * Tells scanners from fingers by their pace. `key` is told each keydown: its time is when the key
 * was pressed, also where a busy page hears of it much later.
 */
export function paceMeter() {
  let times = [];
  return {
    key: (event) => event.key.length === 1 && times.push(event.timeStamp),
    reset: () => (times = []),
    isScanner: () => times.length >= 4 && (times.at(-1) - times[0]) / (times.length - 1) < SCANNER_MS,
  };
}

/**
 * Runs `lookup` of several scans at once and `apply` in the order of the scans, one after another;
 * a failing one stops none. `idle()` resolves when all are applied.
 */
export function scanQueue({ lookup, apply }) {
  let tail = Promise.resolve();
  return {
    push(scan) {
      const found = Promise.resolve()
        .then(() => lookup(scan))
        .then((item) => ({ item }), (error) => ({ error }));
      tail = tail.then(async () => apply(scan, await found)).catch((error) => console.error(error));
      return tail;
    },
    idle: () => tail,
  };
}
