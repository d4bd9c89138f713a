// Cuts the roll to the length of the receipt, and prints at once where ?print=1 asks for it.

const MM_PER_PIXEL = 25.4 / 96;
const LEFT_OVER_MM = 6;

/** A page of 80 mm as long as the receipt: printers then feed no empty paper. */
function cutRoll() {
  const receipt = document.querySelector(".roll .receipt");
  if (!receipt) return;
  const length = Math.ceil(receipt.scrollHeight * MM_PER_PIXEL) + LEFT_OVER_MM;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`@page roll { size: 80mm ${length}mm; margin: 0 }`);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}

await document.fonts.ready;
cutRoll();
if (new URLSearchParams(location.search).get("print") === "1") window.print();
