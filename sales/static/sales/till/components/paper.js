/** The receipt of a sale that waits, drawn here because the server is away. Only paper shows it. */

import { figures } from "till/cart";
import { compare } from "till/decimal";
import * as state from "till/state";
import { money, money_of, quantity, t } from "till/text";
import { html } from "till/components/ui";

export function Paper() {
  const entry = state.paper.value;
  if (!entry || !state.me.value) return null;
  const { business, registers, person } = state.me.value;
  const register = registers.find((one) => one.id === entry.register);
  const { priced, lines } = figures(entry.cart, money_of.value.digits);
  const { payments } = JSON.parse(entry.offline);
  const when = new Date(entry.created).toLocaleString(business.locale.replace("_", "-"), { timeZone: business.time_zone });
  return html`<section class="paper" aria-hidden="true">
    <h1>${business.name}</h1>
    <p>${register?.location.name}<br />${entry.number ?? ""}<br />${when}<br />${register?.name} · ${person.name}</p>
    <table><tbody>${entry.cart.lines.map((line) => html`<tr key=${line.key}>
      <td>${line.item.name}<br /><small>${quantity(line.quantity)} × ${money(line.unit_price ?? line.item.price)}</small></td>
      <td>${money(lines.get(line.key)?.total ?? "0")}</td></tr>`)}</tbody></table>
    <table><tbody>
      <tr class="sum"><th>${t("total")}</th><td>${money(entry.total)}</td></tr>
      ${priced?.taxes.map((tax) => html`<tr key=${tax.rate}><td>${business.tax_label} ${quantity(tax.rate)}%</td><td>${money(tax.tax)}</td></tr>`)}
      ${payments.map(({ method, amount }, index) => html`<tr key=${index}><td>${t(method)}</td><td>${money(amount)}</td></tr>`)}
      ${compare(entry.change, "0") > 0 && html`<tr><td>${t("change")}</td><td>${money(entry.change)}</td></tr>`}
    </tbody></table>
    ${entry.cart.note && html`<p>${entry.cart.note}</p>`}
  </section>`;
}
