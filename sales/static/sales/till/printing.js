/** The receipt on paper: its own page in a window that prints and closes. */

let open = null;

/** Print the receipt at this address. Returns false where the browser refused the window. */
export function printReceipt(address) {
  open?.close();
  open = window.open(address, "receipt", "popup,width=480,height=720");
  if (!open) return false;
  const page = open;
  page.addEventListener("load", () => {
    page.addEventListener("afterprint", () => page.close());
    page.print();
  });
  return true;
}
