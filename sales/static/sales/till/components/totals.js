/** What it comes to, who buys, and the way to the money. */

import { mayAsk } from "till/approval";
import { dispatch } from "till/commands";
import { creditHere } from "till/credit";
import { compare } from "till/decimal";
import * as state from "till/state";
import { money, problemText, quantity, t } from "till/text";
import { Button, Icon, Kbd, Note, html } from "till/components/ui";

const zero = (value) => compare(value, "0") === 0;

export function Totals() {
  const { priced, error } = state.sums.value;
  return html`<aside class="totals" aria-label=${t("totals_label")}>
    <${Extras} />
    <div class="spacer"></div>
    <${Figures} />
    ${error && html`<${Note}>${problemText(error)}</${Note}>`}
    <p class="total"><span>${t("total")}</span><output>${money(priced?.total ?? "0")}</output></p>
    <${PayButtons} />
  </aside>`;
}

/** Customer, discount on the whole sale, note: what a sale may have. */
export function Extras() {
  const { customer, discount, note } = state.cart.value;
  const empty = state.cart.value.lines.length === 0;
  return html`<div class="extras">
    <${Extra} icon="user" action="customer" shortcut="F4" label=${t("customer")} value=${customer && withCredit(customer.name)} hidden=${!state.may("customer.view")} />
    <${Extra} icon="badge-percent" action="sale_discount" shortcut="F8" label=${t("sale_discount")} disabled=${empty}
      value=${discount && (discount.kind === "percent" ? `${quantity(discount.value)}%` : money(discount.value))} hidden=${!mayAsk("sell.discount_whole")} />
    <${Extra} icon="pencil-line" action="note" label=${t("note")} value=${note} />
    <${Extra} icon="trash-2" action="clear" label=${t("clear_ticket")} disabled=${empty} hidden=${!state.may("sell.void_line")} />
  </div>`;
}

/** The name, and what there is to spend. */
function withCredit(name) {
  const amount = creditHere()?.amount ?? "0";
  return zero(amount) ? name : `${name} · ${money(amount)}`;
}

function Extra({ icon, action, shortcut, label, value, disabled, hidden }) {
  if (hidden) return null;
  return html`<button type="button" class=${`extra quiet ${value ? "set" : ""}`} disabled=${disabled} aria-keyshortcuts=${shortcut} onClick=${() => dispatch(action)}>
    <${Icon} name=${icon} /><span>${label}</span>${value ? html`<b>${value}</b>` : shortcut && html`<${Kbd}>${shortcut}</${Kbd}>`}
  </button>`;
}

export function Figures() {
  const { priced } = state.sums.value;
  const tax = state.me.value.business.tax_label;
  return html`<dl class="figures">
    <div><dt>${t("items")}</dt><dd>${priced?.item_count ?? 0}</dd></div>
    <div><dt>${t("subtotal")}</dt><dd>${money(priced?.subtotal ?? "0")}</dd></div>
    ${priced && !zero(priced.line_discount) && html`<div class="muted"><dt>${t("line_discounts")}</dt><dd>−${money(priced.line_discount)}</dd></div>`}
    ${priced && !zero(priced.discount) && html`<div class="off"><dt>${t("sale_discount")}</dt><dd>−${money(priced.discount)}</dd></div>`}
    <div><dt>${tax}</dt><dd>${money(priced?.tax ?? "0")}</dd></div>
  </dl>`;
}

function PayButtons() {
  const unable = !(state.sums.value.priced || state.pending.value.length) || state.busy.value;
  return html`<div class="pay-buttons">
    <${Button} icon="banknote" kind="pay" shortcut="F9" disabled=${unable} onClick=${() => dispatch("pay_cash")}>${t("pay_cash")}</${Button}>
    <${Button} icon="credit-card" kind="secondary pay" shortcut="F10" disabled=${unable} onClick=${() => dispatch("pay_card")}>${t("card")}</${Button}>
  </div>`;
}

/** At the foot of a phone: the total and the way to pay, always in sight. */
export function BottomBar() {
  const { priced } = state.sums.value;
  return html`<div class="paybar">
    <${Button} icon="sliders-horizontal" kind="secondary icon-only" label=${t("ticket_options")} onClick=${() => (state.dialog.value = { name: "ticket" })} />
    <p><small>${t("items_count", { count: priced?.item_count ?? 0 })}</small><output>${money(priced?.total ?? "0")}</output></p>
    <${Button} icon="banknote" kind="pay" disabled=${!priced || state.busy.value} onClick=${() => dispatch("pay_cash")}>${t("pay")}</${Button}>
  </div>`;
}
