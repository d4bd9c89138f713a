/** What keys and buttons ask for, by name; and the keyboard of the selling screen. */

import { mayAsk } from "till/approval";
import { addFromList, clearField, listIsOpen, moveInList, scansDone } from "till/finding";
import { focusScan } from "till/focus";
import { actionFor, types } from "till/keys";
import { beginPayment, forReceipt } from "till/paying";
import { printHere, printReceipt } from "till/printing";
import * as state from "till/state";
import { freshTicket, mayTakeOff, remove, select, step, warn } from "till/ticket";
import { t } from "till/text";

const open = (name, more = {}) => (state.dialog.value = { name, ...more });
// A scan whose item is still being asked for will be the selected line: wait for it.
const forLine = (work) => async () => {
  if (state.pending.value.length) await scansDone();
  if (state.selectedLine.value && !state.dialog.value) work(state.selected.value);
};
const ifMay = (permission, work) => () => (state.may(permission) ? work() : warn(t("not_allowed")));
// What a supervisor approves in the end may be put on the ticket.
const ifMayAsk = (permission, work) => () => (mayAsk(permission) ? work() : warn(t("not_allowed")));

const ACTIONS = {
  scan: () => focusScan(),
  quantity: forLine((key) => open("quantity", { key })),
  line_discount: ifMayAsk("sell.discount", forLine((key) => open("discount", { key }))),
  price: ifMayAsk("sell.price_override", forLine((key) => open("price", { key }))),
  remove: ifMay("sell.void_line", forLine(remove)),
  sale_discount: ifMayAsk("sell.discount_whole", () => state.cart.value.lines.length && open("discount", { key: null })),
  customer: ifMay("customer.view", () => open("customer")),
  note: () => open("note"),
  clear: () => state.cart.value.lines.length && mayTakeOff() && open("clear"),
  pay_cash: () => beginPayment("cash"),
  pay_card: () => beginPayment("card"),
  print: () => (state.done.value?.sale ? print(state.done.value.sale) : printWaiting(state.done.value?.id)),
  help: () => open("help"),
  sales: () => open("sales"),
  close_shift: () => open("close_shift"),
  cash: () => open("cash"),
  waiting: () => open("waiting"),
  line_up: () => select(-1),
  line_down: () => select(1),
  less: forLine((key) => step(key, -1)),
  more: forLine((key) => step(key, 1)),
  result_up: () => moveInList(-1),
  result_down: () => moveInList(1),
  result_add: () => addFromList(),
  back,
};

export const dispatch = (action) => ACTIONS[action]();

function back() {
  if (state.query.value) clearField();
  else if (state.notice.value) state.notice.value = null;
  else state.done.value = null;
}

export function clearTicket() {
  freshTicket();
  state.notice.value = null;
}

/** Print the receipt of a sale, and say so where the browser refuses the window. */
export function print(sale) {
  if (sale && !printReceipt(sale.receipt_url)) warn(t("print_refused"), "warning");
}

/** Print the receipt of a sale that waits: from here, because the server is away. */
export async function printWaiting(id) {
  if (!id) return;
  const entry = await forReceipt(id);
  if (entry) printHere(entry);
  else if (state.done.value?.sale) print(state.done.value.sale);
}

// A "p" after a sale prints, unless it turns out to begin a word or a scanned code.
const PRINT_PAUSE_MS = 350;
let printing = null;

function maybePrint(event) {
  clearTimeout(printing);
  if (!state.done.value || event.key.toLowerCase() !== "p" || state.query.value !== "") return;
  printing = setTimeout(() => {
    if (state.query.value.toLowerCase() !== "p") return;
    clearField();
    dispatch("print");
  }, PRINT_PAUSE_MS);
}

/** The keyboard of the selling screen; `enter` takes what stands in the scan field. */
export function listenToKeys(enter) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || state.phase.value !== "sell") return;
    // What the browser shows counts: it closes a dialog before anyone is told, and keys go on.
    if (document.querySelector("dialog[open]")) return;
    const inField = event.target.matches?.("[data-scan]");
    const elsewhere = !inField && event.target.closest?.("input, textarea, select, summary, details[open]");
    const action = actionFor(event, {
      empty: !elsewhere && state.query.value === "",
      results: inField && listIsOpen(),
    });
    if (action === "result_add") return take(event, enter);
    if (action) return take(event, () => dispatch(action));
    if (elsewhere) return;
    if (event.key === "Enter" && inField) return take(event, enter);
    if (!types(event)) return;
    maybePrint(event);
    // The key itself then lands in the field: nothing typed or scanned is lost.
    if (!inField) focusScan();
  });
  globalThis.addEventListener("focus", focusScan);
}

function take(event, work) {
  event.preventDefault();
  work();
}
