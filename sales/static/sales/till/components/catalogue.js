/** How old the till's own copy of the catalogue is; quietly. */

import * as state from "till/state";
import { catalogueMoment, quantity, t } from "till/text";
import { html } from "till/components/ui";

/** "Catalogue of 14:05, 1,204 items", or what stands in its place. */
export function Catalogue({ as = "p" }) {
  const { phase, at, count, taken } = state.catalogue.value;
  if (phase === "none") return null;
  const text = {
    ready: () => t("catalogue_of", { time: catalogueMoment(at), count: quantity(String(count)) }),
    filling: () => t("catalogue_filling", { count: quantity(String(taken)) }),
    refused: () => t("catalogue_refused"),
  }[phase]();
  return html`<${as} class="catalogue" data-catalogue=${phase}>${text}</${as}>`;
}

/** What can be found while the server is away. */
export function offlineText() {
  const { phase, at } = state.catalogue.value;
  return phase === "ready" ? t("offline_copied", { time: catalogueMoment(at) }) : t("offline_text");
}
