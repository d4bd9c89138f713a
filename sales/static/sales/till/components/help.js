/** The keys of the till. */

import { KEYS } from "till/keys";
import { t } from "till/text";
import { Dialog, html } from "till/components/ui";

export function Help() {
  return html`<${Dialog} title=${t("keys")} kind="wide">
    <dl class="keys">${KEYS.map((one) => html`<div key=${one.key}><dt><kbd>${one.key}</kbd></dt><dd>${t(one.text)}</dd></div>`)}</dl>
    <footer><button type="button" data-first data-close>${t("close")}</button></footer>
  </${Dialog}>`;
}
