/** The till begins here. */

import { render } from "preact";
import { start } from "till/boot";
import { listenToKeys } from "till/commands";
import { config } from "till/config";
import { App } from "till/components/app";
import { enter } from "till/components/scanbar";
import { html } from "till/components/ui";

const root = document.getElementById("till");
root.replaceChildren();
render(html`<${App} />`, root);
listenToKeys(enter);
start();

// A page that was put aside by the browser and comes back may be older than the shift.
globalThis.addEventListener("pageshow", (event) => event.persisted && location.reload());
if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register(config.worker).catch((error) => console.warn(error));
}
