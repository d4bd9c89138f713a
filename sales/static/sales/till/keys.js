/** Which key means what. One table serves the handler, the hints on buttons and the help. */

/** In the order of the help; `text` names the text that says what it does. */
export const KEYS = [
  { key: "F2", action: "scan", text: "key_scan" },
  { key: "Enter", action: null, text: "key_enter" },
  { key: "3*", action: null, text: "key_multiply" },
  { key: "↑ ↓", action: null, text: "key_select" },
  { key: "← →", action: null, text: "key_step" },
  { key: "F6", action: "quantity", text: "key_quantity" },
  { key: "F7", action: "line_discount", text: "key_line_discount" },
  { key: "F3", action: "price", text: "key_price" },
  { key: "Del", action: "remove", text: "key_remove" },
  { key: "F8", action: "sale_discount", text: "key_sale_discount" },
  { key: "F4", action: "customer", text: "key_customer" },
  { key: "F9", action: "pay_cash", text: "key_pay_cash" },
  { key: "F10", action: "pay_card", text: "key_pay_card" },
  { key: "P", action: "print", text: "key_print" },
  { key: "Esc", action: "back", text: "key_back" },
  { key: "?", action: "help", text: "key_help" },
];

const BY_KEY = {
  F1: "help",
  F2: "scan",
  F3: "price",
  F4: "customer",
  F6: "quantity",
  F7: "line_discount",
  F8: "sale_discount",
  F9: "pay_cash",
  F10: "pay_card",
  Escape: "back",
};

// Only where they cannot be meant for a text.
const BY_KEY_WHEN_EMPTY = {
  ArrowUp: "line_up",
  ArrowDown: "line_down",
  ArrowLeft: "less",
  ArrowRight: "more",
  Delete: "remove",
  "?": "help",
};

const IN_RESULTS = { ArrowUp: "result_up", ArrowDown: "result_down", Enter: "result_add" };

/**
 * The action of a key on the selling screen, or null where the browser goes on. `context`:
 * {empty: nothing is typed, results: a list is open that matches what is typed}.
 */
export function actionFor(event, { empty, results }) {
  if (event.isComposing || event.metaKey || event.altKey) return null;
  if (event.ctrlKey) return event.key === "p" ? "print" : null;
  if (results && IN_RESULTS[event.key]) return IN_RESULTS[event.key];
  if (event.shiftKey && event.key !== "?") return null;
  return BY_KEY[event.key] ?? (empty ? (BY_KEY_WHEN_EMPTY[event.key] ?? null) : null);
}

/** The payment method that a function key chooses while paying. */
export const METHOD_KEYS = { F9: "cash", F10: "card", F8: "other", F7: "credit" };

/** Whether a key types something, and so belongs into the scan field. */
export const types = (event) =>
  event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
