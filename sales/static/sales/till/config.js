/** What the page hands over: addresses, texts and formats. */

export const config = JSON.parse(document.getElementById("till-config").textContent);
