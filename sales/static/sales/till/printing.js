/** Receipts on paper: the server's page in a window of its own, or, without a line, from here. */

import * as state from "till/state";

let open = null;

/** Print the receipt at this address. Returns false where the browser refused the window. */
export function printReceipt(address) {
  open?.close();
  const page = new URL(address, location.href);
  page.searchParams.set("print", "1");
  open = window.open(page, "receipt", "popup,width=480,height=720");
  const shown = open;
  // The window's first, empty page may give way to another object: listen on both.
  const closeAfter = () => shown.addEventListener("afterprint", () => shown.close());
  shown?.addEventListener("load", closeAfter);
  if (shown) closeAfter();
  return shown !== null;
}

/** Print the receipt of a sale that waits. It is on this page and shows on paper alone. */
export async function printHere(entry) {
  state.paper.value = entry;
  // The page draws it first.
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  globalThis.print();
}
