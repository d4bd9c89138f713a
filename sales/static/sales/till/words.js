/** How texts are compared when products are looked for: the same way as on the server. */

// No word is told apart beyond this, and no index holds longer ones.
const LONGEST = 40;
// IndexedDB compares texts by units of 16 bits; this is the last of them.
const LAST = "\uffff";

/** Compatible letters, no accents, lower case, one space. */
export function searchForm(text) {
  const plain = text.normalize("NFKD").replace(/\p{Mn}/gu, "").toLowerCase();
  return plain.replace(/ß/g, "ss").replace(/ς/g, "σ").split(/\s+/).filter(Boolean).join(" ");
}

/** The words of texts, as written and in parts: "t-light" is also "t" and "light". */
export function wordsOf(...texts) {
  const whole = searchForm(texts.filter(Boolean).join(" ")).split(" ");
  const parts = whole.flatMap((word) => word.split(/[^\p{L}\p{N}]+/u));
  return [...new Set([...whole, ...parts].filter(Boolean).map((word) => word.slice(0, LONGEST)))];
}

/** The words that are asked for, each to be the beginning of one of an item's. */
export const askedWords = (text) => searchForm(text).split(" ").filter(Boolean).map((word) => word.slice(0, LONGEST));

/** [first, last] of everything that begins with `prefix`. */
export const beginning = (prefix) => [prefix, prefix + LAST];

/** A code as typed, in capitals and in small letters, each once. */
export const cases = (code) => [...new Set([code, code.toUpperCase(), code.toLowerCase()])];
