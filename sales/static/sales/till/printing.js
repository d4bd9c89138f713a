/** The receipt on paper: its own page in a window, which prints by itself and is then closed. */

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
