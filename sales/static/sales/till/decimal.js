/** Decimal strings ("12.50") for what the pricing engine leaves open: typing, adding, comparing. */

const PLACES = 4;

/** The number in ten-thousandths. What is no plain decimal of at most four places throws. */
function units(text) {
  const match = /^(-?)(\d+)(?:\.(\d*))?$/.exec(text);
  const decimals = match?.[3]?.replace(/0+$/, "") ?? "";
  if (!match || decimals.length > PLACES) throw new RangeError(`not a decimal: ${text}`);
  const whole = BigInt(match[2] + decimals.padEnd(PLACES, "0"));
  return match[1] ? -whole : whole;
}

function text(value) {
  const sign = value < 0n ? "-" : "";
  const digits = (value < 0n ? -value : value).toString().padStart(PLACES + 1, "0");
  return `${sign}${digits.slice(0, -PLACES)}.${digits.slice(-PLACES)}`.replace(/\.?0+$/, "");
}

export const add = (a, b) => text(units(a) + units(b));
export const subtract = (a, b) => text(units(a) - units(b));
export const compare = (a, b) => (units(a) === units(b) ? 0 : units(a) < units(b) ? -1 : 1);
export const isWhole = (value) => units(value) % 10n ** BigInt(PLACES) === 0n;

/** Without needless zeros: "3.0000" is "3". */
export const trim = (value) => text(units(value));

/** With exactly so many decimals; more than that are kept where they say something. */
export function fixed(value, digits) {
  const [whole, decimals = ""] = trim(value).split(".");
  const kept = decimals.padEnd(digits, "0");
  return kept ? `${whole}.${kept}` : whole;
}

/**
 * What a person typed as a decimal string, or null where it is no number of at most `places`
 * decimals. A comma or a point stands before the decimals: the last one, where both occur.
 */
export function typed(input, places = PLACES) {
  let value = input.replace(/[\s\u00a0\u202f'’]/g, "");
  const mark = Math.max(value.lastIndexOf(","), value.lastIndexOf("."));
  if (value.includes(",") && value.includes(".")) {
    value = value.slice(0, mark).replace(/[.,]/g, "") + "." + value.slice(mark + 1);
  } else value = value.replace(",", ".");
  if (value.startsWith(".")) value = `0${value}`;
  if (!/^\d{1,12}(\.\d*)?$/.test(value)) return null;
  const decimals = value.split(".")[1]?.replace(/0+$/, "") ?? "";
  return decimals.length > places ? null : trim(value);
}
