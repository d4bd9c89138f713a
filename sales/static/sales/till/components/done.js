/** After the sale: the change, big; the receipt; and the till is ready for the next scan. */

import { dispatch } from "till/commands";
import { compare } from "till/decimal";
import * as state from "till/state";
import { money, t } from "till/text";
import { Button, Icon, Kbd, Note, html } from "till/components/ui";

export function Done() {
  const { sale, total, change, note, number } = state.done.value;
  const gives = compare(change, "0") > 0;
  // Cash is rounded to coins beside the total.
  const due = sale?.to_pay ?? total;
  return html`<section class="done" aria-label=${t("done_label")}>
    <p class=${`done-mark ${sale ? "" : "waits"}`}><${Icon} name=${sale ? "check" : "cloud-off"} /></p>
    <p class="done-what">${gives ? t("change") : t("paid")}</p>
    <p class="done-amount" data-change>${money(gives ? change : due)}</p>
    ${gives && html`<p class="muted">${t("of_total", { total: money(due) })}</p>`}
    ${sale
      ? html`<p class="done-number">${t("receipt_number", { number: sale.number })}</p>`
      : html`${number && html`<p class="done-number">${t("receipt_number", { number })}</p>`}
        <${Note} level="warning" icon="cloud-off">${number ? t("done_offline") : t("done_waiting")}</${Note}>`}
    ${note && html`<${Note} level="warning" icon="triangle-alert">${note}</${Note}>`}
    <div class="done-buttons">
      ${html`<${Button} icon="printer" kind="secondary" shortcut="P" onClick=${() => dispatch("print")}>${t("print")}</${Button}>`}
      <${Button} kind="quiet" shortcut="Esc" onClick=${() => dispatch("back")}>${t("new_sale")}</${Button}>
    </div>
    <p class="muted done-next"><${Icon} name="scan-barcode" />${t("next_scan")}</p>
  </section>`;
}

export function Ready() {
  return html`<section class="ready">
    <${Icon} name="scan-barcode" />
    <h2>${t("ready")}</h2>
    <p class="muted">${t("ready_hint")}</p>
    <p class="ready-keys"><span><${Kbd}>3*</${Kbd}>${t("key_multiply")}</span><span><${Kbd}>F9</${Kbd}><${Kbd}>Enter</${Kbd}>${t("exact_cash")}</span><span><${Kbd}>?</${Kbd}>${t("key_help")}</span></p>
  </section>`;
}
